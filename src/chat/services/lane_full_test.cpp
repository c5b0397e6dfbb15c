// A store that refuses every commit for a while: what waits for it stays small, and is counted once.

#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

/// As an account's command: not with others in one batch.
class Alone final : public LaneCommand {
 public:
  explicit Alone(std::function<void(std::optional<StoreError>)> done) : done_(std::move(done)) {}
  void stage(LaneContext& /*context*/) override {}
  void finish(LaneContext& /*context*/, std::optional<StoreError> failed) override { done_(failed); }

 private:
  std::function<void(std::optional<StoreError>)> done_;
};

class LaneFull : public LaneTest {
 protected:
  LaneFull() { befriend(alice_id, bob_id); }

  void fill() { store.refuses = StoreError::kFull; }
  /// There is room again, and what waited for it is tried again.
  void make_room() {
    store.refuses.reset();
    clock.advance(std::chrono::milliseconds(100));
    run();
  }
  void say(const Joined& who, const MessageView& last, std::uint64_t position) {
    Confirmation confirmation;
    confirmation.user = who.user;
    confirmation.device = who.device;
    confirmation.connection = who.connection;
    confirmation.position = MailboxSeq(position);
    confirmation.receipts = {{last.sender, last.seq, last.id, last.seq.value}};
    confirmation.messages = 1;
    lane->confirm(std::move(confirmation));
  }

  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
};

TEST_F(LaneFull, ReportsOfUnreadableMessagesWaitAndAreCountedOnce) {
  constexpr int kMessages = 24;
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  for (int i = 0; i < kMessages; ++i) send(alice, bob_id, "x");
  const auto entries = log(bob_id);
  fill();
  for (const auto& row : entries) lane->report_unreadable(row.entry);
  lane->report_unreadable(entries.front().entry);
  lane->run_once();
  EXPECT_LE(store.refused, 4);
  EXPECT_EQ(metrics.messages_unreadable.value(), 0u);
  EXPECT_EQ(metrics.pending_messages.value(), kMessages);
  make_room();
  EXPECT_EQ(metrics.messages_unreadable.value(), static_cast<std::uint64_t>(kMessages));
  EXPECT_EQ(metrics.pending_messages.value(), 0);
  EXPECT_EQ(log(alice_id).size(), static_cast<std::size_t>(kMessages)) << "each is told once";
}

TEST_F(LaneFull, ConfirmationsOfADeviceWaitAsOne) {
  constexpr std::uint64_t kMessages = 10'000;
  options.limits.messages_per_minute = 0;
  restart();
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  std::vector<MessageView> sent;
  for (std::uint64_t i = 0; i < kMessages; ++i) sent.push_back(message(send(alice, bob_id, "x")));
  ASSERT_EQ(metrics.pending_messages.value(), static_cast<std::int64_t>(kMessages));
  fill();
  for (std::uint64_t i = 0; i < kMessages; ++i) say(bob, sent[i], i + 1);
  lane->run_once();
  store.refuses.reset();
  const auto commands = metrics.batch_commands.sum();
  make_room();
  EXPECT_LE(metrics.batch_commands.sum() - commands, 2.0);
  EXPECT_EQ(position(bob), MailboxSeq(kMessages));
  EXPECT_EQ(delivered(alice_id, bob_id)->up_to, sent.back().seq);
  EXPECT_EQ(metrics.messages_delivered.value(), kMessages);
  EXPECT_EQ(metrics.pending_messages.value(), 0);
}

TEST_F(LaneFull, WhatARefusedSendWouldHaveLeftWaitingIsNotCounted) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  send(alice, bob_id, "x");
  fill();
  EXPECT_EQ(code(send(alice, bob_id, "y")), ErrorCode::kStorageFull);
  read(bob, alice_id, 1);
  EXPECT_EQ(metrics.pending_messages.value(), 1);
  EXPECT_EQ(metrics.messages_read.value(), 0u);
  make_room();
  read(bob, alice_id, 1);
  EXPECT_EQ(metrics.messages_read.value(), 1u);
}

TEST_F(LaneFull, WhatHasToBeAloneBehindAWordThatWaitsIsToldWhatItWaitsFor) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  const auto told = [&] {
    std::optional<StoreError> error;
    std::unique_ptr<LaneCommand> alone = std::make_unique<Alone>([&](auto failed) { error = failed; });
    EXPECT_TRUE(lane->submit(alone));
    lane->run_once();
    return error;
  };
  fill();
  say(bob, sent, 1);
  lane->run_once();
  EXPECT_EQ(told(), StoreError::kFull);
  store.refuses = StoreError::kUnavailable;
  EXPECT_EQ(told(), StoreError::kUnavailable);
  store.refuses = StoreError::kUnknown;  // of the word that waits; this one was not tried
  EXPECT_EQ(told(), StoreError::kUnavailable);
  make_room();
  EXPECT_EQ(told(), std::nullopt);
  EXPECT_EQ(position(bob), MailboxSeq(1));
}

}  // namespace
}  // namespace chat::testing
