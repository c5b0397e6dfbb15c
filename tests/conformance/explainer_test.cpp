// "Why is it on one tick?" on every store: a message in each of its states, as a lane left it there.

#include "chat/services/explainer.hpp"

#include <gmock/gmock.h>

#include "chat/services/expiry.hpp"
#include "lane_on_store.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

using chat::DeviceStage;
using chat::MailboxSeq;
using chat::MessageStatus;
using chat::PushOutcome;
using chat::PushStage;
using ::testing::HasSubstr;

const chat::PushAddress kAddress{"fcm", "{}"};

/// The store is one for all tests of the suite, as opening takes longer than a test; each has people of its own.
template <class Harness>
class ExplainerOn : public StoreSuite<Harness> {
 protected:
  static void SetUpTestSuite() { shared_ = std::make_unique<Harness>(); }
  static void TearDownTestSuite() { shared_.reset(); }
  void SetUp() override {
    StoreSuite<Harness>::SetUp();
    if (this->IsSkipped()) return;
    world_ = std::make_unique<LaneOnStore>(store(), ++seed_);
    alice_ = world_->person();
    bob_ = world_->person();
    world_->befriend(alice_, bob_);
    author_ = world_->join(alice_, "phone");
  }

  chat::Store& store() { return shared_->store(); }
  chat::MessageView send() { return world_->send(author_, bob_); }
  chat::MessageStory explain(const chat::MessageView& sent) {
    auto story = chat::Explainer(store()).explain(sent.id);
    if (!story.ok() || !story->has_value()) {
      ADD_FAILURE() << "no story";
      return {};
    }
    EXPECT_EQ((*story)->id, sent.id);
    EXPECT_EQ((*story)->sender, alice_);
    EXPECT_EQ((*story)->recipient, bob_);
    return std::move(**story);
  }
  chat::DeviceStory device(const chat::MessageView& sent, const std::string& id = "phone") {
    for (const auto& each : explain(sent).devices) {
      if (each.device.value == id) return each;
    }
    ADD_FAILURE() << "no device " << id;
    return {};
  }
  std::string verdict(const chat::MessageView& sent) { return explain(sent).verdict; }
  std::vector<chat::MailboxRow> mailbox() { return store().read_mailbox(bob_, {}, {}).value().rows; }

  static inline std::unique_ptr<Harness> shared_;
  static inline std::uint64_t seed_ = 0;
  std::unique_ptr<LaneOnStore> world_;
  chat::UserId alice_;
  chat::UserId bob_;
  LaneOnStore::Session author_;
};
TYPED_TEST_SUITE(ExplainerOn, Stores, StoreNames);

TYPED_TEST(ExplainerOn, KnowsAStoredMessageWhoseRecipientHasNoDeviceAndNoOther) {
  const auto sent = this->send();
  const auto story = this->explain(sent);
  EXPECT_EQ(story.status, MessageStatus::kSent);
  EXPECT_EQ(story.seq, sent.seq);
  EXPECT_EQ(story.stored, sent.timestamp);
  EXPECT_EQ(story.position, MailboxSeq(1));
  EXPECT_TRUE(story.devices.empty());
  EXPECT_THAT(story.verdict, HasSubstr("no device"));
  const auto other = chat::Explainer(this->store()).explain(chat::MessageId{});
  ASSERT_TRUE(other.ok());
  EXPECT_FALSE(*other);
}

TYPED_TEST(ExplainerOn, KnowsQueuedAndConfirmedForEachDeviceAndWhenItWasRead) {
  const auto phone = this->world_->join(this->bob_, "phone");
  this->world_->leave(this->world_->join(this->bob_, "laptop"));
  this->send();
  const auto sent = this->send();
  for (const auto* id : {"phone", "laptop"}) {
    EXPECT_EQ(this->device(sent, id).stage, DeviceStage::kQueued);
    EXPECT_EQ(this->device(sent, id).push, PushStage::kNoAddress);
  }
  EXPECT_EQ(this->explain(sent).position, MailboxSeq(2));
  EXPECT_THAT(this->verdict(sent), HasSubstr("waits for device "));
  EXPECT_THAT(this->verdict(sent), HasSubstr("; and for device "));
  this->world_->clock.advance(std::chrono::seconds(1));
  this->world_->confirm(phone, 2, sent);
  EXPECT_EQ(this->device(sent, "phone").stage, DeviceStage::kConfirmed);
  EXPECT_EQ(this->device(sent, "phone").position, MailboxSeq(2));
  EXPECT_EQ(this->device(sent, "laptop").stage, DeviceStage::kQueued);
  EXPECT_EQ(this->explain(sent).delivered_at, this->world_->clock.wall_now());
  EXPECT_THAT(this->verdict(sent), HasSubstr("not read yet"));
  this->world_->clock.advance(std::chrono::seconds(1));
  this->world_->mark_read(phone, sent);
  EXPECT_EQ(this->explain(sent).status, MessageStatus::kRead);
  EXPECT_EQ(this->explain(sent).read_at, this->world_->clock.wall_now());
  EXPECT_THAT(this->verdict(sent), HasSubstr("read at "));
}

TYPED_TEST(ExplainerOn, KnowsWhatWasWrittenAndNotConfirmedAlsoAfterARestart) {
  const auto bob = this->world_->join(this->bob_, "phone");
  const auto sent = this->send();
  this->world_->clock.advance(std::chrono::seconds(3));
  this->world_->leave(bob, 1);
  this->world_.reset();
  const auto before = this->device(sent);
  this->shared_->reopen();
  const auto device = this->device(sent);
  EXPECT_EQ(device.stage, DeviceStage::kWritten);
  EXPECT_EQ(device.written_at, sent.timestamp + std::chrono::seconds(3));
  EXPECT_EQ(device.written_at, before.written_at);
  EXPECT_THAT(this->verdict(sent), HasSubstr("did not confirm"));
}

TYPED_TEST(ExplainerOn, KnowsWhatBecameOfItsPush) {
  auto bob = this->world_->join(this->bob_, "phone");
  const auto early = this->send();
  this->world_->set_address(bob, kAddress);
  EXPECT_EQ(this->device(early).push, PushStage::kNotOwed);
  const auto sent = this->send();
  EXPECT_EQ(this->device(sent).push, PushStage::kHeld);
  EXPECT_EQ(this->device(sent).push_kind, "fcm");
  this->world_->leave(bob);
  EXPECT_EQ(this->device(sent).push, PushStage::kDue);
  EXPECT_EQ(this->device(sent).push_due, this->world_->clock.wall_now() + chat::LaneOptions().push_grace);
  EXPECT_THAT(this->verdict(sent), HasSubstr("push is due at "));

  this->world_->push_answered(bob, kAddress, PushOutcome::kThrottled, "QUOTA_EXCEEDED");
  auto told = this->device(sent);
  EXPECT_EQ(told.push, PushStage::kAttempted);
  EXPECT_EQ(told.outcome, PushOutcome::kThrottled);
  EXPECT_EQ(told.pushed_at, this->world_->clock.wall_now());
  EXPECT_EQ(told.attempts, 1u);
  EXPECT_TRUE(told.push_due);
  EXPECT_THAT(this->verdict(sent), HasSubstr("throttled"));
  EXPECT_THAT(this->verdict(sent), HasSubstr("(QUOTA_EXCEEDED), next try at "));

  this->world_->push_answered(bob, kAddress, PushOutcome::kAccepted);
  EXPECT_EQ(this->device(sent).outcome, PushOutcome::kAccepted);
  EXPECT_FALSE(this->device(sent).push_due);
  EXPECT_THAT(this->verdict(sent), HasSubstr("push accepted by the provider"));

  const auto newer = this->send();
  EXPECT_EQ(this->device(newer).push, PushStage::kDue);
  this->world_->push_answered(bob, kAddress, PushOutcome::kAddressDead, "UNREGISTERED");
  told = this->device(newer);
  EXPECT_EQ(told.outcome, PushOutcome::kAddressDead);
  EXPECT_EQ(told.detail, "UNREGISTERED");
  EXPECT_EQ(told.push_kind, "");
  EXPECT_FALSE(told.push_due);
  EXPECT_THAT(this->verdict(newer), HasSubstr("push address dead and removed"));
}

TYPED_TEST(ExplainerOn, KnowsTheBlockBehindWhichNoReceiptIsTold) {
  const auto bob = this->world_->join(this->bob_, "phone");
  const auto sent = this->send();
  this->world_->clock.advance(std::chrono::seconds(1));
  this->world_->befriend(this->alice_, this->bob_, true);
  this->world_->start();
  this->world_->confirm(this->world_->join(bob), 1, sent);
  EXPECT_EQ(this->explain(sent).blocked_since, this->world_->clock.wall_now());
  EXPECT_EQ(this->device(sent).stage, DeviceStage::kConfirmed);
  EXPECT_THAT(this->verdict(sent), HasSubstr("across a block"));
}

TYPED_TEST(ExplainerOn, KnowsWhyItFailed) {
  const auto bob = this->world_->join(this->bob_, "phone");
  const auto expired = this->send();
  const auto unreadable = this->send();
  const auto rows = this->mailbox();
  ASSERT_EQ(rows.size(), 2u);
  this->world_->submit(chat::expire_command({this->bob_, {rows[0].entry}, MailboxSeq(1)}, [](bool) {}));
  this->world_->report_unreadable(rows[1].entry);
  EXPECT_EQ(this->explain(expired).status, MessageStatus::kFailed);
  EXPECT_EQ(this->explain(expired).failure, chat::FailureReason::kExpired);
  EXPECT_THAT(this->verdict(expired), HasSubstr("expired"));
  EXPECT_EQ(this->explain(unreadable).failure, chat::FailureReason::kUnreadable);
  EXPECT_THAT(this->verdict(unreadable), HasSubstr("no longer read"));
}

TYPED_TEST(ExplainerOn, KnowsTheDeviceThatItWasGivenUpForAndTheOneThatCameLater) {
  const auto bob = this->world_->join(this->bob_, "phone");
  const auto sent = this->send();
  this->world_->confirm(bob, 1, sent, true);
  EXPECT_EQ(this->device(sent).stage, DeviceStage::kSkipped);
  EXPECT_EQ(this->explain(sent).failure, chat::FailureReason::kSkipped);
  EXPECT_EQ(this->explain(sent).status, MessageStatus::kSent);
  EXPECT_THAT(this->verdict(sent), HasSubstr("given up for the device"));
  this->world_->join(this->bob_, "laptop");
  EXPECT_EQ(this->device(sent, "laptop").stage, DeviceStage::kBegunLater);
  EXPECT_EQ(this->device(sent, "phone").stage, DeviceStage::kSkipped);
}

TYPED_TEST(ExplainerOn, KnowsAMessageWhoseEntryIsTrimmedAndNoneThatWasErased) {
  const auto bob = this->world_->join(this->bob_, "phone");
  const auto sent = this->send();
  const auto last = this->send();
  this->world_->confirm(bob, 2, last);
  chat::CommitBatch trim;
  trim.trims = {{this->bob_, MailboxSeq(2)}};
  this->world_->commit(trim);
  EXPECT_FALSE(this->explain(sent).position);
  EXPECT_EQ(this->explain(last).position, MailboxSeq(2));
  EXPECT_EQ(this->device(sent).stage, DeviceStage::kConfirmed);
  EXPECT_EQ(this->explain(sent).status, MessageStatus::kDelivered);

  chat::CommitBatch recipient;
  recipient.erased_users = {this->bob_};
  this->world_->commit(recipient);
  EXPECT_FALSE(this->explain(sent).recipient_exists);
  EXPECT_TRUE(this->explain(sent).devices.empty());
  chat::CommitBatch messages;
  messages.erased_conversations = {chat::ConversationKey::of(this->alice_, this->bob_)};
  this->world_->commit(messages);
  const auto story = chat::Explainer(this->store()).explain(sent.id);
  ASSERT_TRUE(story.ok());
  EXPECT_FALSE(*story);
}

}  // namespace
}  // namespace conformance
