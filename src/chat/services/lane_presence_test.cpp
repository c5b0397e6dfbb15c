#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

class LanePresence : public LaneTest {
 protected:
  LanePresence() { befriend(alice_id, bob_id); }
  void pass(milliseconds time) {
    clock.advance(time);
    run();
  }
  static std::vector<PresenceEvent> presence_of(const Joined& who) {
    std::vector<PresenceEvent> all;
    for (const auto& event : who.session->events) {
      if (const auto* presence = std::get_if<PresenceEvent>(&event)) all.push_back(*presence);
    }
    return all;
  }
  WallTime device_seen(const std::string& id) {
    const auto devices = store.devices(bob_id).value();
    for (const auto& device : devices) {
      if (device.id.value == id) return device.last_seen;
    }
    return {};
  }
  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
};

TEST_F(LanePresence, FriendsHearOfOneWhoAnnouncedAndOnlyOnce) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  EXPECT_TRUE(presence_of(alice).empty()) << "not before drained";
  lane->announce(bob_id, bob.connection);
  lane->announce(bob_id, bob.connection);
  run();
  ASSERT_EQ(presence_of(alice).size(), 1u);
  EXPECT_TRUE(presence_of(alice)[0].online);
  EXPECT_EQ(presence_of(alice)[0].user, bob_id);
}

TEST_F(LanePresence, AReconnectWithinTheGraceIsNotAnnounced) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  lane->announce(bob_id, bob.connection);
  leave(bob);
  pass(seconds(4));
  const auto again = join(bob_id, "phone", bob.login);
  lane->announce(bob_id, again.connection);
  pass(seconds(10));
  EXPECT_EQ(presence_of(alice).size(), 1u);
}

TEST_F(LanePresence, AfterTheGraceFriendsAreToldTheLastVisitAndItIsStored) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  lane->announce(bob_id, bob.connection);
  run();
  const auto left = clock.wall_now();
  leave(bob);
  pass(milliseconds(4999));
  EXPECT_EQ(presence_of(alice).size(), 1u);
  pass(milliseconds(1));
  ASSERT_EQ(presence_of(alice).size(), 2u);
  EXPECT_FALSE(presence_of(alice)[1].online);
  EXPECT_EQ(presence_of(alice)[1].at, left);
  EXPECT_EQ(store.user(bob_id).value()->last_seen, left);
}

TEST_F(LanePresence, FriendsAreToldOfTheEndOfOneWhoWasNeverAnnounced) {
  const auto alice = join(alice_id, "phone");
  leave(join(bob_id, "phone"));
  pass(seconds(5));
  ASSERT_EQ(presence_of(alice).size(), 1u) << "the list of friends has called him online meanwhile";
  EXPECT_FALSE(presence_of(alice)[0].online);
}

TEST_F(LanePresence, ADevicesLastVisitIsStoredThoughAnotherDeviceStays) {
  const auto phone = join(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  clock.advance(seconds(60));
  const auto left = clock.wall_now();
  leave(phone);
  pass(seconds(5));
  EXPECT_EQ(device_seen("phone"), left);
  EXPECT_LT(device_seen("laptop"), left);
  EXPECT_LT(store.user(bob_id).value()->last_seen, left) << "bob himself is still here";
}

TEST_F(LanePresence, AVisitWhoseWriteFailedIsWrittenLaterAndMeanwhileTheLaneWaits) {
  const auto bob = join(bob_id, "phone");
  clock.advance(seconds(60));
  const auto left = clock.wall_now();
  leave(bob);
  store.fail_commit(1, StoreError::kFull);
  clock.advance(seconds(5));
  while (lane->run_once()) executor.run();
  EXPECT_LT(store.user(bob_id).value()->last_seen, left);
  EXPECT_GT(lane->next_deadline(), clock.steady_now());
  pass(seconds(5));
  EXPECT_EQ(store.user(bob_id).value()->last_seen, left);
  EXPECT_EQ(device_seen("phone"), left);
}

TEST_F(LanePresence, ADepartureIsKnownAtOnceAndUntilItIsWritten) {
  OwedLastSeen owed;
  lane = std::make_unique<Lane>(LaneParts{store, cipher, presence, clock, random, metrics, nullptr, &owed}, options);
  const auto phone = join(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  EXPECT_EQ(owed.users(), 0u);
  clock.advance(seconds(60));
  const auto first = clock.wall_now();
  leave(phone);
  EXPECT_EQ(owed.of_user(bob_id), WallTime{}) << "bob himself is still here";
  ASSERT_EQ(owed.of_devices(bob_id).size(), 1u);
  EXPECT_EQ(owed.of_devices(bob_id)[0].device, phone.device);
  EXPECT_EQ(owed.of_devices(bob_id)[0].at, first);
  clock.advance(seconds(1));
  leave(laptop);
  EXPECT_EQ(owed.of_user(bob_id), first + seconds(1));
  EXPECT_EQ(owed.of_devices(bob_id).size(), 2u);
  store.fail_commit(1, StoreError::kFull);
  clock.advance(seconds(5));
  while (lane->run_once()) executor.run();
  EXPECT_EQ(owed.of_user(bob_id), first + seconds(1)) << "the write has failed";
  pass(seconds(5));
  EXPECT_EQ(store.user(bob_id).value()->last_seen, first + seconds(1));
  EXPECT_EQ(owed.users(), 0u);
  lane.reset();
}

TEST_F(LanePresence, WhoIsAskedForElsewhereBeforeAnEndIsToldCountsAsALookUp) {
  store.among_others = true;
  start();
  const auto hits = metrics.presence_hits.value();
  leave(join(bob_id, "phone"));
  pass(seconds(5));
  EXPECT_EQ(metrics.presence_hits.value(), hits + 1);
}

TEST_F(LanePresence, WithoutATurnTheLaneWaitsWithTheVisitsThatItOwes) {
  store.among_others = true;
  start();
  leave(join(bob_id, "phone"));
  store.no_turn = true;
  clock.advance(seconds(5));
  lane->run_once();
  EXPECT_FALSE(lane->run_once());
  EXPECT_GT(lane->next_deadline(), clock.steady_now());
  store.no_turn = false;
  pass(seconds(5));
  EXPECT_EQ(store.user(bob_id).value()->last_seen, clock.wall_now() - seconds(10));
}

TEST_F(LanePresence, WhoIsConnectedWhenTheLaneStopsWasSeenThen) {
  const auto bob = join(bob_id, "phone");
  clock.advance(seconds(60));
  lane->start();
  lane->detach(bob.user, bob.device, bob.connection, {});
  lane->stop();
  EXPECT_EQ(store.user(bob_id).value()->last_seen, clock.wall_now());
  EXPECT_EQ(device_seen("phone"), clock.wall_now());
}

TEST_F(LanePresence, ASilentSessionIsNoPresenceUntilItConfirmsAgain) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  lane->announce(bob_id, bob.connection);
  lane->set_silent(bob_id, bob.connection, true, {});
  run();
  EXPECT_FALSE(presence.is_online(bob_id));
  pass(seconds(5));
  EXPECT_FALSE(presence_of(alice).back().online);
  lane->set_silent(bob_id, bob.connection, false, {});
  run();
  EXPECT_TRUE(presence.is_online(bob_id));
  EXPECT_TRUE(presence_of(alice).back().online);
}

TEST_F(LanePresence, StrangersAndBlockedPeopleHearNothing) {
  const auto carol_id = person("carol");
  const auto dave_id = person("dave");
  befriend(bob_id, dave_id, true);
  const auto carol = join(carol_id, "phone");
  const auto dave = join(dave_id, "phone");
  const auto bob = join(bob_id, "phone");
  lane->announce(bob_id, bob.connection);
  lane->typing(bob_id, carol_id, true);
  lane->typing(bob_id, dave_id, true);
  run();
  EXPECT_TRUE(carol.session->events.empty());
  EXPECT_TRUE(dave.session->events.empty());
}

TEST_F(LanePresence, TypingIsToldOnceInTwoSecondsAndEndsWithTheLatest) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  for (int i = 0; i < 10; ++i) lane->typing(bob_id, alice_id, i % 2 == 0);
  run();
  EXPECT_EQ(alice.session->events.size(), 1u);
  pass(milliseconds(2000));
  ASSERT_EQ(alice.session->events.size(), 2u);
  EXPECT_FALSE(std::get<TypingEvent>(alice.session->events[1]).typing);
  pass(milliseconds(10000));
  EXPECT_EQ(alice.session->events.size(), 2u);
}

TEST_F(LanePresence, TheHeadCheckAnswersOnlyWhatIsNew) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  send(alice, bob_id, "x");
  bob.session->hints.clear();
  lane->check_head(bob_id, bob.connection, MailboxSeq(1));
  run();
  EXPECT_TRUE(bob.session->hints.empty());
  lane->check_head(bob_id, bob.connection, MailboxSeq(0));
  run();
  ASSERT_EQ(bob.session->hints.size(), 1u);
  EXPECT_EQ(bob.session->hints[0].head, MailboxSeq(1));
}

TEST_F(LanePresence, TheThreadAnswersAndStopDrains) {
  lane->start();
  const auto alice_login = login(alice_id, "phone");
  AttachRequest ask;
  ask.user = alice_id;
  ask.login = alice_login;
  ask.device = DeviceId{"phone"};
  ask.connection = ConnectionId(1);
  RoundExecutor own;
  ask.session = std::make_shared<RecordingSession>(own);
  bool answered = false;
  lane->attach(std::move(ask), own, [&answered](auto answer) { answered = std::holds_alternative<Attached>(answer); });
  lane->stop();
  own.run();
  EXPECT_TRUE(answered);
  Sent refused;
  SendRequest late;
  late.sender = alice_id;
  late.recipient = bob_id;
  late.content = "x";
  lane->send(std::move(late), own, [&refused](auto answer) { refused = std::move(answer); });
  own.run();
  EXPECT_EQ(code(refused), ErrorCode::kOverloaded);
}

}  // namespace
}  // namespace chat::testing
