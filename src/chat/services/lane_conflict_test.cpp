// Another node wrote first: what the lane staged is forgotten and staged again, unseen by the client.

#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class LaneConflict : public LaneTest {
 protected:
  LaneConflict() { befriend(alice_id, bob_id); }

  /// What the other node commits: bob's mailbox and the conversation grow by one.
  void other_node_sends(const std::string& client_id) {
    const auto pair = ConversationKey::of(alice_id, bob_id);
    const auto newest = store.history(pair, std::nullopt, 1).value();
    CommitBatch batch;
    Message& made = batch.messages.emplace_back();
    made.id = MessageId::make(clock.wall_now(), other_random_);
    made.sender = alice_id;
    made.recipient = bob_id;
    made.seq = newest.empty() ? ConversationSeq(1) : newest.front().seq.next();
    made.sender_ordinal = made.seq.value;
    made.client_id = client_id;
    made.content.bytes = made.id.hex() + "text";
    MailboxEntry& entry = batch.entries.emplace_back();
    entry.owner = bob_id;
    entry.peer = alice_id;
    entry.position = store.mailbox_bounds(bob_id).value().head.next();
    entry.epoch = EpochNumber(1);
    entry.seq = made.seq;
    entry.message = made.id;
    ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  }

  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
  base::SeededRandom other_random_{77};
};

TEST_F(LaneConflict, ASendIsNumberedAgainBehindTheOtherNodesMessage) {
  const auto alice = join(alice_id, "phone");
  ASSERT_EQ(message(send(alice, bob_id, "one", "a")).seq, ConversationSeq(1));
  other_node_sends("elsewhere");
  store.fail_commit(1, StoreError::kConflict);
  const auto second = message(send(alice, bob_id, "two", "b"));
  EXPECT_EQ(second.seq, ConversationSeq(3));
  const auto entries = log(bob_id);
  ASSERT_EQ(entries.size(), 3u);
  EXPECT_EQ(entries.back().entry.message, second.id);
}

TEST_F(LaneConflict, ARepeatThatTheOtherNodeHasStoredIsAnsweredAsOne) {
  const auto alice = join(alice_id, "phone");
  ASSERT_EQ(message(send(alice, bob_id, "one", "a")).seq, ConversationSeq(1));
  Sent sent;
  lane->send(request(alice, bob_id, "text", "b"), executor, [&sent](auto answer) { sent = std::move(answer); });
  store.fail_commit(2, StoreError::kConflict);  // the other node's is the first
  other_node_sends("c");
  run();
  EXPECT_EQ(message(std::move(sent)).seq, ConversationSeq(3));
  other_node_sends("d");
  const auto again = std::get<SendAnswer>(send(alice, bob_id, "text", "d"));
  EXPECT_TRUE(again.duplicate);
}

TEST_F(LaneConflict, SendsOfOneBatchKeepTheirOrderAndTheirLimitsAreTakenOnce) {
  options.limits.messages_per_minute = 5;
  restart();
  const auto alice = join(alice_id, "phone");
  std::vector<Sent> sent(5);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    lane->send(request(alice, bob_id, "text " + std::to_string(i), "id" + std::to_string(i)), executor,
               [&sent, i](auto answer) { sent[i] = std::move(answer); });
  }
  store.fail_commit(1, StoreError::kConflict);
  run();
  for (std::size_t i = 0; i < sent.size(); ++i) EXPECT_EQ(message(std::move(sent[i])).seq, ConversationSeq(i + 1));
}

TEST_F(LaneConflict, ConflictsWithoutEndAreAnsweredWithRetry) {
  const auto alice = join(alice_id, "phone");
  Sent sent;
  lane->send(request(alice, bob_id, "text", "a"), executor, [&sent](auto answer) { sent = std::move(answer); });
  constexpr int kBeyondAllPatience = 40;
  for (int round = 0; round < kBeyondAllPatience; ++round) {
    store.fail_commit(1, StoreError::kConflict);
    lane->run_once();
    executor.run();
  }
  EXPECT_EQ(code(sent), ErrorCode::kRetry);
  EXPECT_TRUE(log(bob_id).empty());
}

TEST_F(LaneConflict, AConnectionIsNotLost) {
  const auto alice = join(alice_id, "phone");
  const auto logged_in = login(alice_id, "tablet");
  store.fail_commit(1, StoreError::kConflict);
  const auto tablet = join(alice_id, "tablet", logged_in);
  EXPECT_TRUE(std::holds_alternative<Attached>(tablet.answer));
  EXPECT_EQ(store.devices(alice_id).value().size(), 2u);
}

TEST_F(LaneConflict, WhoLeavesInTheRoundOfItsConnectionIsGone) {
  AttachRequest coming;
  coming.user = alice_id;
  coming.login = login(alice_id, "tablet");
  coming.device = DeviceId{"tablet"};
  coming.connection = ConnectionId(1);
  coming.session = std::make_shared<RecordingSession>(executor);
  bool attached = false;
  lane->attach(std::move(coming), executor,
               [&attached](const auto& answer) { attached = std::holds_alternative<Attached>(answer); });
  lane->detach(alice_id, DeviceId{"tablet"}, ConnectionId(1), {});
  store.fail_commit(1, StoreError::kConflict);
  run();
  EXPECT_TRUE(attached);
  EXPECT_FALSE(presence.is_online(alice_id));
}

TEST_F(LaneConflict, TheWordOfAConnectionThatIsGoneByTheTimeItIsStoredCounts) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "one"));
  store.refuses = StoreError::kUnavailable;
  confirm(bob, 1, {receipt(sent)});
  leave(bob);
  leave(alice);
  EXPECT_FALSE(presence.is_online(alice_id)) << "nothing waits for the store of hers";
  for (int i = 0; i < 3; ++i) {
    clock.advance(std::chrono::seconds(1));
    run();
  }
  EXPECT_EQ(position(bob), MailboxSeq(0));
  store.refuses.reset();
  clock.advance(std::chrono::seconds(1));
  run();
  EXPECT_EQ(position(bob), MailboxSeq(1));
  EXPECT_TRUE(delivered(alice_id, bob_id));
  EXPECT_FALSE(presence.is_online(bob_id));
}

TEST_F(LaneConflict, OnAFullDiskNobodyWhoIsGoneHoldsUpWhoComes) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "one"));
  store.refuses = StoreError::kFull;
  confirm(bob, 1, {receipt(sent)});
  leave(bob);
  clock.advance(std::chrono::seconds(1));
  run();
  EXPECT_FALSE(presence.is_online(bob_id));
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob_id, "phone", bob.login).answer)) << "which writes nothing";
}

TEST_F(LaneConflict, WhoHadNothingToDoWithItIsNotReadAgain) {
  constexpr int kSessions = 64;
  std::deque<Joined> sessions;
  for (int i = 0; i < kSessions; ++i) {
    sessions.push_back(join(person("user" + std::to_string(i)), "phone"));
  }
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  sessions.push_back(bob);
  send(alice, bob_id, "one");
  store.fail_commit(1, StoreError::kConflict);
  send(alice, bob_id, "two");
  store.fail_commit(1, StoreError::kFull);
  EXPECT_EQ(code(send(alice, bob_id, "three")), ErrorCode::kStorageFull);
  bob.session->hints.clear();
  const auto reads = store.reads();
  for (const auto& each : sessions) lane->check_head(each.user, each.connection, {});
  run();
  constexpr std::uint64_t kOfOneUser = 5;
  EXPECT_LE(store.reads() - reads, kOfOneUser);
  ASSERT_EQ(bob.session->hints.size(), 1u);
  EXPECT_EQ(bob.session->hints.back().head, MailboxSeq(2)) << "and not of the message that was refused";
}

TEST_F(LaneConflict, AStoreThatDoesNotAnswerIsNotAskedFurther) {
  const auto alice = join(alice_id, "phone");
  const auto logged_in = login(bob_id, "phone");
  store.fail_read(1);
  const auto reads = store.reads();
  EXPECT_EQ(join(bob_id, "phone", logged_in).refusal().code, ErrorCode::kRetry);
  EXPECT_EQ(store.reads() - reads, 1u);
}

}  // namespace
}  // namespace chat::testing
