// Who is online where there are several nodes: what this one tells the others, and what it makes of what they tell.

#include <gtest/gtest.h>

#include "chat/services/lane_nodes_fixture.hpp"

namespace chat::testing {
namespace {

/// Remembers what this node says.
class RecordingBus final : public NodeBus {
 public:
  void publish(const NodeNote& note) override { said.push_back(note); }
  void listen(std::function<void(const NodeNote&)> /*hear*/) override {}
  [[nodiscard]] bool up() const override { return true; }
  /// Users of whom it was said that they came, since the last call.
  std::vector<UserId> announced() {
    std::vector<UserId> users;
    for (const auto& note : std::exchange(said, {}))
      if (note.kind == NodeNote::Kind::kPresence && note.on) users.push_back(note.user);
    return users;
  }
  std::vector<NodeNote> said;
};

class Announcements : public AmongNodes {
 protected:
  Announcements() {
    lane = std::make_unique<Lane>(LaneParts{store, cipher, presence, clock, random, metrics, &bus}, options);
  }
  ~Announcements() override { lane.reset(); }
  Joined come(const UserId& who) {
    auto joined = join(who, "phone");
    lane->announce(who, joined.connection);
    run();
    return joined;
  }
  /// In steps, as deadlines come.
  void pass(std::chrono::milliseconds time) {
    constexpr std::chrono::milliseconds kStep{100};
    for (; time > std::chrono::milliseconds(0); time -= kStep) {
      clock.advance(kStep);
      run();
    }
  }
  void hear(NodeNote::Kind kind) {
    lane->hear({.kind = kind, .user = {}, .peer = {}, .on = false, .at = {}});
    run();
  }
  RecordingBus bus;
};

TEST_F(Announcements, AreAskedForAndRepeatedAfterNotesMayHaveBeenLost) {
  come(alice);
  const auto gone = come(bob);
  leave(gone);
  pass(options.offline_grace);
  bus.said.clear();
  hear(NodeNote::Kind::kReconnected);
  ASSERT_EQ(bus.said.size(), 1u) << "the others may not listen yet";
  EXPECT_EQ(bus.said[0].kind, NodeNote::Kind::kRepeat) << "what they said may not have been heard here";
  bus.said.clear();
  pass(std::chrono::seconds(10));
  EXPECT_EQ(bus.announced(), std::vector{alice});
  pass(std::chrono::minutes(1));
  EXPECT_TRUE(bus.announced().empty());
}

TEST_F(Announcements, AreRepeatedForANodeThatMayHaveMissedThem) {
  come(alice);
  bus.said.clear();
  hear(NodeNote::Kind::kRepeat);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(bus.announced(), std::vector{alice}) << "and that node is asked for nothing";
}

TEST_F(Announcements, AreRepeatedOfThoseToWhoseEndTheGraceHasNotComeYet) {
  come(alice);
  const auto bobs = come(bob);
  bus.said.clear();
  hear(NodeNote::Kind::kRepeat);
  pass(std::chrono::milliseconds(5500));
  lane->set_silent(bob, bobs.connection, true, {});
  pass(std::chrono::seconds(1));
  EXPECT_EQ(bus.announced().size(), 2u);
  lane->set_silent(bob, bobs.connection, false, {});
  pass(options.offline_grace + std::chrono::seconds(1));
  EXPECT_TRUE(bus.said.empty()) << "nothing else would have told of him";
}

TEST_F(Announcements, ThatAreUnderWayAreFinishedAndOneMorePassFollows) {
  constexpr std::size_t kUsers = 100;
  for (std::size_t i = 0; i < kUsers; ++i) come(person("user" + std::to_string(i)));
  bus.said.clear();
  hear(NodeNote::Kind::kRepeat);
  pass(std::chrono::milliseconds(6200));
  const auto begun = bus.announced();
  ASSERT_FALSE(begun.empty());
  ASSERT_LT(begun.size(), kUsers);
  for (int i = 0; i < 10; ++i) hear(NodeNote::Kind::kRepeat);
  pass(std::chrono::seconds(4));
  EXPECT_EQ(begun.size() + bus.announced().size(), kUsers);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(bus.announced().size(), kUsers);
  pass(std::chrono::minutes(1));
  EXPECT_TRUE(bus.said.empty());
}

/// Of nobody's loss of notes is forgotten, and nobody's request is counted as refused for notes.
TEST_F(Announcements, AreRepeatedThoughTheQueueIsFullWhenTheyAreAskedFor) {
  come(alice);
  options.queue_limit = 0;
  lane = std::make_unique<Lane>(LaneParts{store, cipher, presence, clock, random, metrics, &bus}, options);
  lane->hear({.kind = NodeNote::Kind::kPresence, .user = bob, .peer = {}, .on = true, .at = clock.wall_now()});
  lane->shown_online({bob});
  hear(NodeNote::Kind::kReconnected);
  ASSERT_FALSE(bus.said.empty());
  EXPECT_EQ(bus.said.back().kind, NodeNote::Kind::kRepeat);
  EXPECT_EQ(metrics.refused_queue_full.value(), 0u);
}

TEST_F(Announcements, AreAskedForWhenSomeWereLostToAFullQueue) {
  options.queue_limit = 1;
  lane = std::make_unique<Lane>(LaneParts{store, cipher, presence, clock, random, metrics, &bus}, options);
  for (const auto& who : {alice, bob, person("carol"), person("dave")})
    lane->hear({.kind = NodeNote::Kind::kPresence, .user = who, .peer = {}, .on = true, .at = clock.wall_now()});
  EXPECT_TRUE(bus.said.empty());
  run();
  ASSERT_EQ(bus.said.size(), 1u) << "once for all that were lost meanwhile";
  EXPECT_EQ(bus.said[0].kind, NodeNote::Kind::kRepeat);
  lane->hear({.kind = NodeNote::Kind::kTyping, .user = alice, .peer = bob, .on = true, .at = {}});
  lane->hear({.kind = NodeNote::Kind::kTyping, .user = alice, .peer = bob, .on = false, .at = {}});
  run();
  EXPECT_EQ(bus.said.size(), 1u) << "typing is of the moment";
}

TEST_F(Announcements, AreMadeAgainOfWhoIsHereAndWasSaidToHaveGone) {
  come(alice);
  join(bob, "phone");  // and has not been announced yet
  bus.said.clear();
  for (const auto& who : {alice, bob})
    lane->hear({.kind = NodeNote::Kind::kPresence, .user = who, .peer = {}, .on = false, .at = clock.wall_now()});
  run();
  EXPECT_EQ(bus.announced(), std::vector{alice});
}

TEST_F(Announcements, AreAskedForByManyNodesAtOnceWithOneCommand) {
  come(alice);
  const auto batches = metrics.batch_commands.count();
  for (int i = 0; i < 1000; ++i)
    lane->hear({.kind = NodeNote::Kind::kRepeat, .user = {}, .peer = {}, .on = false, .at = {}});
  run();
  EXPECT_LE(metrics.batch_commands.count(), batches + 1);
  bus.said.clear();
  pass(std::chrono::seconds(10));
  EXPECT_EQ(bus.announced(), std::vector{alice});
  hear(NodeNote::Kind::kRepeat);
  pass(std::chrono::seconds(10));
  EXPECT_EQ(bus.announced(), std::vector{alice}) << "the next is heard again";
}

TEST_F(Announcements, AreNotPutOffByLossesThatGoOn) {
  come(alice);
  bus.said.clear();
  for (int i = 0; i < 12; ++i) {
    hear(NodeNote::Kind::kRepeat);
    pass(std::chrono::milliseconds(500));
  }
  pass(std::chrono::seconds(1));
  EXPECT_EQ(bus.announced(), std::vector{alice});
  pass(std::chrono::seconds(10));
  EXPECT_EQ(bus.announced(), std::vector{alice}) << "for what was lost after the first was asked for";
  pass(std::chrono::minutes(1));
  EXPECT_TRUE(bus.said.empty());
}

TEST_F(Announcements, OfTheEndOfWhoWasOnlySeenInAListReachTheOtherNodes) {
  presence.table[bob].insert(ConnectionId(999));
  lane->shown_online({bob});
  pass(std::chrono::seconds(10));
  presence.table[bob].clear();
  bus.said.clear();
  pass(std::chrono::seconds(30));
  ASSERT_EQ(bus.said.size(), 1u);
  EXPECT_EQ(bus.said[0].user, bob);
  EXPECT_FALSE(bus.said[0].on);
}

TEST_F(Announcements, OfAnotherNodeDoNotHoldUpTheAnswersOfTheirBatch) {
  befriend(alice, bob);
  const auto sender = come(alice);
  bool read = false;
  std::optional<Sent> sent;
  store.on_relations = [&] {
    read = true;
    executor.run();
    EXPECT_TRUE(sent) << "the answer was there before";
  };
  lane->send(request(sender, bob, "x"), executor, [&sent](auto answer) { sent = std::move(answer); });
  lane->hear({.kind = NodeNote::Kind::kPresence, .user = bob, .peer = {}, .on = true, .at = clock.wall_now()});
  ASSERT_TRUE(lane->run_once());
  EXPECT_TRUE(read);
}

TEST_F(Announcements, OfANodeTakenForDeadComeOnceForEachOfItsUsers) {
  std::set<UserId> users;
  constexpr int kUsers = 200;
  for (int i = 0; i < kUsers; ++i) users.insert(come(person("user" + std::to_string(i))).user);
  bus.said.clear();
  lane->announce_again();
  run();
  clock.advance(std::chrono::seconds(7));
  ASSERT_TRUE(lane->run_once());
  const auto first = bus.announced();
  EXPECT_LT(first.size(), users.size() / 2) << "not all in one turn";
  pass(std::chrono::seconds(5));
  auto all = bus.announced();
  all.insert(all.end(), first.begin(), first.end());
  EXPECT_EQ(all.size(), users.size());
  EXPECT_EQ(std::set<UserId>(all.begin(), all.end()), users);
}

class PresenceAmongNodes : public AmongNodes {
 protected:
  PresenceAmongNodes() {
    befriend(alice, bob);
    alices = join(alice, "phone");
  }
  void hear(bool on, const UserId& peer = {}) {
    lane->hear({.kind = NodeNote::Kind::kPresence, .user = bob, .peer = peer, .on = on, .at = clock.wall_now()});
    run();
  }
  Joined come() {
    auto joined = join(bob, "phone");
    lane->announce(bob, joined.connection);
    run();
    return joined;
  }
  void pass_grace() {
    clock.advance(options.offline_grace);
    run();
  }
  /// Time enough for two looks at who was heard of, and for what is made of them.
  void pass_half_a_minute() {
    for (int i = 0; i < 30; ++i) {
      clock.advance(std::chrono::seconds(1));
      run();
    }
  }
  /// What alice was told of bob: + for online, - for offline.
  std::string told() const {
    std::string all;
    for (const auto& event : alices.session->events) all += std::get<PresenceEvent>(event).online ? '+' : '-';
    return all;
  }
  Joined alices;
};

TEST_F(PresenceAmongNodes, WhoComesFromAnotherNodeIsNotAnnouncedAgainButHisEndIs) {
  hear(true);
  const auto here = come();
  EXPECT_EQ(told(), "+");
  leave(here);
  pass_grace();
  EXPECT_EQ(told(), "+-");
  leave(join(bob, "phone", here.login));
  const auto again = join(bob, "phone", here.login);
  lane->announce(bob, again.connection);
  run();
  EXPECT_EQ(told(), "+-+") << "what was heard before is over";
}

TEST_F(PresenceAmongNodes, WhoIsThereAsWellOnAnotherNodeIsNoNews) {
  const auto here = come();
  hear(true);
  EXPECT_EQ(told(), "+");
  presence.table[bob].insert(ConnectionId(999));  // that other node's
  leave(here);
  pass_grace();
  hear(true);
  EXPECT_EQ(told(), "+");
  presence.table[bob].clear();
  hear(false);
  EXPECT_EQ(told(), "+-");
}

TEST_F(PresenceAmongNodes, WhoseEndIsToldElsewhereDuringTheGraceHereIsAnnouncedWhenHeComesBack) {
  const auto here = come();
  leave(here);
  hear(false);  // of a session on that node, which ended before this one
  EXPECT_EQ(told(), "+-");
  const auto again = join(bob, "phone", here.login);
  lane->announce(bob, again.connection);
  run();
  pass_grace();
  EXPECT_EQ(told(), "+-+");
}

TEST_F(PresenceAmongNodes, WhoIsOnlySilentHereHasGoneWhenAnotherNodeSaysSo) {
  const auto here = come();
  lane->set_silent(bob, here.connection, true, {});
  run();
  hear(false);
  EXPECT_EQ(told(), "+-");
  lane->set_silent(bob, here.connection, false, {});
  run();
  EXPECT_EQ(told(), "+-+");
}

TEST_F(PresenceAmongNodes, WhoWentFromHereToAnotherNodeIsNoNewsWhenThatNodeSaysSo) {
  const auto here = come();
  presence.table[bob].insert(ConnectionId(999));  // connected there, and not announced yet
  leave(here);
  pass_grace();
  hear(true);
  EXPECT_EQ(told(), "+");
}

TEST_F(PresenceAmongNodes, WhatWasSaidToOneFriendIsNewsToTheOthers) {
  hear(true, person("carol"));
  hear(true);
  EXPECT_EQ(told(), "+");
}

/// Their node ended, or its notes were lost: nobody says so.
TEST_F(PresenceAmongNodes, WhoWasShownAsOnlineIsMissedWhenNobodySaysSo) {
  presence.table[bob].insert(ConnectionId(999));  // on another node
  lane->shown_online({bob});
  run();
  pass_half_a_minute();
  EXPECT_EQ(told(), "");
  presence.table[bob].clear();
  pass_half_a_minute();
  EXPECT_EQ(told(), "-");
}

TEST_F(PresenceAmongNodes, WhoIsMissedWhileTheStoreIsAwayIsToldOfLater) {
  for (const auto error : {StoreError::kUnavailable, StoreError::kCorrupt}) {
    hear(true);
    alices.session->events.clear();
    store.no_users = error;
    pass_half_a_minute();
    EXPECT_EQ(told(), "");
    store.no_users.reset();
    pass_half_a_minute();
    EXPECT_EQ(told(), error == StoreError::kUnavailable ? "-" : "")
        << "a damaged row says nothing, and is not asked again";
  }
}

TEST_F(PresenceAmongNodes, ThousandsWhoWereHeardOfAreReviewedInPages) {
  constexpr std::size_t kThousands = 3000;
  for (std::size_t i = 0; i < kThousands; ++i) {
    const auto other = UserId::make(clock.wall_now(), random);
    presence.table[other].insert(ConnectionId(999));
    lane->shown_online(std::vector{other});
  }
  lane->shown_online({bob});  // who is not there
  run();
  std::size_t most = 0;
  std::size_t all = 0;
  presence.on_look_up = [&](std::size_t users) {
    most = std::max(most, users);
    all += users;
  };
  for (int i = 0; i < 300; ++i) {
    clock.advance(std::chrono::milliseconds(100));
    run();
  }
  EXPECT_GT(all, 3 * kThousands) << "each of them several times";
  EXPECT_LE(most, kThousands / 10);
  EXPECT_EQ(told(), "-");
}

TEST_F(PresenceAmongNodes, WhoComesBackFromANodeThatDiedIsAnnounced) {
  hear(true);
  lane->node_died({bob});
  run();
  pass_grace();
  EXPECT_EQ(told(), "+-");
  come();
  EXPECT_EQ(told(), "+-+");
}

TEST_F(AmongNodes, WhoDoesNotComeBackAfterTheirNodeDiedAreOffline) {
  const auto carol = person("carol");
  befriend(alice, bob);
  befriend(alice, carol);
  const auto listener = join(alice, "phone");
  presence.table[carol].insert(ConnectionId(99));  // on a third node
  lane->node_died({bob, carol});
  run();
  EXPECT_TRUE(listener.session->events.empty()) << "they may come back";
  clock.advance(options.offline_grace);
  run();
  ASSERT_EQ(listener.session->events.size(), 1u);
  const auto& told = std::get<PresenceEvent>(listener.session->events[0]);
  EXPECT_EQ(told.user, bob);
  EXPECT_FALSE(told.online);
  presence.table.erase(carol);
  clock.advance(std::chrono::seconds(3));
  run();
  ASSERT_EQ(listener.session->events.size(), 2u) << "a lease that had not run out is looked at again";
  EXPECT_EQ(std::get<PresenceEvent>(listener.session->events[1]).user, carol);
}

/// Has everybody online elsewhere, takes a millisecond of the clock to say so, and counts of how many it was asked.
class SlowPresence final : public Presence {
 public:
  explicit SlowPresence(base::ManualClock& clock) : clock_(clock) {}
  void set_online(const UserId& /*user*/, ConnectionId /*connection*/, const DeviceId& /*device*/) override {}
  void clear(const UserId& /*user*/, ConnectionId /*connection*/) override {}
  bool is_online(const UserId& /*user*/) const override { return true; }
  std::vector<Found> look_up(std::span<const UserId> users) const override {
    looked_up += users.size();
    clock_.advance(std::chrono::milliseconds(1));
    return Presence::look_up(users);
  }
  std::vector<Found> look_up_devices(const UserId& /*user*/, std::span<const DeviceId> devices) const override {
    return std::vector<Found>(devices.size());
  }
  mutable std::size_t looked_up = 0;

 private:
  base::ManualClock& clock_;
};

TEST_F(AmongNodes, ANodeThatTookThousandsWithItDoesNotHoldTheLaneUp) {
  constexpr std::size_t kThousands = 5000;
  SlowPresence slow(clock);
  lane = std::make_unique<Lane>(LaneParts{store, cipher, slow, clock, random, metrics}, options);
  befriend(alice, bob);
  const auto sender = join(alice, "phone");
  CommitBatch batch;
  std::vector<UserId> departed;
  for (std::size_t i = 0; i < kThousands; ++i) {
    User row;
    row.id = UserId::make(clock.wall_now(), random);
    row.username = "user" + std::to_string(i);
    row.email = row.username + "@example.org";
    departed.push_back(row.id);
    batch.users.push_back(std::move(row));
  }
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  lane->node_died(departed);
  run();
  slow.looked_up = 0;
  clock.advance(options.offline_grace);
  ASSERT_TRUE(lane->run_once());
  EXPECT_GT(slow.looked_up, 0u);
  EXPECT_LT(slow.looked_up, kThousands / 10);
  std::optional<Sent> sent;
  lane->send(request(sender, bob, "x"), executor, [&sent](auto answer) { sent = std::move(answer); });
  ASSERT_TRUE(lane->run_once());
  executor.run();
  ASSERT_TRUE(sent);
  EXPECT_TRUE(std::holds_alternative<SendAnswer>(*sent));
  run();
  EXPECT_GE(slow.looked_up, kThousands);
  lane.reset();
}

}  // namespace
}  // namespace chat::testing
