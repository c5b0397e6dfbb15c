#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class LaneAttach : public LaneTest {
 protected:
  LaneAttach() { befriend(alice_id, bob_id); }
  ResumePoint point(std::uint64_t position) { return {store.epochs().back(), MailboxSeq(position)}; }
  std::set<std::string> devices_of(const UserId& user) {
    std::set<std::string> ids;
    const auto devices = store.devices(user).value();
    for (const auto& device : devices) ids.insert(device.id.value);
    return ids;
  }
  /// Bob has as many devices as he may: d0, d1 and d2, none of them online; the token is d0's.
  LoginId fill_with_devices_of_one_session() {
    options.limits.devices_per_user = 3;
    restart();
    const auto by = login(bob_id, "d0");
    for (const char* const device : {"d0", "d1", "d2"}) {
      leave(join(bob_id, device, by));
      clock.advance(std::chrono::seconds(1));
    }
    return by;
  }
  /// In one batch.
  void join_together(std::initializer_list<Joined*> all) {
    for (auto* const each : all) {
      each->session = std::make_shared<RecordingSession>(executor);
      AttachRequest ask;
      ask.user = each->user;
      ask.login = each->login;
      ask.device = each->device;
      ask.connection = each->connection;
      ask.session = each->session;
      lane->attach(std::move(ask), executor, [each](auto answer) { each->answer = std::move(answer); });
    }
    run();
  }
  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
};

TEST_F(LaneAttach, ANewDeviceStartsWhereTheFurthestOneIs) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  for (int i = 0; i < 3; ++i) send(alice, bob_id, "x");
  confirm(bob, 2);
  const auto laptop = join(bob_id, "laptop");
  EXPECT_EQ(laptop.attached().position, MailboxSeq(2));
  EXPECT_EQ(laptop.attached().head, MailboxSeq(3));
  EXPECT_FALSE(laptop.attached().recovered);
  EXPECT_FALSE(laptop.attached().reset);
}

TEST_F(LaneAttach, ADeadOrForeignLoginIsRevokedAndAnotherSessionsDeviceUnauthorized) {
  EXPECT_EQ(join(bob_id, "phone", login(alice_id, "phone")).refusal().reason, "revoked");
  EXPECT_EQ(join(bob_id, "phone", LoginId{}).refusal().reason, "revoked");
  join(bob_id, "phone");
  const auto other = join(bob_id, "phone", login(bob_id, "laptop"));
  EXPECT_EQ(other.refusal().code, ErrorCode::kUnauthorized);
  EXPECT_EQ(other.refusal().reason, "invalid");
  const auto old = login(bob_id, "old");
  clock.advance(std::chrono::hours(25));
  EXPECT_EQ(join(bob_id, "old", old).refusal().reason, "expired");
}

TEST_F(LaneAttach, ADeviceWhoseSessionHasEndedIsReturning) {
  const auto by = login(alice_id, "phone");
  const auto first = join(alice_id, "phone", by);
  EXPECT_FALSE(first.attached().returning);
  leave(first);
  EXPECT_TRUE(join(alice_id, "phone", by).attached().returning);
  EXPECT_FALSE(join(alice_id, "laptop").attached().returning);
}

TEST_F(LaneAttach, OfTwoSessionsOfADeviceTheYoungerHandshakeWins) {
  const auto by = login(bob_id, "phone");
  const auto first = join(bob_id, "phone", by, std::nullopt, std::chrono::milliseconds(10));
  const auto late = join(bob_id, "phone", by, std::nullopt, std::chrono::milliseconds(5));
  EXPECT_TRUE(late.attached().replaced);
  EXPECT_TRUE(first.session->ends.empty());
  const auto second = join(bob_id, "phone", by, std::nullopt, std::chrono::milliseconds(20));
  EXPECT_FALSE(second.attached().replaced);
  ASSERT_EQ(first.session->ends.size(), 1u);
  EXPECT_EQ(first.session->ends[0], EndReason::kReplaced);
}

TEST_F(LaneAttach, AFencedSessionsWordAndLateDetachChangeNothing) {
  const auto alice = join(alice_id, "phone");
  const auto by = login(bob_id, "phone");
  const auto old = join(bob_id, "phone", by);
  const auto fresh = join(bob_id, "phone", by, std::nullopt, std::chrono::milliseconds(1));
  send(alice, bob_id, "x");
  confirm(old, 1);
  EXPECT_EQ(position(old), MailboxSeq(0));
  leave(old);
  EXPECT_TRUE(presence.is_online(bob_id));
  send(alice, bob_id, "y");
  EXPECT_EQ(fresh.session->hints.size(), 2u);
  leave(fresh);
  EXPECT_FALSE(presence.is_online(bob_id));
}

TEST_F(LaneAttach, APositionAboveTheStoredOneConfirmsWithReceipts) {
  const auto alice = join(alice_id, "phone");
  const auto by = login(bob_id, "phone");
  leave(join(bob_id, "phone", by));
  const auto sent = message(send(alice, bob_id, "x"));
  const auto bob = join(bob_id, "phone", by, point(1));
  EXPECT_TRUE(bob.attached().recovered);
  EXPECT_EQ(bob.attached().position, MailboxSeq(1));
  EXPECT_EQ(position(bob), MailboxSeq(1));
  EXPECT_EQ(delivered(alice_id, bob_id)->newest_covered, sent.id);
  EXPECT_EQ(log(alice_id).back().entry.kind, EntryKind::kStatus);
}

TEST_F(LaneAttach, APositionBelowTheStoredOneIsRecoveredAndTheStoredOneStays) {
  const auto alice = join(alice_id, "phone");
  const auto by = login(bob_id, "phone");
  const auto first = join(bob_id, "phone", by);
  for (int i = 0; i < 3; ++i) send(alice, bob_id, "x");
  confirm(first, 3);
  const auto again = join(bob_id, "phone", by, point(1), std::chrono::milliseconds(1));
  EXPECT_TRUE(again.attached().recovered);
  EXPECT_EQ(again.attached().position, MailboxSeq(1));
  EXPECT_EQ(position(again), MailboxSeq(3));
}

TEST_F(LaneAttach, APositionOfAnotherHistoryIsAReset) {
  const auto alice = join(alice_id, "phone");
  const auto by = login(bob_id, "phone");
  join(bob_id, "phone", by);
  send(alice, bob_id, "x");
  const auto before = point(1);
  restart();
  const auto later = join(alice_id, "phone", alice.login);
  send(later, bob_id, "y");
  const auto overwritten = join(bob_id, "phone", by, ResumePoint{before.epoch, MailboxSeq(2)});
  EXPECT_TRUE(overwritten.attached().reset) << "the entry at 2 is younger than the client's epoch";
  EXPECT_EQ(overwritten.attached().position, MailboxSeq(0));
  const auto unknown = join(bob_id, "phone", by, ResumePoint{"nonsense", MailboxSeq(1)}, std::chrono::milliseconds(1));
  EXPECT_TRUE(unknown.attached().reset);
  const auto beyond = join(bob_id, "phone", by, point(99), std::chrono::milliseconds(2));
  EXPECT_TRUE(beyond.attached().reset);
  const auto fine = join(bob_id, "phone", by, before, std::chrono::milliseconds(3));
  EXPECT_TRUE(fine.attached().recovered);
}

TEST_F(LaneAttach, SyncIsTheSameCheck) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  for (int i = 0; i < 2; ++i) send(alice, bob_id, "x");
  const auto sync = [&](ResumePoint where) {
    SyncAnswer synced;
    lane->sync(bob_id, bob.device, bob.connection, std::move(where), executor,
               [&](auto answer) { synced = std::get<SyncAnswer>(answer); });
    run();
    return synced;
  };
  const auto synced = sync(point(2));
  EXPECT_FALSE(synced.reset);
  EXPECT_EQ(synced.position, MailboxSeq(2));
  EXPECT_EQ(position(bob), MailboxSeq(2));
  const auto reset = sync({"nonsense", MailboxSeq(1)});
  EXPECT_TRUE(reset.reset);
  EXPECT_EQ(reset.position, MailboxSeq(2));
}

class LaneTrim : public LaneAttach {
 protected:
  LaneTrim() {
    options.trim_tail = options.trim_step = 4;
    restart();
    alice = join(alice_id, "phone");
    phone = join(bob_id, "phone");
    laptop = join(bob_id, "laptop");
    for (int i = 0; i < 20; ++i) send(alice, bob_id, "x");
    confirm(phone, 20);
  }
  MailboxSeq first() { return store.mailbox_bounds(bob_id).value().first; }
  Joined alice;
  Joined phone;
  Joined laptop;
};

TEST_F(LaneTrim, WhatAPumpThatBeganFurtherBackHasToReadIsKept) {
  leave(phone);
  phone = join(bob_id, "phone", phone.login, point(3));
  ASSERT_EQ(phone.attached().position, MailboxSeq(3));
  confirm(laptop, 20);
  EXPECT_EQ(first(), MailboxSeq(1)) << "the phone's pump comes from 3";
  confirm(phone, 15);
  EXPECT_EQ(position(phone), MailboxSeq(20));
  send(alice, bob_id, "y");
  confirm(laptop, 21);
  EXPECT_EQ(first(), MailboxSeq(11)) << "it has come to 15";
  leave(phone);
  send(alice, bob_id, "z");
  confirm(laptop, 22);
  EXPECT_EQ(first(), MailboxSeq(16)) << "20 is what the phone has";
}

TEST_F(LaneTrim, WhatASyncWentBackForIsKeptWhateverItsOlderPumpStillConfirms) {
  SyncAnswer synced;
  lane->sync(bob_id, phone.device, phone.connection, point(3), executor,
             [&](auto answer) { synced = std::get<SyncAnswer>(answer); });
  run();
  ASSERT_EQ(synced.position, MailboxSeq(3));
  confirm(phone, 20);
  confirm(laptop, 20);
  EXPECT_EQ(first(), MailboxSeq(1));
}

TEST_F(LaneTrim, WhatWasTrimmedInTheBatchOfAConnectIsAResetNoSilentGap) {
  leave(phone);
  Confirmation drained;
  drained.user = bob_id;
  drained.device = laptop.device;
  drained.connection = laptop.connection;
  drained.position = MailboxSeq(20);
  AttachRequest ask;
  ask.user = bob_id;
  ask.login = phone.login;
  ask.device = phone.device;
  ask.connection = ConnectionId(101);
  ask.resume = point(3);
  ask.session = phone.session;
  Attached attached;
  lane->attach(std::move(ask), executor, [&](auto answer) { attached = std::get<Attached>(answer); });
  lane->confirm(std::move(drained));
  run();
  ASSERT_EQ(first(), MailboxSeq(16));
  EXPECT_TRUE(attached.reset);
  EXPECT_FALSE(attached.recovered);
  EXPECT_EQ(attached.position, MailboxSeq(20));
}

TEST_F(LaneAttach, AboveTheLimitTheLeastRecentlyUsedOfflineDeviceGoesWithItsSession) {
  options.limits.devices_per_user = 2;
  restart();
  const auto old = join(bob_id, "old");
  leave(old);
  clock.advance(std::chrono::seconds(1));
  const auto recent = join(bob_id, "recent");
  leave(recent);
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob_id, "new").answer));
  EXPECT_EQ(devices_of(bob_id), (std::set<std::string>{"new", "recent"}));
  EXPECT_FALSE(store.login(old.login).value());
  join(bob_id, "recent", recent.login);
  EXPECT_EQ(join(bob_id, "fourth").refusal().code, ErrorCode::kConflict) << "all are online";
}

TEST_F(LaneAttach, WhereTheDeviceWasThatMadeRoomTheNewOneGoesOn) {
  options.limits.devices_per_user = 2;
  restart();
  const auto alice = join(alice_id, "phone");
  const auto furthest = join(bob_id, "furthest");
  const auto recent = join(bob_id, "recent");
  send(alice, bob_id, "x");
  confirm(furthest, 1);
  leave(furthest);
  clock.advance(std::chrono::seconds(1));
  leave(recent);
  EXPECT_EQ(join(bob_id, "new").attached().position, MailboxSeq(1));
  EXPECT_EQ(devices_of(bob_id), (std::set<std::string>{"new", "recent"}));
}

TEST_F(LaneAttach, AboveTheLimitNobodyIsAskedForTheSessionsOfAStoreOfOnesOwn) {
  const auto by = fill_with_devices_of_one_session();
  presence.answers = false;
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob_id, "d3", by).answer));
}

TEST_F(LaneAttach, AboveTheLimitADeviceBoundToTheConnectingSessionGoesToo) {
  const auto by = fill_with_devices_of_one_session();
  const auto third = join(bob_id, "d3", by);
  EXPECT_TRUE(std::holds_alternative<Attached>(third.answer));
  EXPECT_EQ(devices_of(bob_id), (std::set<std::string>{"d0", "d2", "d3"})) << "the session's own one stays";
  EXPECT_TRUE(store.login(by).value()) << "d1 was not the session's own device";
  EXPECT_TRUE(third.session->ends.empty());
}

TEST_F(LaneAttach, ADeviceThatComesInTheSameBatchDoesNotMakeRoom) {
  const auto by = fill_with_devices_of_one_session();
  Joined back{bob_id, DeviceId{"d1"}, by, ConnectionId(101), nullptr, {}, {}};
  Joined fresh{bob_id, DeviceId{"d3"}, by, ConnectionId(102), nullptr, {}, {}};
  join_together({&back, &fresh});
  EXPECT_TRUE(std::holds_alternative<Attached>(back.answer));
  EXPECT_TRUE(std::holds_alternative<Attached>(fresh.answer));
  EXPECT_EQ(devices_of(bob_id), (std::set<std::string>{"d0", "d1", "d3"}));
}

TEST_F(LaneAttach, WhoseSessionGoesForAnotherOfTheSameBatchIsNotLetIn) {
  options.limits.devices_per_user = 2;
  restart();
  const auto old = join(bob_id, "old");
  leave(old);
  clock.advance(std::chrono::seconds(1));
  leave(join(bob_id, "recent"));
  Joined fresh{bob_id, DeviceId{"new"}, login(bob_id, "new"), ConnectionId(101), nullptr, {}, {}};
  Joined late{bob_id, DeviceId{"old"}, old.login, ConnectionId(102), nullptr, {}, {}};
  join_together({&fresh, &late});
  EXPECT_TRUE(std::holds_alternative<Attached>(fresh.answer));
  ASSERT_TRUE(std::holds_alternative<Refusal>(late.answer));
  EXPECT_EQ(late.refusal().reason, "revoked");
  EXPECT_EQ(devices_of(bob_id), (std::set<std::string>{"new", "recent"}));
}

TEST_F(LaneAttach, AnEntryThatHoldsFiveSessionsUpIsSentAloneAndAfterFiveMoreSkipped) {
  const auto alice = join(alice_id, "phone");
  const auto by = login(bob_id, "phone");
  const auto bob = join(bob_id, "phone", by);
  const auto sent = message(send(alice, bob_id, "poison"));
  for (int i = 1; i <= 10; ++i) {
    lane->report_poison(bob_id, bob.device, MailboxSeq(1));
    run();
    const auto next = join(bob_id, "phone", by, std::nullopt, std::chrono::milliseconds(i));
    EXPECT_EQ(next.attached().poison, i < 5 ? MailboxSeq(0) : MailboxSeq(1)) << i;
    EXPECT_EQ(next.attached().skip_poison, i == 10);
    EXPECT_EQ(next.attached().batch_halvings, i);
    if (i < 10) continue;
    give_up(next, 1);
  }
  EXPECT_EQ(store.message(sent.id).value()->failure, FailureReason::kSkipped);
  EXPECT_FALSE(delivered(alice_id, bob_id)) << "never reported delivered on its account";
  EXPECT_TRUE(log(alice_id).empty()) << "nothing has failed: it waits for other devices and is in the history";
}

TEST_F(LaneAttach, ABatchThatWasRefusedAsAWholeIsHalvedAndNothingSuspected) {
  const auto by = login(bob_id, "phone");
  const auto bob = join(bob_id, "phone", by);
  for (int i = 1; i <= 20; ++i) {
    lane->report_poison(bob_id, bob.device, MailboxSeq());
    run();
    const auto next = join(bob_id, "phone", by, std::nullopt, std::chrono::milliseconds(i));
    EXPECT_EQ(next.attached().poison, MailboxSeq());
    EXPECT_FALSE(next.attached().skip_poison);
    EXPECT_EQ(next.attached().batch_halvings, std::min(i, 15));
  }
}

TEST_F(LaneAttach, TheDeviceThatSkippedAnEntryDoesNotTakeTheMarkAwayWithItsNextConfirmation) {
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "poison"));
  const auto next = message(send(alice, bob_id, "good"));
  give_up(phone, 1);
  confirm(phone, 2, {receipt(next)});
  EXPECT_TRUE(delivered(alice_id, bob_id));
  EXPECT_EQ(store.message(sent.id).value()->failure, FailureReason::kSkipped);
}

TEST_F(LaneAttach, AnotherDeviceThatHasTheSkippedEntryTakesTheMarkAway) {
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  const auto sent = message(send(alice, bob_id, "poison"));
  give_up(phone, 1);
  EXPECT_TRUE(store.message(sent.id).value()->failure);
  confirm(laptop, 1, {receipt(sent)});
  EXPECT_FALSE(store.message(sent.id).value()->failure);
  EXPECT_TRUE(delivered(alice_id, bob_id));
}

TEST_F(LaneAttach, AnotherDeviceThatHasTheSkippedEntryInTheSameBatchTakesTheMarkAway) {
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  const auto sent = message(send(alice, bob_id, "poison"));
  Confirmation given_up;
  given_up.user = bob_id;
  given_up.device = phone.device;
  given_up.connection = phone.connection;
  given_up.position = MailboxSeq(1);
  given_up.skipped = {MailboxSeq(1)};
  lane->confirm(std::move(given_up));
  confirm(laptop, 1, {receipt(sent)});
  EXPECT_FALSE(store.message(sent.id).value()->failure);
  EXPECT_TRUE(delivered(alice_id, bob_id));
}

}  // namespace
}  // namespace chat::testing
