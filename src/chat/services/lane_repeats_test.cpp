// Repeats on a store that several nodes share, where the lane does not ask for the client id of everybody who sends.

#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class RepeatsAmongNodes : public LaneTest {
 protected:
  RepeatsAmongNodes() {
    store.among_others = true;
    restart();
    befriend(alice_id, bob_id);
  }
  /// A socket that has been there for so long that whatever was repeated after a reconnect has come.
  Joined settled(const UserId& user) {
    auto joined = join(user, "phone");
    clock.advance(std::chrono::seconds(6));
    store.asked_for_client_ids = 0;
    return joined;
  }
  /// At another node.
  void end_friendship() {
    Relation ended;
    ended.pair = ConversationKey::of(alice_id, bob_id);
    CommitBatch batch;
    batch.relations.push_back(ended);
    ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
    store.others.batches.push_back(digest_of(batch));
  }
  void expect_repeat(const Sent& again, const MessageView& first) {
    const auto answer = std::get<SendAnswer>(again);
    EXPECT_TRUE(answer.duplicate);
    EXPECT_EQ(answer.message.id, first.id);
    EXPECT_EQ(answer.message.seq, first.seq);
  }

  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
};

TEST_F(RepeatsAmongNodes, WhoHasJustComeIsAskedFor) {
  const auto alice = join(alice_id, "phone");
  store.asked_for_client_ids = 0;
  ASSERT_EQ(message(send(alice, bob_id, "one", "a")).seq, ConversationSeq(1));
  EXPECT_EQ(store.asked_for_client_ids, 1);
}

TEST_F(RepeatsAmongNodes, WhoNeverRepeatedIsNot) {
  const auto alice = settled(alice_id);
  ASSERT_EQ(message(send(alice, bob_id, "one", "a")).seq, ConversationSeq(1));
  ASSERT_EQ(message(send(alice, bob_id, "two", "b")).seq, ConversationSeq(2));
  EXPECT_EQ(store.asked_for_client_ids, 0);
}

TEST_F(RepeatsAmongNodes, ARepeatIsOneMessageAndItsSenderIsAskedForFromThenOn) {
  const auto alice = settled(alice_id);
  const auto first = message(send(alice, bob_id, "one", "a"));
  const auto commits = store.commits();
  expect_repeat(send(alice, bob_id, "one", "a"), first);
  EXPECT_EQ(store.asked_for_client_ids, 1);
  EXPECT_EQ(store.commits(), commits);
  EXPECT_EQ(log(bob_id).size(), 1u);
  ASSERT_EQ(message(send(alice, bob_id, "two", "b")).seq, ConversationSeq(2));
  EXPECT_EQ(store.asked_for_client_ids, 2);
}

TEST_F(RepeatsAmongNodes, WhatSharesTheBatchOfARepeatIsStoredInItsOrder) {
  const auto alice = settled(alice_id);
  const auto carol_id = person("carol");
  befriend(carol_id, bob_id);
  const auto carol = settled(carol_id);
  const auto first = message(send(alice, bob_id, "one", "a"));
  std::vector<Sent> sent(4);
  const auto push = [&](std::size_t at, const Joined& from, const std::string& text, const std::string& id) {
    lane->send(request(from, bob_id, text, id), executor, [&sent, at](auto answer) { sent[at] = std::move(answer); });
  };
  push(0, carol, "hello", "c");
  push(1, alice, "one", "a");
  push(2, alice, "two", "b");
  push(3, alice, "two", "b");
  run();
  EXPECT_EQ(message(sent[0]).seq, ConversationSeq(1));
  expect_repeat(sent[1], first);
  EXPECT_EQ(message(sent[2]).seq, ConversationSeq(2));
  expect_repeat(sent[3], message(sent[2]));
  EXPECT_EQ(log(bob_id).size(), 3u);
}

TEST_F(RepeatsAmongNodes, ARepeatCostsNoLimit) {
  options.limits.messages_per_minute = 2;
  options.limits.bytes_per_second = 10;
  restart();
  const auto alice = settled(alice_id);
  const auto first = message(send(alice, bob_id, "12345", "a"));
  expect_repeat(send(alice, bob_id, "12345", "a"), first);
  const auto second = message(send(alice, bob_id, "67890", "b"));
  expect_repeat(send(alice, bob_id, "67890", "b"), second);
  EXPECT_EQ(code(send(alice, bob_id, "more", "c")), ErrorCode::kRateLimited);
}

TEST_F(RepeatsAmongNodes, ARepeatIsAnsweredWhereAnythingElseIsRefused) {
  options.limits.messages_per_minute = 1;
  restart();
  const auto alice = settled(alice_id);
  const auto first = message(send(alice, bob_id, "one", "a"));
  expect_repeat(send(alice, bob_id, "one", "a"), first);
  EXPECT_EQ(store.asked_for_client_ids, 1) << "asked for when it would have been refused";
  EXPECT_EQ(metrics.refused_rate.value(), 0);
  EXPECT_EQ(metrics.messages_refused.value(), 0);
}

TEST_F(RepeatsAmongNodes, ARepeatIsAnsweredAfterTheFriendshipHasEnded) {
  const auto alice = settled(alice_id);
  const auto first = message(send(alice, bob_id, "one", "a"));
  end_friendship();
  expect_repeat(send(alice, bob_id, "one", "a"), first);
  EXPECT_EQ(code(send(alice, bob_id, "two", "b")), ErrorCode::kNotAllowed);
}

TEST_F(RepeatsAmongNodes, WhatCannotBeAskedForIsNotRefusedForGood) {
  const auto alice = settled(alice_id);
  const auto first = message(send(alice, bob_id, "one", "a"));
  end_friendship();
  // The reads of a send to somebody who is no friend any more; the last one is for the client id.
  const auto before = store.reads();
  EXPECT_EQ(code(send(alice, bob_id, "two", "b")), ErrorCode::kNotAllowed);
  end_friendship();  // so that the relation is read again
  store.fail_read(store.reads() - before);
  EXPECT_EQ(code(send(alice, bob_id, "one", "a")), ErrorCode::kRetry);
  expect_repeat(send(alice, bob_id, "one", "a"), first);
}

TEST_F(RepeatsAmongNodes, ARepeatWithAnotherTextIsAConflict) {
  const auto alice = settled(alice_id);
  static_cast<void>(message(send(alice, bob_id, "one", "a")));
  EXPECT_EQ(code(send(alice, bob_id, "other", "a")), ErrorCode::kConflict);
  EXPECT_EQ(log(bob_id).size(), 1u);
}

}  // namespace
}  // namespace chat::testing
