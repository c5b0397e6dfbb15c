// What the nodes of a cluster think of each other: who is dead, and what becomes of its row.

#include "adapters/mongodb/node_registry.hpp"

#include <gtest/gtest.h>

#include <future>

#include "mongo_under_test.hpp"

namespace conformance {
namespace {

using adapters::mongodb::LeaseJudge;
using adapters::mongodb::NodeRegistry;
using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(LeaseJudge, GivesTheOthersTheTimeOfALeaseBehindItsStartAndBehindAGap) {
  LeaseJudge judge{seconds(5)};
  LeaseJudge::Time now{};
  EXPECT_FALSE(judge.may_judge(now)) << "it has no lease itself";
  const auto renew_for = [&](int rounds) {
    bool judged = false;
    for (int i = 0; i < rounds; ++i, now += seconds(1)) {
      judge.renewed(now);
      judged |= judge.may_judge(now);
    }
    return judged;
  };
  EXPECT_FALSE(renew_for(5)) << "its start may be the end of an outage";
  EXPECT_TRUE(renew_for(1));
  now += seconds(10);  // nobody could renew
  EXPECT_FALSE(renew_for(5));
  EXPECT_TRUE(renew_for(1));
  now += milliseconds(1500);
  EXPECT_TRUE(renew_for(1)) << "a slow answer is no outage";
}

class NodeRows : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::missing()) GTEST_SKIP() << *missing;
    open_mongo(name_).reset();  // makes the schema
    adapters::mongodb::Options options;
    options.uri = MongoServers::shared_uri();
    options.database = name_;
    auto pool = adapters::mongodb::Pool::create(options);
    ASSERT_TRUE(pool.ok());
    pool_ = std::move(*pool);
  }
  void TearDown() override {
    if (!pool_) return;
    pool_.reset();
    drop_database(MongoServers::shared_uri(), name_);
  }
  const std::string name_ = fresh_database();
  std::unique_ptr<adapters::mongodb::Pool> pool_;
};

TEST_F(NodeRows, OfANodeThatWasTakenForDeadComeBackAndItIsTold) {
  NodeRegistry node(*pool_, "node", seconds(5));
  ASSERT_FALSE(node.announce_session(std::string(16, 'x')));
  ASSERT_TRUE(run_on_shared(name_, R"({"delete":"nodes","deletes":[{"q":{"_id":"node"},"limit":1}]})"));
  ASSERT_FALSE(node.announce_session(std::string(16, 'y'))) << "it finds no row, and makes one";
  std::promise<void> revived;
  node.watch([](const std::string&) {}, [&] { revived.set_value(); });
  node.start();
  EXPECT_EQ(revived.get_future().wait_for(seconds(30)), std::future_status::ready);
}

}  // namespace
}  // namespace conformance
