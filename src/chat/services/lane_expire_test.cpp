#include "chat/services/expiry.hpp"
#include "chat/services/lane_fixture.hpp"
#include "chat/services/message_viewer.hpp"

namespace chat::testing {
namespace {

class LaneExpire : public LaneTest {
 protected:
  LaneExpire() { befriend(alice_id, bob_id); }

  /// One sweep over everybody; how many messages it ordered to fail.
  std::size_t sweep(std::chrono::seconds life = kLife) { return sweep_at(clock.wall_now(), life); }
  std::size_t sweep_at(WallTime now, std::chrono::seconds life = kLife) {
    reader->begin({.old = now - life, .now = now});
    std::size_t ordered = 0;
    const auto users = store.users_after({}, 100).value();
    for (const auto& user : users) {
      for (auto order = reader->look(user); !order.entries.empty(); order = reader->look(user)) {
        ordered += order.entries.size();
        hand_over(order);
        reader->settled(order);
      }
    }
    return ordered;
  }
  void hand_over(const ExpiryOrder& order) {
    auto command = expire_command(order, [](bool committed) { EXPECT_TRUE(committed); });
    EXPECT_TRUE(lane->submit(command));
    run();
  }
  ExpiryOrder proposed(const UserId& user) {
    reader->begin({.old = clock.wall_now() - kLife, .now = clock.wall_now()});
    return reader->look(user);
  }
  MessageView view(const MessageId& id, const UserId& viewer) {
    MessageViewer viewing(store, cipher, viewer);
    return viewing.view(*store.message(id).value()).value();
  }
  std::optional<FailureReason> failure(const MessageView& sent) { return store.message(sent.id).value()->failure; }
  std::size_t count(const UserId& user, EntryKind kind) {
    std::size_t found = 0;
    for (const auto& row : log(user)) found += row.entry.kind == kind ? 1 : 0;
    return found;
  }
  void live_longer_than_a_message() { clock.advance(kLife + std::chrono::seconds(2)); }

  static constexpr std::chrono::seconds kLife{3600};
  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
  std::optional<ExpirySweep> reader{std::in_place, store};
};

TEST_F(LaneExpire, WhatNobodyConfirmedInTimeFailsInOneCommitAndBothAreTold) {
  const auto alice = join(alice_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  clock.advance(kLife);
  EXPECT_EQ(sweep(), 0u) << "not a second early";
  clock.advance(std::chrono::seconds(1));
  const auto commits = store.synced_commits();
  EXPECT_EQ(sweep(), 1u);
  EXPECT_EQ(store.synced_commits(), commits + 1);
  EXPECT_EQ(failure(sent), FailureReason::kExpired);
  const auto told = log(alice_id).back().entry;
  EXPECT_EQ(told.kind, EntryKind::kFailed);
  EXPECT_EQ(told.reason, FailureReason::kExpired);
  EXPECT_EQ(told.message, sent.id);
  EXPECT_EQ(told.peer, bob_id);
  const auto gap = log(bob_id).back().entry;
  EXPECT_EQ(gap.kind, EntryKind::kRemoved);
  EXPECT_EQ(gap.reason, FailureReason::kExpired);
  EXPECT_EQ(gap.seq, sent.seq);
  EXPECT_EQ(gap.peer, alice_id);
  EXPECT_EQ(metrics.messages_expired.value(), 1u);
  EXPECT_EQ(metrics.pending_messages.value(), 0);
  EXPECT_EQ(sweep(), 0u) << "once";
  EXPECT_EQ(log(alice_id).size(), 1u);
}

TEST_F(LaneExpire, TheAuthorKeepsTheTextAndTheRecipientIsNotShownIt) {
  const auto alice = join(alice_id, "phone");
  const auto sent = message(send(alice, bob_id, "secret"));
  live_longer_than_a_message();
  sweep();
  EXPECT_EQ(view(sent.id, alice_id).content, "secret");
  EXPECT_EQ(view(sent.id, alice_id).status, MessageStatus::kFailed);
  EXPECT_EQ(view(sent.id, alice_id).failure, FailureReason::kExpired);
  EXPECT_EQ(view(sent.id, bob_id).content, "");
  EXPECT_EQ(view(sent.id, bob_id).status, MessageStatus::kFailed);
}

TEST_F(LaneExpire, WhatWasConfirmedByAnyDeviceOrReadDoesNotExpire) {
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  join(bob_id, "laptop");
  const auto confirmed = message(send(alice, bob_id, "1"));
  const auto seen = message(send(alice, bob_id, "2"));
  const auto waiting = message(send(alice, bob_id, "3"));
  confirm(phone, 1, {receipt(confirmed)});
  read(phone, alice_id, 2);
  live_longer_than_a_message();
  EXPECT_EQ(sweep(), 1u);
  EXPECT_FALSE(failure(confirmed));
  EXPECT_FALSE(failure(seen));
  EXPECT_EQ(failure(waiting), FailureReason::kExpired);
}

TEST_F(LaneExpire, AConfirmationThatIsCommittedBeforeTheOrderWins) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  live_longer_than_a_message();
  const auto order = proposed(bob_id);
  ASSERT_EQ(order.entries.size(), 1u);
  confirm(bob, 1, {receipt(sent)});
  hand_over(order);
  EXPECT_FALSE(failure(sent));
  EXPECT_TRUE(delivered(alice_id, bob_id));
  EXPECT_EQ(count(alice_id, EntryKind::kFailed), 0u);
}

TEST_F(LaneExpire, AReadThatIsCommittedBeforeTheOrderWins) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  live_longer_than_a_message();
  const auto order = proposed(bob_id);
  read(bob, alice_id, 1);
  hand_over(order);
  EXPECT_FALSE(failure(sent));
}

TEST_F(LaneExpire, AConfirmationThatComesLateMovesThePositionAndMakesNoReceipt) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  live_longer_than_a_message();
  sweep();
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(position(bob), MailboxSeq(1));
  EXPECT_FALSE(delivered(alice_id, bob_id));
  EXPECT_EQ(failure(sent), FailureReason::kExpired);
  EXPECT_EQ(count(alice_id, EntryKind::kStatus), 0u);
}

TEST_F(LaneExpire, ALateConfirmationOfOldAndNewSpeaksOnlyOfWhatDidNotExpire) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto old = message(send(alice, bob_id, "old"));
  live_longer_than_a_message();
  const auto fresh = message(send(alice, bob_id, "fresh"));
  sweep();
  confirm(bob, 2, {receipt(fresh)});
  ASSERT_TRUE(delivered(alice_id, bob_id));
  EXPECT_EQ(delivered(alice_id, bob_id)->newest_covered, fresh.id);
  EXPECT_EQ(view(fresh.id, alice_id).status, MessageStatus::kDelivered);
  EXPECT_EQ(view(old.id, alice_id).status, MessageStatus::kFailed) << "a watermark above it changes nothing";
  EXPECT_EQ(metrics.pending_messages.value(), 0);
}

TEST_F(LaneExpire, APositionThatAClientBringsAlongMakesNoReceiptForIt) {
  const auto alice = join(alice_id, "phone");
  const auto by = login(bob_id, "phone");
  const auto bob = join(bob_id, "phone", by);
  const auto sent = message(send(alice, bob_id, "x"));
  leave(bob);
  live_longer_than_a_message();
  sweep();
  const auto back = join(bob_id, "phone", by, ResumePoint{bob.attached().epoch, MailboxSeq(1)});
  EXPECT_TRUE(back.attached().recovered);
  EXPECT_EQ(position(back), MailboxSeq(1));
  EXPECT_FALSE(delivered(alice_id, bob_id));
  EXPECT_EQ(failure(sent), FailureReason::kExpired);
}

TEST_F(LaneExpire, ALivePumpHearsOfItWithTheEntryItself) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  live_longer_than_a_message();
  sweep();
  const auto& item = bob.session->hints.back().item;
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->entry.kind, EntryKind::kRemoved);
  EXPECT_EQ(item->entry.message, sent.id);
}

TEST_F(LaneExpire, OnAnotherNodeItIsHeardOfHereBeforeAConfirmationCounts) {
  store.among_others = true;
  start();
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  live_longer_than_a_message();
  base::Registry its_registry;
  LaneMetrics its_metrics{its_registry};
  Lane elsewhere(LaneParts{store, cipher, presence, clock, random, its_metrics}, options);
  auto command = expire_command(proposed(bob_id), [](bool committed) { EXPECT_TRUE(committed); });
  ASSERT_TRUE(elsewhere.submit(command));
  while (elsewhere.run_once()) continue;
  ASSERT_EQ(failure(sent), FailureReason::kExpired);
  auto& heard = store.others.batches.emplace_back();
  heard.conversations.push_back(
      ConversationKey::of(alice_id, bob_id));  // of a message that is marked (batch_digest.cpp)
  heard.heads = {{alice_id, log(alice_id).back().entry.position}, {bob_id, log(bob_id).back().entry.position}};
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(position(bob), MailboxSeq(1));
  EXPECT_FALSE(delivered(alice_id, bob_id)) << "the author hears that it failed, and nothing else";
}

TEST_F(LaneExpire, AMailboxIsWorkedOffInOrdersAndARestartFindsTheRest) {
  options.limits.messages_per_minute = 0;
  restart();
  const auto alice = join(alice_id, "phone");
  for (int i = 0; i < 100; ++i) send(alice, bob_id, "x");
  live_longer_than_a_message();
  const auto order = proposed(bob_id);
  EXPECT_EQ(order.entries.size(), ExpirySweep::kOrderEntries);
  hand_over(order);
  restart();
  reader.emplace(store);
  EXPECT_EQ(sweep(), 100 - ExpirySweep::kOrderEntries);
  EXPECT_EQ(count(bob_id, EntryKind::kRemoved), 100u);
}

TEST_F(LaneExpire, WhatIsStampedInTheFutureWaitsAndHoldsNothingElseUp) {
  const auto alice = join(alice_id, "phone");
  const auto right = clock.wall_now();
  clock.set_wall(right + std::chrono::hours(24 * 365));
  const auto ahead = message(send(alice, bob_id, "stamped a year ahead"));
  clock.set_wall(right);
  const auto sent = message(send(alice, bob_id, "stamped right"));
  live_longer_than_a_message();
  EXPECT_EQ(sweep(), 1u);
  EXPECT_EQ(failure(sent), FailureReason::kExpired);
  EXPECT_FALSE(failure(ahead));
  EXPECT_EQ(sweep_at(right + std::chrono::hours(24 * 366)), 1u) << "it is not forgotten";
  EXPECT_EQ(failure(ahead), FailureReason::kExpired);
}

TEST_F(LaneExpire, ANewNodeWhoseClockIsAheadExpiresNothingOfAStoreThatOthersShare) {
  struct Asked final : SharedClock {
    [[nodiscard]] std::optional<WallTime> shared_now() const override { return now; }
    WallTime now;
  } shared;
  struct Nothing final : WitnessStore {
    [[nodiscard]] std::optional<TimeWitness> load() override { return std::nullopt; }
    void save(const TimeWitness& /*witness*/) override {}
  } witness;
  const auto alice = join(alice_id, "phone");
  const auto sent = message(send(alice, bob_id, "fresh"));
  shared.now = clock.wall_now();
  base::ManualClock ahead(clock.wall_now() + 2 * kLife);
  ExpiryTime its_time(kLife, ahead, &shared, witness);
  EXPECT_EQ(sweep_at(*its_time.read()), 0u);
  EXPECT_FALSE(failure(sent));
  ExpiryTime alone(kLife, ahead, nullptr, witness);
  EXPECT_EQ(sweep_at(*alone.read()), 1u) << "or there was nothing to spare";
}

TEST_F(LaneExpire, TheOldestThatWaitsIsKnown) {
  const auto alice = join(alice_id, "phone");
  const auto carol = person("carol");
  befriend(alice_id, carol);
  sweep();
  EXPECT_FALSE(reader->oldest());
  const auto first = clock.wall_now();
  send(alice, carol, "older");
  clock.advance(std::chrono::minutes(10));
  send(alice, bob_id, "younger");
  sweep();
  ASSERT_TRUE(reader->oldest());
  EXPECT_LE(*reader->oldest() - first, std::chrono::seconds(1));
}

TEST_F(LaneExpire, NobodyIsToldAfterTheAuthorIsGone) {
  const auto alice = join(alice_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  CommitBatch batch;
  batch.erased_users.push_back(alice_id);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  restart();
  live_longer_than_a_message();
  sweep();
  EXPECT_EQ(failure(sent), FailureReason::kExpired);
  EXPECT_TRUE(log(alice_id).empty());
  EXPECT_EQ(count(bob_id, EntryKind::kRemoved), 1u);
}

TEST_F(LaneExpire, AFailedCommitLeavesEverythingAsItWas) {
  const auto alice = join(alice_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  live_longer_than_a_message();
  const auto order = proposed(bob_id);
  store.fail_commit(1, StoreError::kUnknown);
  bool committed = true;
  auto command = expire_command(order, [&](bool done) { committed = done; });
  ASSERT_TRUE(lane->submit(command));
  run();
  EXPECT_FALSE(committed);
  EXPECT_FALSE(failure(sent));
  EXPECT_EQ(sweep(), 1u);
  EXPECT_EQ(failure(sent), FailureReason::kExpired);
}

TEST(Expiry, SweepsTenTimesInALifeWithinBounds) {
  using std::chrono::milliseconds;
  EXPECT_EQ(Expiry::interval(std::chrono::seconds(1)), milliseconds(200));
  EXPECT_EQ(Expiry::interval(std::chrono::seconds(100)), milliseconds(10'000));
  EXPECT_EQ(Expiry::interval(std::chrono::hours(24 * 30)), std::chrono::hours(1));
  EXPECT_EQ(Expiry::interval(std::chrono::seconds(0)), std::chrono::hours(1));
}

}  // namespace
}  // namespace chat::testing
