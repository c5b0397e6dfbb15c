#include "chat/services/push_fixture.hpp"

namespace chat::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

class LanePush : public PushTest {
 protected:
  void silence(const Joined& who, bool silent, std::uint64_t written = 0) {
    lane->set_silent(who.user, who.connection, silent, MailboxSeq(written));
    run();
  }
};

TEST_F(LanePush, AMessageOwesAPushToEachDeviceWithAnAddressInItsOwnCommit) {
  away(bob_id, "phone");
  leave(join(bob_id, "laptop"));
  const auto alice = join(alice_id, "phone");
  const auto commits = store.commits();
  const auto sent = message(send(alice, bob_id, "x"));
  EXPECT_EQ(store.commits(), commits + 1);
  const auto made = job(bob_id, "phone");
  ASSERT_TRUE(made);
  EXPECT_EQ(made->kind, "fcm");
  EXPECT_EQ(made->position, MailboxSeq(1));
  EXPECT_EQ(made->message, sent.id);
  EXPECT_EQ(made->due, clock.wall_now() + seconds(10));
  EXPECT_EQ(made->expires, sent.timestamp + hours(24 * 30));
  EXPECT_EQ(made->attempts, 0u);
  EXPECT_FALSE(job(bob_id, "laptop"));
  EXPECT_EQ(metrics.push_jobs.value(), 1);
}

TEST_F(LanePush, WithoutAddressesAMessageCostsNoRowAndNoRead) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  send(alice, bob_id, "warm");
  const auto commits = store.commits();
  const auto reads = store.reads();
  const auto sent = message(send(alice, bob_id, "x"));
  EXPECT_EQ(store.commits(), commits + 1);
  EXPECT_EQ(store.reads(), reads);
  confirm(bob, 2, {receipt(sent)});
  leave(bob);
  EXPECT_EQ(store.commits(), commits + 2) << "a session that has confirmed everything goes without a trace";
  EXPECT_TRUE(store.push_jobs_after({}, {}, 10).value().empty());
  EXPECT_EQ(trace(bob_id, "phone").written, MailboxSeq());
}

TEST_F(LanePush, AnAddressThatIsTakenBackTakesItsJobOutOfTheCount) {
  away(bob_id, "phone");
  const auto alice = join(alice_id, "phone");
  send(alice, bob_id, "x");
  ASSERT_EQ(metrics.push_jobs.value(), 1);
  set_address(bob_id, "phone", std::nullopt);
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_EQ(metrics.push_jobs.value(), 0);
  set_address(bob_id, "phone", std::nullopt);
  EXPECT_EQ(metrics.push_jobs.value(), 0) << "there was none any more";
}

TEST_F(LanePush, ADeviceThatPassesToAnotherSessionHasNoAddressAnyMore) {
  const auto gone = away(bob_id, "watch");
  send(join(alice_id, "phone"), bob_id, "x");
  ASSERT_TRUE(job(bob_id, "watch"));
  CommitBatch batch;
  batch.erased_logins.push_back(gone.login);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  const auto next = join(bob_id, "watch", login(bob_id, "phone"));
  EXPECT_FALSE(address(bob_id, "watch"));
  EXPECT_FALSE(job(bob_id, "watch"));
  EXPECT_EQ(metrics.push_jobs.value(), 0);
  send(join(alice_id, "phone"), bob_id, "y");
  leave(next);
  EXPECT_FALSE(job(bob_id, "watch")) << "nor in what the lane remembers";
}

TEST_F(LanePush, WhatASessionLeavesBehindThatGoesWithItsOwnDeviceHasNoAddressAnyMore) {
  options.limits.devices_per_user = 2;
  restart_all();
  const auto own = join(bob_id, "phone");
  leave(own);
  clock.advance(seconds(1));
  const auto beside = join(bob_id, "watch", own.login);
  set_address(bob_id, "watch", PushAddress{"fcm", "token"});
  leave(beside);
  const auto alice = join(alice_id, "phone");
  send(alice, bob_id, "x");
  ASSERT_TRUE(job(bob_id, "watch"));
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob_id, "laptop").answer)) << "the phone makes room";
  EXPECT_FALSE(store.login(own.login).value());
  EXPECT_FALSE(address(bob_id, "watch"));
  EXPECT_FALSE(job(bob_id, "watch"));
  send(alice, bob_id, "y");
  EXPECT_FALSE(job(bob_id, "watch"));
  EXPECT_EQ(metrics.push_jobs.value(), 0);
}

TEST_F(LanePush, ANewerMessageOnlyMovesTheJob) {
  away(bob_id, "phone");
  const auto alice = join(alice_id, "phone");
  send(alice, bob_id, "1");
  const auto first = job(bob_id, "phone");
  clock.advance(seconds(4));
  const auto newer = message(send(alice, bob_id, "2"));
  const auto moved = job(bob_id, "phone");
  EXPECT_EQ(moved->position, MailboxSeq(2));
  EXPECT_EQ(moved->message, newer.id);
  EXPECT_EQ(moved->due, first->due);
  EXPECT_GT(moved->expires, first->expires);
  EXPECT_EQ(metrics.push_jobs.value(), 1);
}

TEST_F(LanePush, WhileTheDeviceConfirmsTheJobIsHeldAndTheConfirmationEndsIt) {
  const auto phone = away(bob_id, "phone");
  const auto bob = join(bob_id, "phone", phone.login);
  const auto alice = join(alice_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  EXPECT_EQ(job(bob_id, "phone")->due, kPushHeld);
  const auto commits = store.commits();
  confirm(bob, 1, {receipt(sent)});
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_EQ(store.commits(), commits + 1) << "position, receipt and the job's end are one commit";
  EXPECT_EQ(metrics.push_jobs.value(), 0);
}

TEST_F(LanePush, SendAndConfirmationInOneBatchLeaveNoJob) {
  const auto phone = away(bob_id, "phone");
  const auto bob = join(bob_id, "phone", phone.login);
  const auto alice = join(alice_id, "phone");
  lane->send(request(alice, bob_id, "x"), executor, [](auto) {});
  Confirmation word;
  word.user = bob_id;
  word.device = bob.device;
  word.connection = bob.connection;
  word.position = MailboxSeq(1);
  lane->confirm(std::move(word));
  run();
  EXPECT_FALSE(job(bob_id, "phone")) << "erasures come before puts within a batch";
  EXPECT_EQ(metrics.push_jobs.value(), 0);
}

TEST_F(LanePush, AfterADisconnectItFallsDueAfterTheGraceAndAReturnHoldsIt) {
  const auto phone = away(bob_id, "phone");
  auto bob = join(bob_id, "phone", phone.login);
  send(join(alice_id, "phone"), bob_id, "x");
  clock.advance(hours(1));
  leave(bob);
  EXPECT_EQ(job(bob_id, "phone")->due, clock.wall_now() + seconds(10));
  clock.advance(seconds(3));
  join(bob_id, "phone", phone.login);
  EXPECT_EQ(job(bob_id, "phone")->due, kPushHeld);
}

TEST_F(LanePush, WhatADeadNodeHeldFallsDueThoughTheStoreDoesNotAnswerAtFirst) {
  store.among_others = true;
  restart_all();
  away(bob_id, "phone");
  send(join(alice_id, "phone"), bob_id, "x");
  CommitBatch batch;
  batch.push_jobs = {*job(bob_id, "phone")};
  batch.push_jobs[0].due = kPushHeld;
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  store.others.batches.push_back(digest_of(batch));
  store.fail_read(1);
  lane->node_died({});
  run();
  EXPECT_EQ(job(bob_id, "phone")->due, kPushHeld);
  clock.advance(seconds(2));
  run();
  EXPECT_EQ(job(bob_id, "phone")->due, clock.wall_now() + seconds(10));
}

TEST_F(LanePush, ASilentSessionLetsItFallDueAtOnceAndConfirmingAgainHoldsIt) {
  const auto phone = away(bob_id, "phone");
  const auto bob = join(bob_id, "phone", phone.login);
  send(join(alice_id, "phone"), bob_id, "x");
  clock.advance(seconds(20));
  silence(bob, true, 1);
  EXPECT_EQ(job(bob_id, "phone")->due, clock.wall_now());
  silence(bob, false);
  EXPECT_EQ(job(bob_id, "phone")->due, kPushHeld);
}

TEST_F(LanePush, ADeviceThatIsReplacedByItselfIsNotWoken) {
  const auto phone = away(bob_id, "phone");
  const auto older = join(bob_id, "phone", phone.login);
  send(join(alice_id, "phone"), bob_id, "x");
  join(bob_id, "phone", phone.login, std::nullopt, milliseconds(1));
  leave(older);
  EXPECT_EQ(job(bob_id, "phone")->due, kPushHeld) << "the late end of the older session changes nothing";
}

TEST_F(LanePush, WhatWasHeldFallsDueAfterARestart) {
  const auto phone = away(bob_id, "phone");
  join(bob_id, "phone", phone.login);
  send(join(alice_id, "phone"), bob_id, "x");
  ASSERT_EQ(job(bob_id, "phone")->due, kPushHeld);
  restart_all();
  EXPECT_EQ(job(bob_id, "phone")->due, clock.wall_now() + seconds(10));
  EXPECT_EQ(metrics.push_jobs.value(), 1);
}

TEST_F(LanePush, ARestartWhoseFirstCommitFailsArmsThemAllTheSame) {
  const auto phone = away(bob_id, "phone");
  join(bob_id, "phone", phone.login);
  send(join(alice_id, "phone"), bob_id, "x");
  outbox.reset();
  lane.reset();
  store.fail_commit(1, StoreError::kUnavailable);
  start();
  start_outbox();
  EXPECT_EQ(job(bob_id, "phone")->due, kPushHeld);
  pass(seconds(1));
  EXPECT_LE(job(bob_id, "phone")->due, clock.wall_now() + seconds(10));
}

TEST_F(LanePush, AChangeOfTheDirectorySurvivesAFailedCommit) {
  const auto phone = away(bob_id, "phone");
  const auto bob = join(bob_id, "phone", phone.login);
  send(join(alice_id, "phone"), bob_id, "x");
  store.fail_commit(1, StoreError::kUnavailable);
  leave(bob);
  EXPECT_EQ(job(bob_id, "phone")->due, kPushHeld);
  EXPECT_LE(lane->next_deadline(), clock.steady_now() + seconds(1));
  clock.advance(seconds(1));
  run();
  EXPECT_LE(job(bob_id, "phone")->due, clock.wall_now() + seconds(10));
}

TEST_F(LanePush, TheLaneSaysWhenAJobFallsDue) {
  const auto signal = outbox->signal();
  lane->wake_pushes(signal);
  away(bob_id, "phone");
  const auto alice = join(alice_id, "phone");
  static_cast<void>(signal->take_due());
  send(alice, bob_id, "x");
  EXPECT_EQ(signal->take_due(), clock.wall_now() + seconds(10));
  EXPECT_EQ(signal->take_due(), WallTime::max());
}

TEST_F(LanePush, TheJobFollowsItsAddress) {
  away(bob_id, "phone");
  send(join(alice_id, "phone"), bob_id, "x");
  set_address(bob_id, "phone", PushAddress{"webpush", "origin/1"});
  EXPECT_EQ(job(bob_id, "phone")->kind, "webpush");
  EXPECT_TRUE(store.due_push_jobs("fcm", kPushHeld, 10).value().empty());
  set_address(bob_id, "phone", std::nullopt);
  EXPECT_FALSE(job(bob_id, "phone"));
  send(join(alice_id, "laptop"), bob_id, "y");
  EXPECT_FALSE(job(bob_id, "phone"));
}

TEST_F(LanePush, AWrittenButUnconfirmedEntryLeavesATrace) {
  auto bob = join(bob_id, "phone");
  const auto alice = join(alice_id, "phone");
  send(alice, bob_id, "1");
  send(alice, bob_id, "2");
  silence(bob, true, 1);
  EXPECT_EQ(trace(bob_id, "phone").written, MailboxSeq(1));
  EXPECT_EQ(trace(bob_id, "phone").written_at, clock.wall_now());
  clock.advance(seconds(5));
  bob.written = MailboxSeq(2);
  leave(bob);
  EXPECT_EQ(trace(bob_id, "phone").written, MailboxSeq(2));
  EXPECT_EQ(trace(bob_id, "phone").written_at, clock.wall_now());
  EXPECT_EQ(trace(bob_id, "phone").outcome, PushOutcome::kNone);
}

}  // namespace
}  // namespace chat::testing
