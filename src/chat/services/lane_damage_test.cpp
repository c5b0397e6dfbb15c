// A row that cannot be read costs what needs it, and nobody else.

#include "chat/services/lane_fixture.hpp"
#include "chat/services/push_done.hpp"

namespace chat::testing {
namespace {

class LaneDamage : public LaneTest {
 protected:
  LaneDamage() {
    befriend(alice_id, bob_id);
    befriend(carol_id, bob_id);
    befriend(alice_id, dave_id);
  }
  /// One of several sends of a round.
  void add(std::deque<Sent>& answers, const Joined& from, const UserId& to) {
    auto& sent = answers.emplace_back();
    lane->send(request(from, to, "text", "id" + std::to_string(answers.size())), executor,
               [&sent](auto answer) { sent = std::move(answer); });
  }
  bool is_sent(const Sent& sent) { return std::holds_alternative<SendAnswer>(sent); }
  /// What a failed commit touched is read again when it is needed.
  void forget(const Joined& from, const UserId& to) {
    store.fail_commit(1, StoreError::kFull);
    EXPECT_EQ(code(send(from, to, "refused")), ErrorCode::kStorageFull);
  }

  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
  UserId carol_id = person("carol");
  UserId dave_id = person("dave");
};

TEST_F(LaneDamage, ADeviceMovesOnWithoutAnAuthorWhoCannotBeTold) {
  const auto alice = join(alice_id, "phone");
  const auto carol_login = login(carol_id, "phone");
  const auto bob_login = login(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  restart();
  const auto bob = join(bob_id, "phone", bob_login);
  const auto carol = join(carol_id, "phone", carol_login);
  store.damaged_devices = {alice_id};
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(position(bob), MailboxSeq(1));
  EXPECT_TRUE(is_sent(send(carol, bob_id, "y")));
}

TEST_F(LaneDamage, ADeviceWhoseOwnRowsCannotBeReadStaysWhereItIsAndTheOthersGoOn) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto carol = join(carol_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  forget(alice, bob_id);
  store.damaged_devices = {bob_id};
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(position(bob), MailboxSeq(0));
  befriend(alice_id, carol_id);
  EXPECT_TRUE(is_sent(send(carol, alice_id, "y")));
  EXPECT_EQ(metrics.commands_damaged.value(), 1u) << "it is not tried again";
  store.damaged_devices = {};
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(position(bob), MailboxSeq(1));
}

TEST_F(LaneDamage, ASendFailsAloneInItsBatch) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto carol = join(carol_id, "phone");
  store.damaged_devices = {dave_id};
  const auto commits = store.synced_commits();
  std::deque<Sent> answers;
  add(answers, carol, bob_id);
  add(answers, alice, dave_id);
  add(answers, bob, carol_id);
  run();
  EXPECT_TRUE(is_sent(answers[0]));
  EXPECT_EQ(code(answers[1]), ErrorCode::kInternal);
  EXPECT_TRUE(is_sent(answers[2]));
  EXPECT_EQ(store.synced_commits(), commits + 1) << "one batch";
  EXPECT_TRUE(is_sent(send(alice, bob_id, "z", "other"))) << "it holds nothing back";
}

/// Stages a row before it reads what is damaged.
class HalfDone final : public LaneCommand {
 public:
  HalfDone(DevicePosition row, ConversationKey needs, std::optional<StoreError>& failed)
      : row_(std::move(row)), needs_(needs), failed_(failed) {}
  [[nodiscard]] bool exclusive() const override { return false; }
  [[nodiscard]] bool stage_again() const override { return true; }
  void stage(LaneContext& context) override {
    context.batch().positions.push_back(row_);
    static_cast<void>(context.relation(needs_));
  }
  void finish(LaneContext& /*context*/, std::optional<StoreError> failed) override { failed_ = failed; }

 private:
  DevicePosition row_;
  ConversationKey needs_;
  std::optional<StoreError>& failed_;
};

TEST_F(LaneDamage, WhatItHadStagedIsNotWrittenAndTheOthersAreStagedAgain) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto pair = ConversationKey::of(carol_id, dave_id);
  store.damaged_relations = {pair};
  std::optional<StoreError> failed;
  std::deque<Sent> answers;
  add(answers, alice, bob_id);
  std::unique_ptr<LaneCommand> half =
      std::make_unique<HalfDone>(DevicePosition{bob_id, bob.device, MailboxSeq(7)}, pair, failed);
  ASSERT_TRUE(lane->submit(half));
  add(answers, bob, alice_id);
  run();
  EXPECT_TRUE(is_sent(answers[0]));
  EXPECT_TRUE(is_sent(answers[1]));
  EXPECT_EQ(failed, StoreError::kCorrupt);
  EXPECT_EQ(position(bob), MailboxSeq(0));
  EXPECT_EQ(log(bob_id).size(), 1u);
}

TEST_F(LaneDamage, AConnectionIsRefused) {
  store.damaged_devices = {dave_id};
  EXPECT_EQ(join(dave_id, "phone", login(dave_id, "phone")).refusal().code, ErrorCode::kInternal);
}

TEST_F(LaneDamage, AnUnreadableMessageFailsThoughItsAuthorCannotBeTold) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  const auto entry = log(bob_id).back().entry;
  forget(alice, bob_id);
  store.damaged_devices = {alice_id};
  lane->report_unreadable(entry);
  run();
  EXPECT_EQ(store.message(sent.id).value()->failure, FailureReason::kUnreadable);
  EXPECT_EQ(log(bob_id).back().entry.kind, EntryKind::kRemoved);
}

TEST_F(LaneDamage, APushThatWasAnsweredIsOwedNoMoreThoughItsDeviceCannotBeRead) {
  PushDone done;
  done.job.user = dave_id;
  done.job.device = DeviceId{"phone"};
  done.job.kind = "fcm";
  done.job.position = MailboxSeq(1);
  CommitBatch batch;
  batch.push_jobs.push_back(done.job);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  store.damaged_devices = {dave_id};
  int settled = 0;
  auto command = push_done_command(std::move(done), [&settled] { ++settled; });
  ASSERT_TRUE(lane->submit(command));
  run();
  EXPECT_EQ(settled, 1);
  EXPECT_TRUE(store.push_jobs(dave_id).value().empty());
}

TEST_F(LaneDamage, ADepartureIsNotLookedIntoForEver) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  forget(alice, bob_id);
  store.damaged_devices = {bob_id};
  leave(bob);
  EXPECT_GE(lane->next_deadline() - clock.steady_now(), std::chrono::seconds(1));
}

TEST_F(LaneDamage, TypingFailsNobodysBatch) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto carol = join(carol_id, "phone");
  lane->typing(alice_id, bob_id, true);
  lane->typing(alice_id, bob_id, false);
  run();
  forget(alice, bob_id);
  store.damaged_relations = {ConversationKey::of(alice_id, bob_id)};
  clock.advance(options.typing_every);
  run();
  EXPECT_TRUE(is_sent(send(carol, bob_id, "x")));
}

}  // namespace
}  // namespace chat::testing
