#include "chat/services/explainer.hpp"

#include <gmock/gmock.h>

#include "chat/services/expiry.hpp"
#include "chat/services/inspector.hpp"
#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

using ::testing::HasSubstr;

class ExplainerTest : public LaneTest {
 protected:
  ExplainerTest() { befriend(alice_id, bob_id); }

  MessageStory explain(const MessageView& sent) { return explainer.explain(sent.id).value().value(); }
  DeviceStory only_device(const MessageView& sent) {
    auto story = explain(sent);
    EXPECT_EQ(story.devices.size(), 1u);
    return story.devices.front();
  }
  void set_address(const UserId& user, std::optional<PushAddress> address) {
    CommitBatch batch;
    auto devices = store.devices(user).value();
    for (auto& device : devices) {
      device.push = address;
      batch.devices.push_back(device);
    }
    ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
    restart();
  }
  void put(const DeviceTrace& trace) {
    CommitBatch batch;
    batch.device_traces.push_back(trace);
    ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  }

  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
  Explainer explainer{store};
};

TEST_F(ExplainerTest, KnowsNothingOfAMessageThatDoesNotExist) {
  EXPECT_FALSE(explainer.explain(MessageId::make(clock.wall_now(), random)).value());
}

TEST_F(ExplainerTest, WhatNoDeviceCanGetWaitsForOne) {
  const auto alice = join(alice_id, "phone");
  const auto sent = message(send(alice, bob_id, "secret"));
  const auto story = explain(sent);
  EXPECT_EQ(story.status, MessageStatus::kSent);
  EXPECT_EQ(story.sender, alice_id);
  EXPECT_EQ(story.recipient, bob_id);
  EXPECT_EQ(story.position, MailboxSeq(1));
  EXPECT_TRUE(story.devices.empty());
  EXPECT_THAT(story.verdict, HasSubstr("no device"));
}

TEST_F(ExplainerTest, QueuedAtItsPositionForADeviceWithoutAddress) {
  const auto alice = join(alice_id, "phone");
  leave(join(bob_id, "phone"));
  send(alice, bob_id, "1");
  const auto sent = message(send(alice, bob_id, "2"));
  EXPECT_EQ(explain(sent).position, MailboxSeq(2));
  const auto device = only_device(sent);
  EXPECT_EQ(device.stage, DeviceStage::kQueued);
  EXPECT_EQ(device.push, PushStage::kNoAddress);
  EXPECT_THAT(explain(sent).verdict, HasSubstr("waits for device phone, last seen "));
}

TEST_F(ExplainerTest, WrittenAndNotConfirmedOnceTheSessionHasEnded) {
  const auto alice = join(alice_id, "phone");
  auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  EXPECT_EQ(only_device(sent).stage, DeviceStage::kQueued);
  bob.written = MailboxSeq(1);
  leave(bob);
  const auto device = only_device(sent);
  EXPECT_EQ(device.stage, DeviceStage::kWritten);
  EXPECT_EQ(device.written_at, clock.wall_now());
  EXPECT_THAT(explain(sent).verdict, HasSubstr("did not confirm"));
}

TEST_F(ExplainerTest, DeliveredAndThenRead) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(only_device(sent).stage, DeviceStage::kConfirmed);
  EXPECT_EQ(explain(sent).delivered_at, clock.wall_now());
  EXPECT_THAT(explain(sent).verdict, HasSubstr("not read yet"));
  clock.advance(std::chrono::seconds(5));
  read(bob, alice_id, 1);
  EXPECT_EQ(explain(sent).read_at, clock.wall_now());
  EXPECT_EQ(explain(sent).status, MessageStatus::kRead);
}

TEST_F(ExplainerTest, ADeviceThatBeganBehindItGetsItFromTheHistory) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  confirm(bob, 1, {receipt(sent)});
  join(bob_id, "laptop");
  const auto story = explain(sent);
  ASSERT_EQ(story.devices.size(), 2u);
  for (const auto& device : story.devices) {
    EXPECT_EQ(device.stage, device.device.value == "laptop" ? DeviceStage::kBegunLater : DeviceStage::kConfirmed);
  }
}

TEST_F(ExplainerTest, APushIsHeldDueOrAttempted) {
  const auto by = login(bob_id, "phone");
  leave(join(bob_id, "phone", by));
  set_address(bob_id, PushAddress{"fcm", "{}"});
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone", by);
  const auto sent = message(send(alice, bob_id, "x"));
  EXPECT_EQ(only_device(sent).push, PushStage::kHeld);
  leave(bob);
  EXPECT_EQ(only_device(sent).push, PushStage::kDue);
  EXPECT_EQ(only_device(sent).push_due, clock.wall_now() + options.push_grace);
  DeviceTrace trace;
  trace.user = bob_id;
  trace.device = bob.device;
  trace.pushed = MailboxSeq(1);
  trace.pushed_at = clock.wall_now();
  for (const auto outcome : {PushOutcome::kAccepted, PushOutcome::kThrottled, PushOutcome::kAddressDead,
                             PushOutcome::kUnavailable, PushOutcome::kServerError, PushOutcome::kLaneStopped}) {
    trace.outcome = outcome;
    trace.detail = "CODE";
    put(trace);
    const auto device = only_device(sent);
    EXPECT_EQ(device.push, PushStage::kAttempted);
    EXPECT_EQ(device.outcome, outcome);
    EXPECT_EQ(device.pushed_at, clock.wall_now());
    EXPECT_THAT(explain(sent).verdict, HasSubstr("push"));
    EXPECT_THAT(explain(sent).verdict, HasSubstr("(CODE)"));
  }
}

TEST_F(ExplainerTest, ABlockIsNamed) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  befriend(alice_id, bob_id, true);
  restart();
  confirm(join(bob_id, "phone", bob.login), 1, {receipt(sent)});
  EXPECT_TRUE(explain(sent).blocked_since);
  EXPECT_THAT(explain(sent).verdict, HasSubstr("block"));
}

TEST_F(ExplainerTest, AFailureIsNamedWithItsReason) {
  const auto alice = join(alice_id, "phone");
  const auto first = message(send(alice, bob_id, "1"));
  const auto second = message(send(alice, bob_id, "2"));
  const auto rows = log(bob_id);
  auto command = expire_command({bob_id, {rows[0].entry}, MailboxSeq(1)}, [](bool) {});
  ASSERT_TRUE(lane->submit(command));
  lane->report_unreadable(rows[1].entry);
  run();
  EXPECT_THAT(explain(first).verdict, HasSubstr("expired"));
  EXPECT_EQ(explain(first).failure, FailureReason::kExpired);
  EXPECT_THAT(explain(second).verdict, HasSubstr("no longer read"));
}

TEST_F(ExplainerTest, FindsAnEntryAmongManyAndAfterTheClockWasSetBack) {
  options.limits.messages_per_minute = 0;
  restart();
  const auto alice = join(alice_id, "phone");
  const auto carol_id = person("carol");
  befriend(carol_id, bob_id);
  const auto carol = join(carol_id, "phone");
  std::vector<MessageView> all;
  for (int i = 0; i < 700; ++i) {
    clock.set_wall(clock.wall_now() + (i == 350 ? -std::chrono::hours(24) : std::chrono::milliseconds(3)));
    all.push_back(message(send(i % 3 == 0 ? carol : alice, bob_id, "x")));
  }
  for (const std::size_t i : {0u, 1u, 255u, 349u, 350u, 351u, 699u}) {
    EXPECT_EQ(explain(all[i]).position, MailboxSeq(i + 1)) << i;
  }
}

TEST_F(ExplainerTest, TheUsersWithMostPendingAreNamedWithTheirOldest) {
  const auto alice = join(alice_id, "phone");
  const auto carol_id = person("carol");
  befriend(alice_id, carol_id);
  const auto first = message(send(alice, carol_id, "1"));
  clock.advance(std::chrono::seconds(9));
  for (int i = 0; i < 12; ++i) send(alice, bob_id, "x");
  Inspector inspector(*lane, store, [](base::Task task) {
    task();
    return true;
  });
  std::vector<PendingUser> users;
  const auto ask = [&](std::size_t top) {
    inspector.pending(top, executor, [&](auto answer) { users = std::get<std::vector<PendingUser>>(answer); });
    run();
  };
  ask(10);
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(users[0].user, bob_id);
  EXPECT_EQ(users[0].pending, 12u);
  EXPECT_EQ(users[1].user, carol_id);
  EXPECT_EQ(users[1].oldest, first.timestamp);
  ask(1);
  EXPECT_EQ(users.size(), 1u);
}

}  // namespace
}  // namespace chat::testing
