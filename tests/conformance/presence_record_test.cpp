// users.isOnline in a real MongoDB, written beside the transactions.

#include <gtest/gtest.h>

#include "mongo_under_test.hpp"
#include "rows.hpp"

namespace conformance {
namespace {

using adapters::mongodb::MongoStore;

const chat::UserId kAnn = user_id(1);
const chat::UserId kBob = user_id(2);
const chat::UserId kNobody = user_id(3);

class MongoPresence : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::missing()) GTEST_SKIP() << *missing;
    store_ = open_mongo(name_);
    chat::CommitBatch batch;
    batch.users = {user(1, "ann", "1@example.org"), user(2, "bob", "2@example.org")};
    ASSERT_TRUE(store_->commit(batch, chat::Durability::kSynced).ok());
  }
  void TearDown() override {
    if (!store_) return;
    store_.reset();
    drop_database(MongoServers::shared_uri(), name_);
  }
  /// Each word is a millisecond younger than the one before.
  bool record(std::string_view node, const std::vector<chat::PresenceChange>& changes) {
    return record(node, ++said_, changes);
  }
  bool record(std::string_view node, int said, const std::vector<chat::PresenceChange>& changes) {
    return store_->presence_record().record(node, chat::WallTime(std::chrono::milliseconds(said)), changes);
  }
  [[nodiscard]] std::vector<chat::UserId> by(std::string_view node) const {
    return *store_->presence_record().recorded_by(node);
  }
  void update(const std::string& filter, const std::string& change) {
    const auto command = R"({"update":"users","updates":[{"multi":true,"q":)" + filter + R"(,"u":)" + change +
                         R"(}],"writeConcern":{"w":"majority"}})";
    ASSERT_TRUE(run_on_shared(name_, command));
  }
  /// Of ann, bob and somebody who does not exist.
  std::vector<bool> online() {
    const chat::UserId users[] = {kAnn, kBob, kNobody};
    return *store_->presence_record().recorded_online(users);
  }
  static chat::CommitBatch one_more_user() {
    chat::CommitBatch batch;
    batch.users = {user(4, "dora", "4@example.org")};
    return batch;
  }
  [[nodiscard]] std::int64_t count(const std::string& filter) const { return count_on_shared(name_, "users", filter); }

  const std::string name_ = fresh_database();
  std::unique_ptr<MongoStore> store_;
  int said_ = 1000;
};

using Answers = std::vector<bool>;

TEST_F(MongoPresence, NobodyIsOnlineAtFirstAndTheLastChangeCounts) {
  EXPECT_EQ(online(), (Answers{false, false, false}));
  ASSERT_TRUE(record("a", {{kAnn, true}, {kNobody, true}, {kBob, true}}));
  EXPECT_EQ(online(), (Answers{true, true, false})) << "and nobody was made up";
  EXPECT_EQ(count("{}"), 2);
  EXPECT_EQ(count(R"({"isOnline":true,"onlineNodes.node":"a"})"), 2);
  ASSERT_TRUE(record("a", {{kAnn, false}}));
  EXPECT_EQ(online(), (Answers{false, true, false}));
  EXPECT_EQ(count(R"({"isOnline":false,"onlineNodes":[]})"), 1);
  EXPECT_TRUE(record("a", {}));
  EXPECT_TRUE(store_->presence_record().recorded_online({})->empty());
}

TEST_F(MongoPresence, AUserIsOnlineUntilTheLastNodeHasSaidOtherwise) {
  for (const std::string first : {"a", "b"}) {
    const std::string second = first == "a" ? "b" : "a";
    ASSERT_TRUE(record("a", {{kAnn, true}}));
    ASSERT_TRUE(record("b", {{kAnn, true}}));
    ASSERT_TRUE(record("b", {{kAnn, true}})) << "again, and once in the set";
    EXPECT_EQ(count(R"({"onlineNodes":{"$size":2}})"), 1);
    ASSERT_TRUE(record(first, {{kAnn, false}}));
    EXPECT_TRUE(online()[0]) << first << " has left";
    EXPECT_EQ(by(second), std::vector{kAnn});
    EXPECT_TRUE(by(first).empty());
    ASSERT_TRUE(record(second, {{kAnn, false}}));
    EXPECT_FALSE(online()[0]);
  }
}

TEST_F(MongoPresence, ANodeThatNeverHadTheUserTakesNothingBack) {
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  ASSERT_TRUE(record("b", {{kAnn, false}}));
  EXPECT_TRUE(online()[0]);
}

TEST_F(MongoPresence, AnOlderWordThatComesLateChangesNothing) {
  ASSERT_TRUE(record("a", 2000, {{kAnn, true}}));
  ASSERT_TRUE(record("a", 1999, {{kAnn, false}}));
  EXPECT_TRUE(online()[0]);
  ASSERT_TRUE(record("a", 2001, {{kAnn, false}}));
  ASSERT_TRUE(record("a", 2000, {{kAnn, true}}));
  EXPECT_FALSE(online()[0]);
  ASSERT_TRUE(record("b", 5, {{kAnn, true}}));
  EXPECT_TRUE(online()[0]) << "each node has a clock of its own";
  ASSERT_TRUE(record("b", 2001, {{kBob, false}}));
  ASSERT_TRUE(record("b", 2000, {{kBob, true}}));
  EXPECT_FALSE(online()[1]) << "nor does the first word, when the one that took it back was faster";
  ASSERT_TRUE(record("b", 2002, {{kBob, true}}));
  EXPECT_TRUE(online()[1]);
}

TEST_F(MongoPresence, ANodeIsForgottenWithAllItsUsersAndNoOthers) {
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  ASSERT_TRUE(record("b", {{kBob, true}}));
  ASSERT_TRUE(store_->presence_record().forget_node("a"));
  EXPECT_EQ(online(), (Answers{false, true, false}));
  ASSERT_TRUE(store_->presence_record().forget_node("a")) << "again, with nothing left to forget";
  EXPECT_TRUE(
      run_on_shared(name_, R"({"find":"users","filter":{"onlineNodes.node":"b"},"hint":"onlineNodes.node_1"})"));
}

TEST_F(MongoPresence, WhomOnlyADeadNodeHadIsSeenLastNowAndTheOthersStay) {
  const auto ancient = R"({"lastSeen":{"$lt":{"$date":"2020-01-01T00:00:00Z"}}})";
  update("{}", R"({"$set":{"lastSeen":{"$date":"2019-01-01T00:00:00Z"}}})");
  ASSERT_TRUE(record("a", {{kAnn, true}, {kBob, true}}));
  ASSERT_TRUE(record("b", {{kBob, true}}));
  EXPECT_EQ(count(ancient), 2);
  ASSERT_TRUE(store_->presence_record().forget_node("a"));
  EXPECT_EQ(online(), (Answers{false, true, false}));
  EXPECT_EQ(count(ancient), 1) << "bob's";
  update("{}", R"({"$set":{"lastSeen":{"$date":"2099-01-01T00:00:00Z"}}})");
  ASSERT_TRUE(store_->presence_record().forget_node("b"));
  EXPECT_EQ(count(R"({"lastSeen":{"$gt":{"$date":"2098-01-01T00:00:00Z"}}})"), 2) << "never backwards";
}

TEST_F(MongoPresence, WhatAnEarlierVersionHasWrittenCountsUntilItsNodeIsGone) {
  update("{}", R"({"$set":{"isOnline":true,"onlineNode":"old"}})");
  EXPECT_EQ(online(), (Answers{true, true, false}));
  EXPECT_EQ(by("old").size(), 2u);
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  EXPECT_EQ(by("old"), std::vector{kBob}) << "another node has ann now";
  ASSERT_TRUE(record("b", {{kBob, false}}));
  EXPECT_EQ(online(), (Answers{true, true, false})) << "by the word of the old node";
  ASSERT_TRUE(store_->presence_record().forget_node("old"));
  EXPECT_EQ(online(), (Answers{true, false, false}));
  EXPECT_EQ(count(R"({"onlineNode":{"$exists":true}})"), 0);
}

TEST_F(MongoPresence, AFieldOfAnotherTypeIsNoEntry) {
  update("{}", R"({"$set":{"onlineNodes":"rubbish"}})");
  ASSERT_TRUE(record("a", {{kAnn, true}, {kBob, false}}));
  EXPECT_EQ(online(), (Answers{true, false, false}));
}

TEST_F(MongoPresence, StraysAreForgottenAndNobodyElse) {
  update("{}", R"({"$set":{"isOnline":true}})");  // by nobody's word
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  ASSERT_TRUE(store_->presence_record().forget_strays("a"));
  EXPECT_EQ(online(), (Answers{true, false, false}));
  ASSERT_TRUE(record("gone", {{kAnn, true}, {kBob, true}}));
  ASSERT_TRUE(record(store_->node(), {{kBob, true}}));
  ASSERT_TRUE(store_->commit(one_more_user(), chat::Durability::kSynced).ok()) << "so that the node is in the list";
  ASSERT_TRUE(store_->presence_record().forget_strays("a"));
  EXPECT_TRUE(by("gone").empty());
  EXPECT_EQ(by("a"), std::vector{kAnn});
  EXPECT_EQ(by(store_->node()), std::vector{kBob});
  update("{}", R"({"$set":{"isOnline":true,"onlineNode":"gone"},"$unset":{"onlineNodes":""}})");
  ASSERT_TRUE(store_->presence_record().forget_strays("a"));
  EXPECT_EQ(online(), (Answers{false, false, false}));
}

TEST_F(MongoPresence, AnAccountThatChangesKeepsItsPresence) {
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  chat::CommitBatch batch;
  batch.users = {user(1, "anna", "1@example.org"), user(2, "bert", "2@example.org")};
  ASSERT_TRUE(store_->commit(batch, chat::Durability::kSynced).ok());
  EXPECT_EQ(count(R"({"username":"anna","isOnline":true,"onlineNodes.node":"a"})"), 1);
  EXPECT_EQ(online(), (Answers{true, false, false}));
}

TEST_F(MongoPresence, MoreUsersThanOneQuestionHolds) {
  std::vector<chat::UserId> users(25'000, kNobody);
  users.front() = kAnn;
  users.back() = kBob;
  ASSERT_TRUE(record("a", {{kBob, true}}));
  const auto answers = *store_->presence_record().recorded_online(users);
  ASSERT_EQ(answers.size(), users.size());
  EXPECT_FALSE(answers.front());
  EXPECT_TRUE(answers.back());
}

TEST(MongoPresenceWithoutServer, SaysThatNothingIsCertain) {
  if (const auto missing = MongoServers::program_missing()) GTEST_SKIP() << *missing;
  MongoServers servers(1);
  const auto store = open_mongo(fresh_database(), servers.uri() + "&serverSelectionTimeoutMS=200");
  servers.kill(0);
  const chat::PresenceChange changes[] = {{kAnn, true}};
  const chat::UserId users[] = {kAnn};
  EXPECT_FALSE(store->presence_record().record("a", chat::WallTime(), changes));
  EXPECT_FALSE(store->presence_record().forget_strays("a"));
  EXPECT_FALSE(store->presence_record().recorded_by("a").ok());
  EXPECT_FALSE(store->presence_record().forget_node("a"));
  EXPECT_FALSE(store->presence_record().recorded_online(users).ok());
}

}  // namespace
}  // namespace conformance
