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
  bool record(std::string_view node, const std::vector<chat::PresenceChange>& changes) {
    return store_->presence_record().record(node, changes);
  }
  /// Of ann, bob and somebody who does not exist.
  std::vector<bool> online() {
    const chat::UserId users[] = {kAnn, kBob, kNobody};
    return *store_->presence_record().recorded_online(users);
  }
  [[nodiscard]] std::int64_t count(const std::string& filter) const { return count_on_shared(name_, "users", filter); }

  const std::string name_ = fresh_database();
  std::unique_ptr<MongoStore> store_;
};

using Answers = std::vector<bool>;

TEST_F(MongoPresence, NobodyIsOnlineAtFirstAndTheLastChangeCounts) {
  EXPECT_EQ(online(), (Answers{false, false, false}));
  ASSERT_TRUE(record("a", {{kAnn, true}, {kNobody, true}, {kBob, true}}));
  EXPECT_EQ(online(), (Answers{true, true, false})) << "and nobody was made up";
  EXPECT_EQ(count("{}"), 2);
  EXPECT_EQ(count(R"({"isOnline":true,"onlineNode":"a"})"), 2);
  ASSERT_TRUE(record("a", {{kAnn, false}}));
  EXPECT_EQ(online(), (Answers{false, true, false}));
  EXPECT_EQ(count(R"({"isOnline":false,"onlineNode":{"$exists":false}})"), 1);
  EXPECT_TRUE(record("a", {}));
  EXPECT_TRUE(store_->presence_record().recorded_online({})->empty());
}

TEST_F(MongoPresence, GoingOfflineCountsOnlyFromTheNodeThatSaidOnline) {
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  ASSERT_TRUE(record("b", {{kAnn, true}}));
  ASSERT_TRUE(record("a", {{kAnn, false}}));
  EXPECT_TRUE(online()[0]);
  ASSERT_TRUE(record("b", {{kAnn, false}}));
  EXPECT_FALSE(online()[0]);
}

TEST_F(MongoPresence, ANodeIsForgottenWithAllItsUsersAndNoOthers) {
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  ASSERT_TRUE(record("b", {{kBob, true}}));
  ASSERT_TRUE(store_->presence_record().forget_node("a"));
  EXPECT_EQ(online(), (Answers{false, true, false}));
  ASSERT_TRUE(store_->presence_record().forget_node("a")) << "again, with nothing left to forget";
  EXPECT_TRUE(run_on_shared(name_, R"({"find":"users","filter":{"onlineNode":"b"},"hint":"onlineNode_1"})"));
}

TEST_F(MongoPresence, AnAccountThatChangesKeepsItsPresence) {
  ASSERT_TRUE(record("a", {{kAnn, true}}));
  chat::CommitBatch batch;
  batch.users = {user(1, "anna", "1@example.org"), user(2, "bert", "2@example.org")};
  ASSERT_TRUE(store_->commit(batch, chat::Durability::kSynced).ok());
  EXPECT_EQ(count(R"({"username":"anna","isOnline":true,"onlineNode":"a"})"), 1);
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
  EXPECT_FALSE(store->presence_record().record("a", changes));
  EXPECT_FALSE(store->presence_record().forget_node("a"));
  EXPECT_FALSE(store->presence_record().recorded_online(users).ok());
}

}  // namespace
}  // namespace conformance
