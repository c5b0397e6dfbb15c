// A store that is opened beside the nodes that write it, and a new epoch.

#include <gtest/gtest.h>

#include "mongo_under_test.hpp"
#include "rows.hpp"

namespace conformance {
namespace {

using adapters::mongodb::MongoStore;

class MongoOperator : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::missing()) GTEST_SKIP() << *missing;
    options_.uri = MongoServers::shared_uri();
    options_.database = fresh_database();
  }
  void TearDown() override {
    if (!options_.database.empty()) drop_database(options_.uri, options_.database);
  }
  [[nodiscard]] std::int64_t documents(const std::string& collection) const {
    return count_on_shared(options_.database, collection, "{}");
  }

  adapters::mongodb::Options options_;
};

TEST_F(MongoOperator, LooksWithoutATraceAndCannotWrite) {
  const auto node = open_mongo(options_.database);
  const auto looking = MongoStore::open_read_only(options_);
  ASSERT_TRUE(looking.ok());
  EXPECT_EQ((*looking)->epochs(), node->epochs());
  EXPECT_EQ(documents("epochs"), 1);
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "ann@example.org")};
  EXPECT_EQ((*looking)->commit(batch, chat::Durability::kSynced).error(), chat::StoreError::kUnavailable);
  EXPECT_FALSE((*looking)->user(user_id(1)).value());
  ASSERT_TRUE(node->commit(batch, chat::Durability::kSynced).ok());
  EXPECT_TRUE((*looking)->user(user_id(1)).value()) << "what nodes commit meanwhile is seen";
}

TEST_F(MongoOperator, MakesNothingOfADatabaseThatIsNoStore) {
  const auto looking = MongoStore::open_read_only(options_);
  ASSERT_FALSE(looking.ok());
  EXPECT_EQ(looking.error().cause, adapters::mongodb::OpenError::kWrongFormat);
  EXPECT_FALSE(MongoStore::start_epoch(options_).ok());
  for (const auto* collection : {"meta", "epochs", "messages"}) EXPECT_EQ(documents(collection), 0);
}

TEST_F(MongoOperator, StartsAnEpochThatTheNextNodeUsesOnceNoNodeRuns) {
  auto running = open_mongo(options_.database);
  const auto first = running->epochs();
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "ann@example.org")};
  ASSERT_TRUE(running->commit(batch, chat::Durability::kSynced).ok());  // so that its lease is there
  const auto refused = MongoStore::start_epoch(options_);
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.error().message.find(running->node()), std::string::npos);
  EXPECT_EQ(documents("epochs"), 1);
  running.reset();
  const auto started = MongoStore::start_epoch(options_);
  ASSERT_TRUE(started.ok());
  EXPECT_EQ(started->size(), first.front().size());
  const auto node = open_mongo(options_.database, "", false);
  EXPECT_EQ(node->epochs(), (std::vector<std::string>{first.front(), *started}));
}

}  // namespace
}  // namespace conformance
