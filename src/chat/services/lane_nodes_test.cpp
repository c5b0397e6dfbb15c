// What another node's batch means for this one's lane. The store is a memory store that says it is shared; the other
// node is the test.

#include <gtest/gtest.h>

#include "chat/services/lane_nodes_fixture.hpp"

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
