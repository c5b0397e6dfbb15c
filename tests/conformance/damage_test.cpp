// Rows that were damaged behind the back of a store that keeps them outside of the process: whoever reads names, counts
// and skips them, and nothing behind them waits (I7, I14).

#include <gtest/gtest.h>

#include <map>

#include "chat/services/message_viewer.hpp"
#include "chat/services/pump_fixture.hpp"
#include "lane_on_store.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

using chat::EntryKind;
using chat::MailboxSeq;
using chat::MessageStatus;

using DurableStores = ::testing::Types<RocksDbUnderTest, MongoUnderTest>;

/// A device's socket whose pump reads the store and reports to the lane.
class Device final : public chat::testing::RecordingHost {
 public:
  Device(LaneOnStore& world, const chat::Store& store, const chat::UserId& owner)
      : world_(world), cipher_(random_), owner_(owner), reader_(store, cipher_, [](base::Task task) {
          task();
          return true;
        }) {}

  /// Connected with all of its mailbox unconfirmed, until it has confirmed what it was sent.
  void drain(MailboxSeq head) {
    chat::Attached attached;
    attached.head = head;
    pump_.start(attached, {.seed = 1});
    for (chat::AckNumber acked = 0; woken;) {
      while (std::exchange(woken, false)) pump_.turn();
      for (const auto& [after, entries] : std::exchange(reads, {})) answer(MailboxSeq(after), entries);
      while (acked < ack) pump_.on_ack(++acked, true);
    }
  }
  std::optional<chat::AckNumber> write_entry(const chat::LogItem& item) override {
    shown.push_back(item);
    return RecordingHost::write_entry(item);
  }
  void unreadable(const chat::MailboxEntry& entry) override {
    RecordingHost::unreadable(entry);
    world_.report_unreadable(entry);
  }

  std::vector<chat::LogItem> shown;
  int failed_pages = 0;

 private:
  void answer(MailboxSeq after, std::size_t entries) {
    reader_.read_log(owner_, after, {.entries = entries}, executor_, [this](auto answer) {
      if (auto* const page = std::get_if<chat::LogPage>(&answer)) return pump_.on_page(std::move(*page));
      ++failed_pages;
      pump_.on_page_failed();
    });
    executor_.run();
  }

  LaneOnStore& world_;
  base::SeededRandom random_{1};
  chat::testing::LabelCipher cipher_;
  chat::testing::RoundExecutor executor_;
  chat::UserId owner_;
  chat::HistoryReader reader_;
  chat::PumpSettings settings_;
  chat::Pump pump_{*this, settings_};
};

/// The store is one for all tests of the suite; each has people of its own.
template <class Harness>
class Damage : public StoreSuite<Harness> {
 protected:
  static void SetUpTestSuite() { shared_ = std::make_unique<Harness>(); }
  static void TearDownTestSuite() { shared_.reset(); }
  void SetUp() override {
    StoreSuite<Harness>::SetUp();
    if (this->IsSkipped()) return;
    start();
    ann_ = world_->person();
    bob_ = world_->person();
    eve_ = world_->person();
    befriend(ann_, bob_);
    befriend(eve_, bob_);
    phone_ = world_->join(bob_, "phone");
  }
  void TearDown() override { world_.reset(); }

  void befriend(const chat::UserId& a, const chat::UserId& b) { world_->befriend(a, b); }
  void start() {
    world_ = std::make_unique<LaneOnStore>(store(), ++seed_);
    for (auto& [user, session] : authors_) session.socket.reset();
  }
  chat::Store& store() { return shared_->store(); }
  chat::MessageView send(const chat::UserId& from, const std::string& client_id = "") {
    auto& session = authors_[from];
    if (session.device.value.empty()) {
      session = world_->join(from, "phone");
    } else if (!session.socket) {
      session = world_->join(session);
    }
    return world_->send(session, bob_, client_id);
  }
  chat::Message row(const chat::MessageView& sent) { return *store().message(sent.id).value(); }
  /// Nobody may have the store open while its rows are changed.
  template <class Fn>
  void damage(Fn&& fn) {
    world_.reset();
    fn(*shared_);
    start();
  }
  MailboxSeq head(const chat::UserId& owner) { return store().mailbox_bounds(owner)->head; }
  std::size_t failures_told(const chat::UserId& owner) {
    std::size_t count = 0;
    const auto page = store().read_mailbox(owner, {}, {});
    for (const auto& each : page.value().rows) {
      count += each.entry.kind == EntryKind::kFailed && each.entry.reason == chat::FailureReason::kUnreadable ? 1 : 0;
    }
    return count;
  }

  static inline std::unique_ptr<Harness> shared_;
  static inline std::uint64_t seed_ = 1000;
  std::unique_ptr<LaneOnStore> world_;
  chat::UserId ann_;
  chat::UserId bob_;
  chat::UserId eve_;
  LaneOnStore::Session phone_;
  std::map<chat::UserId, LaneOnStore::Session> authors_;  // without a socket: of an earlier lane
};
TYPED_TEST_SUITE(Damage, DurableStores, StoreNames);

TYPED_TEST(Damage, OfAKeyFailsItsMessagesOnceAndHoldsNobodyUp) {
  const auto lost = this->send(this->ann_);
  for (int i = 0; i < 3; ++i) this->send(this->eve_);
  this->damage([&](auto& under_test) { under_test.damage_key(this->row(lost).content.key); });
  const auto counted = this->store().damaged_rows();
  for (int connection = 0; connection < 2; ++connection) {
    Device device(*this->world_, this->store(), this->bob_);
    device.drain(this->head(this->bob_));
    EXPECT_EQ(device.failed_pages, 0);
    EXPECT_EQ(device.lost.size(), connection == 0 ? 1u : 0u);
    EXPECT_EQ(device.drains.size(), 1u);
    ASSERT_GE(device.shown.size(), 3u);
    for (std::size_t i = 0; i < 3; ++i) EXPECT_EQ(device.shown[i].message->content, "secret");
  }
  EXPECT_EQ(this->failures_told(this->ann_), 1u);
  EXPECT_EQ(this->failures_told(this->eve_), 0u);
  EXPECT_GT(this->store().damaged_rows(), counted);
}

TYPED_TEST(Damage, OfTheNewestWatermarkLeavesTheStatusToTheOthers) {
  const auto read = this->send(this->ann_);
  this->world_->confirm(this->phone_, 1, read);
  this->world_->mark_read(this->phone_, read);
  const auto delivered = this->send(this->ann_);
  this->world_->confirm(this->phone_, 2, delivered);
  this->send(this->eve_);
  const auto newest =
      *this->store().watermark(this->ann_, this->bob_, chat::WatermarkKind::kDelivered, std::nullopt).value();
  ASSERT_EQ(newest.up_to, delivered.seq);
  this->damage([&](auto& under_test) { under_test.damage_watermark(newest); });
  Device device(*this->world_, this->store(), this->bob_);
  device.drain(this->head(this->bob_));
  EXPECT_EQ(device.failed_pages, 0);
  EXPECT_EQ(device.drains.size(), 1u);
  ASSERT_EQ(device.shown.size(), 3u);
  EXPECT_EQ(device.shown[0].message->status, MessageStatus::kRead);
  EXPECT_TRUE(device.shown[0].message->delivered_at);
  EXPECT_EQ(device.shown[1].message->status, MessageStatus::kSent) << "nothing else covers it";
  EXPECT_EQ(device.shown[2].entry.peer, this->eve_);
}

TYPED_TEST(Damage, OfAPeersAccountLeavesItsEntryWithoutAName) {
  chat::CommitBatch batch;
  for (const auto& peer : {this->ann_, this->eve_}) {
    chat::MailboxEntry entry;
    entry.owner = this->bob_;
    entry.position = MailboxSeq(batch.entries.size() + 1);
    entry.kind = EntryKind::kRelation;
    entry.peer = peer;
    batch.entries.push_back(entry);
  }
  this->world_->commit(batch);
  this->damage([&](auto& under_test) { under_test.damage_user(this->ann_); });
  Device device(*this->world_, this->store(), this->bob_);
  device.drain(this->head(this->bob_));
  EXPECT_EQ(device.failed_pages, 0);
  ASSERT_EQ(device.shown.size(), 2u);
  EXPECT_EQ(device.shown[0].peer_name, "");
  EXPECT_EQ(device.shown[1].peer_name, "u" + this->eve_.hex());
}

TYPED_TEST(Damage, OfAPeersAccountHidesNoConversation) {
  this->send(this->ann_);
  this->send(this->eve_);
  this->damage([&](auto& under_test) { under_test.damage_user(this->ann_); });
  base::SeededRandom random(1);
  chat::testing::LabelCipher cipher(random);
  chat::testing::RoundExecutor executor;
  chat::HistoryReader reader(this->store(), cipher, [](base::Task task) {
    task();
    return true;
  });
  std::map<chat::UserId, std::string> names;
  reader.conversations({.user = this->bob_, .login = {}, .device = {}}, executor, [&](auto answer) {
    for (const auto& each : std::get<std::vector<chat::ConversationView>>(answer)) {
      names[each.peer.id] = each.peer.username;
    }
  });
  executor.run();
  EXPECT_EQ(names, (std::map<chat::UserId, std::string>{{this->ann_, ""}, {this->eve_, "u" + this->eve_.hex()}}));
}

TYPED_TEST(Damage, OfAMessageIsToldOnceHoweverOftenItIsRead) {
  this->send(this->ann_);
  const auto lost = this->send(this->ann_, "x");
  for (int i = 0; i < 3; ++i) this->send(this->eve_);
  const auto row = this->row(lost);
  this->damage([&](auto& under_test) { under_test.damage_message(row); });
  for (int connection = 0; connection < 3; ++connection) {
    if (connection == 2) {
      this->start();
      this->phone_ = this->world_->join(this->phone_);
    }
    Device device(*this->world_, this->store(), this->bob_);
    device.drain(this->head(this->bob_));
    EXPECT_EQ(device.lost.size(), connection == 0 ? 1u : 0u);
    EXPECT_EQ(device.drains.size(), 1u);
    EXPECT_EQ(this->failures_told(this->ann_), 1u);
    this->world_->report_unreadable(this->store().read_mailbox(this->bob_, MailboxSeq(1), {}).value().rows[0].entry);
    EXPECT_EQ(this->failures_told(this->ann_), 1u);
    EXPECT_EQ(this->head(this->bob_), MailboxSeq(6)) << "five messages, one removal";
    EXPECT_EQ(this->world_->pending(), 4);
  }
  const auto remains = this->row(lost);
  EXPECT_EQ(remains.sender, row.sender);
  EXPECT_EQ(remains.recipient, row.recipient);
  EXPECT_EQ(remains.seq, row.seq);
  EXPECT_EQ(remains.timestamp, row.timestamp);
  EXPECT_EQ(remains.sender_ordinal, row.sender_ordinal);
  EXPECT_EQ(remains.recipient_ordinal, row.recipient_ordinal);
  EXPECT_EQ(remains.failure, chat::FailureReason::kUnreadable);
  const auto again = this->send(this->ann_, "x");
  EXPECT_EQ(again.id, lost.id) << "a repeat is the same message";
  EXPECT_EQ(again.client_id, "x");
  EXPECT_EQ(again.status, MessageStatus::kFailed);
}

TYPED_TEST(Damage, OfTheNewestMessagesDoesNotGiveTheirNumbersAgain) {
  std::vector<chat::MessageView> sent;
  for (int i = 0; i < 4; ++i) sent.push_back(this->send(this->ann_));
  this->world_->confirm(this->phone_, 4, sent.back());
  this->world_->mark_read(this->phone_, sent.back());
  std::vector<chat::Message> rows;
  for (const auto& each : sent) rows.push_back(this->row(each));
  this->damage([&](auto& under_test) {
    under_test.damage_message(rows[2]);
    under_test.damage_message(rows[3]);
  });
  const auto pair = chat::ConversationKey::of(this->ann_, this->bob_);
  EXPECT_EQ(this->store().newest_number(pair)->value, 4u);
  for (const std::size_t limit : {1u, 2u, 3u}) {
    const auto readable = this->store().history(pair, std::nullopt, limit);
    ASSERT_EQ(readable->size(), std::min<std::size_t>(limit, 2)) << "damaged rows take no place in the answer";
    EXPECT_EQ(readable->front().id, sent[1].id);
  }

  const auto next = this->send(this->ann_);
  EXPECT_EQ(next.seq, chat::ConversationSeq(5));
  const auto stored = this->row(next);
  EXPECT_EQ(stored.sender_ordinal, 5u);
  EXPECT_EQ(stored.recipient_ordinal, 2u) << "either may have written what is lost";
  base::SeededRandom random(1);
  chat::testing::LabelCipher cipher(random);
  EXPECT_EQ(chat::MessageViewer(this->store(), cipher, this->ann_).view(stored)->status, MessageStatus::kSent);
  this->phone_ = this->world_->join(this->phone_);
  this->world_->mark_read(this->phone_, next);
  EXPECT_EQ(chat::MessageViewer(this->store(), cipher, this->ann_).view(stored)->status, MessageStatus::kRead);
}

}  // namespace
}  // namespace conformance
