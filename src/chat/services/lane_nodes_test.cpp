// What another node's batch means for this one's lane. The store is a memory store that says it is shared; the other
// node is the test.

#include <gtest/gtest.h>

#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

TEST(BatchDigest, NamesHeadsOnceAndTheHighest) {
  CommitBatch batch;
  UserId owner;
  owner.bytes[0] = 1;
  for (const std::uint64_t position : {4U, 6U, 5U}) {
    MailboxEntry entry;
    entry.owner = owner;
    entry.position = MailboxSeq(position);
    batch.entries.push_back(entry);
  }
  const auto digest = digest_of(batch);
  ASSERT_EQ(digest.heads.size(), 1u);
  EXPECT_EQ(digest.heads[0].head, MailboxSeq(6));
}

TEST(BatchDigest, ChangedRowsNameTheirPeopleOnce) {
  CommitBatch batch;
  Device device;
  device.user.bytes[0] = 7;
  batch.devices = {device, device};
  User user;
  user.id = device.user;
  batch.users.push_back(user);
  Relation relation;
  relation.pair.low.bytes[0] = 1;
  relation.pair.high.bytes[0] = 2;
  batch.relations = {relation, relation};
  const auto digest = digest_of(batch);
  EXPECT_EQ(digest.users, std::vector<UserId>{device.user});
  EXPECT_EQ(digest.conversations, std::vector<ConversationKey>{relation.pair});
}

TEST(BatchDigest, AMarkedMessageIsNoNewOne) {
  CommitBatch batch;
  Message fresh;
  fresh.sender.bytes[0] = 1;
  fresh.recipient.bytes[0] = 2;
  fresh.seq = ConversationSeq(9);
  Message failed = fresh;
  failed.seq = ConversationSeq(3);
  failed.failure = FailureReason::kExpired;
  batch.messages = {failed, fresh};
  const auto digest = digest_of(batch);
  ASSERT_EQ(digest.sent.size(), 1u);
  EXPECT_EQ(digest.sent[0].seq, ConversationSeq(9));
  EXPECT_EQ(digest.conversations, std::vector<ConversationKey>{fresh.conversation()});
}

class AmongNodes : public LaneTest {
 protected:
  AmongNodes() {
    store.among_others = true;
    start();
  }
  BatchDigest& other() { return store.others.batches.emplace_back(); }
  /// Time enough for a look at the log.
  void look() {
    clock.advance(std::chrono::seconds(2));
    run();
  }

  UserId alice = person("alice");
  UserId bob = person("bob");
};

TEST_F(AmongNodes, AHeadOfAnotherNodeWakesTheSessionsHere) {
  const auto session = join(bob, "phone");
  other().heads.push_back({bob, MailboxSeq(3)});
  look();
  ASSERT_FALSE(session.session->hints.empty());
  EXPECT_EQ(session.session->hints.back().head, MailboxSeq(3));
}

TEST_F(AmongNodes, WhatAConnectionIsLetInByHoldsUntilItsCommit) {
  options.limits.devices_per_user = 2;
  start();
  leave(join(bob, "old"));
  clock.advance(std::chrono::seconds(1));
  leave(join(bob, "recent"));
  const auto by = login(bob, "new");
  store.committed_out_of_turn = 0;
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob, "new", by).answer)) << "it needs room";
  EXPECT_EQ(store.committed_out_of_turn, 0) << "another node might have ended its login meanwhile";
}

TEST_F(AmongNodes, NumbersGoOnWhereTheOtherNodeStopped) {
  befriend(alice, bob);
  const auto sender = join(alice, "phone");
  EXPECT_EQ(message(send(sender, bob, "one")).seq, ConversationSeq(1));
  // What another node wrote: the rows, and their digest.
  CommitBatch batch;
  auto row = store.history(ConversationKey::of(alice, bob), std::nullopt, 1).value().front();
  row.id = MessageId::make(clock.wall_now(), random);
  row.seq = ConversationSeq(2);
  row.sender_ordinal = 2;
  batch.messages.push_back(row);
  MailboxEntry entry;
  entry.owner = bob;
  entry.position = MailboxSeq(2);
  entry.epoch = EpochNumber(1);
  entry.peer = alice;
  entry.seq = row.seq;
  entry.message = row.id;
  batch.entries.push_back(entry);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  other() = digest_of(batch);
  EXPECT_EQ(message(send(sender, bob, "three")).seq, ConversationSeq(3));
  EXPECT_EQ(log(bob).back().entry.position, MailboxSeq(3));
}

TEST_F(AmongNodes, WhatFoundNoTurnComesBehindWhatWaits) {
  befriend(alice, bob);
  const auto sender = join(alice, "phone");
  store.set_has_room(false);
  EXPECT_EQ(code(send(sender, bob, "one", "a")), ErrorCode::kStorageFull);
  store.set_has_room(true);
  store.no_turn = true;
  EXPECT_EQ(code(send(sender, bob, "two", "b")), ErrorCode::kRetry);
  store.no_turn = false;
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(code(send(sender, bob, "two", "b")), ErrorCode::kRetry) << "held back behind a";
  EXPECT_EQ(message(send(sender, bob, "one", "a")).seq, ConversationSeq(1));
  EXPECT_EQ(message(send(sender, bob, "two", "b")).seq, ConversationSeq(2));
}

TEST_F(AmongNodes, ABlockOnAnotherNodeHoldsForTheNextMessage) {
  befriend(alice, bob);
  const auto sender = join(alice, "phone");
  ASSERT_TRUE(std::holds_alternative<SendAnswer>(send(sender, bob, "one")));
  befriend(alice, bob, true);
  other().conversations.push_back(ConversationKey::of(alice, bob));
  EXPECT_EQ(code(send(sender, bob, "two")), ErrorCode::kNotAllowed);
}

TEST_F(AmongNodes, MessagesOfAnotherNodeCountForTheMinute) {
  options.limits.messages_per_minute = 2;
  start();
  befriend(alice, bob);
  for (std::uint64_t seq = 1; seq <= 2; ++seq) {
    other().sent.push_back({.id = {}, .sender = alice, .recipient = bob, .seq = ConversationSeq(seq)});
  }
  const auto sender = join(alice, "phone");
  EXPECT_EQ(code(send(sender, bob, "a third")), ErrorCode::kRateLimited);
}

TEST_F(AmongNodes, ADeviceThatIsConnectedToAnotherNodeDoesNotMakeRoom) {
  options.limits.devices_per_user = 2;
  start();
  const auto old = join(bob, "old");
  leave(old);
  clock.advance(std::chrono::seconds(1));
  leave(join(bob, "recent"));
  presence.elsewhere.insert({bob, old.device});
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob, "new").answer));
  std::set<std::string> left;
  const auto devices = store.devices(bob).value();
  for (const auto& device : devices) left.insert(device.id.value);
  EXPECT_EQ(left, (std::set<std::string>{"new", "old"}));
}

TEST_F(AmongNodes, ADeviceThatMayBeConnectedElsewhereDoesNotMakeRoom) {
  options.limits.devices_per_user = 2;
  start();
  const auto old = join(bob, "old");
  leave(old);
  clock.advance(std::chrono::seconds(1));
  leave(join(bob, "recent"));
  presence.elsewhere.insert({bob, old.device});
  presence.answers = false;
  const auto by = login(bob, "new");
  const auto refused = join(bob, "new", by);
  ASSERT_TRUE(std::holds_alternative<Refusal>(refused.answer));
  EXPECT_EQ(refused.refusal().code, ErrorCode::kRetry);
  EXPECT_GT(refused.refusal().retry_after_seconds, 0u);
  EXPECT_EQ(store.devices(bob).value().size(), 2u);
  EXPECT_TRUE(store.login(old.login).value());
  const auto here = join(bob, "old", old.login);
  EXPECT_TRUE(std::holds_alternative<Attached>(here.answer)) << "who has a place keeps it";
  leave(here);
  presence.answers = true;
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob, "new", by).answer));
  EXPECT_TRUE(store.login(old.login).value());
}

TEST_F(AmongNodes, AnOlderLastSeenDoesNotReplaceTheOneOfAnotherNode) {
  leave(join(bob, "phone"));
  auto row = *store.user(bob).value();
  row.last_seen = clock.wall_now() + std::chrono::seconds(3);
  CommitBatch batch;
  batch.users.push_back(row);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  clock.advance(std::chrono::seconds(10));
  run();
  EXPECT_EQ(store.user(bob).value()->last_seen, row.last_seen);
}

TEST_F(AmongNodes, AnEndingReachesTheDeviceHereAndNoOther) {
  const auto phone = join(bob, "phone");
  const auto laptop = join(bob, "laptop");
  Ending ending;
  ending.user = bob;
  ending.device = phone.device;
  ending.reason = EndReason::kDeviceRemoved;
  other().endings.push_back(ending);
  look();
  EXPECT_EQ(phone.session->ends, std::vector{EndReason::kDeviceRemoved});
  EXPECT_TRUE(laptop.session->ends.empty());
}

TEST_F(AmongNodes, AnOlderHandshakeElsewhereOnlyClosesAYoungerOneHere) {
  const auto phone = join(bob, "phone");
  Ending ending;
  ending.user = bob;
  ending.device = phone.device;
  ending.handshake = clock.wall_now() - std::chrono::seconds(1);
  ending.reason = EndReason::kReplaced;
  other().endings.push_back(ending);
  look();
  EXPECT_TRUE(phone.session->ends.empty());
  EXPECT_EQ(phone.session->cuts, 1);
}

/// What came from another node is looked at when all of a batch are finished, sessions that it lets in included.
TEST_F(AmongNodes, AnEndingThatIsHeardOfBehindAnAttachFindsItsSession) {
  const auto by = login(bob, "phone");
  store.behind_commit = [&] {
    Ending ending;
    ending.login = by;
    ending.user = bob;
    ending.reason = EndReason::kRevoked;
    other().endings.push_back(ending);
  };
  lane->hear({});
  const auto phone = join(bob, "phone", by);
  EXPECT_FALSE(store.behind_commit) << "it was told";
  EXPECT_EQ(phone.session->ends, std::vector{EndReason::kRevoked});
}

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
  RecordingBus bus;
};

TEST_F(Announcements, AreRepeatedAfterNotesMayHaveBeenLost) {
  come(alice);
  const auto gone = come(bob);
  leave(gone);
  pass(options.offline_grace);
  bus.said.clear();
  lane->hear({.kind = NodeNote::Kind::kReconnected, .user = {}, .peer = {}, .on = false, .at = {}});
  run();
  EXPECT_TRUE(bus.announced().empty()) << "the others may not listen yet";
  pass(std::chrono::seconds(10));
  EXPECT_EQ(bus.announced(), std::vector{alice});
  pass(std::chrono::minutes(1));
  EXPECT_TRUE(bus.announced().empty());
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
  const auto pass = [&] {
    for (int i = 0; i < 30; ++i) {
      clock.advance(std::chrono::seconds(1));
      run();
    }
  };
  pass();
  EXPECT_EQ(told(), "");
  presence.table[bob].clear();
  pass();
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

TEST_F(AmongNodes, WhatAnotherNodeTrimsUnderAPumpClosesItsSession) {
  befriend(alice, bob);
  const auto sender = join(alice, "phone");
  auto phone = join(bob, "phone");
  for (int i = 0; i < 3; ++i) send(sender, bob, "x");
  confirm(phone, 3);
  const auto laptop = join(bob, "laptop");
  leave(phone);
  phone = join(bob, "phone", phone.login, ResumePoint{store.epochs().back(), MailboxSeq(1)});
  other().trims.push_back({bob, MailboxSeq(2)});
  look();
  EXPECT_EQ(phone.session->cuts, 0) << "its pump goes on with 2";
  other().trims.push_back({bob, MailboxSeq(3)});
  look();
  EXPECT_EQ(phone.session->cuts, 1);
  EXPECT_EQ(laptop.session->cuts, 0);
}

TEST_F(AmongNodes, WhoMissedTooMuchOfTheLogClosesItsSessions) {
  const auto phone = join(bob, "phone");
  store.others.lost = true;
  look();
  EXPECT_EQ(phone.session->cuts, 1);
  EXPECT_TRUE(phone.session->ends.empty());
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

TEST_F(AmongNodes, AnAttachTellsTheOthersAndALookAtAHeadTakesNoTurn) {
  const auto phone = join(bob, "phone");
  const auto turns = store.turns;
  EXPECT_GT(turns, 0);
  lane->check_head(bob, phone.connection, MailboxSeq(0));
  run();
  EXPECT_EQ(store.turns, turns);
}

}  // namespace
}  // namespace chat::testing
