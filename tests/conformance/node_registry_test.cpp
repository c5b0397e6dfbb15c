// What the nodes of a cluster think of each other: who is dead, and what becomes of its row.

#include "adapters/mongodb/node_registry.hpp"

#include <gtest/gtest.h>

#include <future>
#include <thread>

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
  [[nodiscard]] std::int64_t rows_of(const std::string& node) const {
    return count_on_shared(name_, "nodes", R"({"_id":")" + node + R"("})");
  }

  const std::string name_ = fresh_database();
  std::unique_ptr<adapters::mongodb::Pool> pool_;
};

TEST_F(NodeRows, OfTheDeadStayUntilWhatTheyLeftIsSettled) {
  NodeRegistry dead(*pool_, "dead", seconds(2));  // never started: renews nothing
  ASSERT_FALSE(dead.announce_session(std::string(16, 'x')));
  std::promise<void> settled;
  int calls = 0;
  NodeRegistry living(*pool_, "living", seconds(2));
  living.watch(
      [&](const std::string& node) {
        EXPECT_EQ(node, "dead");
        EXPECT_EQ(rows_of("dead"), 1) << "if this fails, somebody else has to find it";
        if (++calls == 2) settled.set_value();
        return calls == 2;
      },
      {});
  living.start();
  const auto done = settled.get_future();
  do living.hurry();
  while (done.wait_for(milliseconds(20)) != std::future_status::ready);
  while (rows_of("dead") != 0) std::this_thread::sleep_for(milliseconds(20));
  living.watch({}, {});
  EXPECT_EQ(calls, 2);
}

TEST_F(NodeRows, OfANodeThatWasTakenForDeadComeBackAndItIsTold) {
  NodeRegistry node(*pool_, "node", seconds(5));
  ASSERT_FALSE(node.announce_session(std::string(16, 'x')));
  ASSERT_TRUE(run_on_shared(name_, R"({"delete":"nodes","deletes":[{"q":{"_id":"node"},"limit":1}]})"));
  ASSERT_FALSE(node.announce_session(std::string(16, 'y'))) << "it finds no row, and makes one";
  std::promise<void> revived;
  node.watch([](const std::string&) { return true; }, [&] { revived.set_value(); });
  node.start();
  EXPECT_EQ(revived.get_future().wait_for(seconds(30)), std::future_status::ready);
}

TEST_F(NodeRows, ThatAnotherNodeHasMarkedAreTheOwnersAgain) {
  NodeRegistry node(*pool_, "node", seconds(5));
  ASSERT_FALSE(node.announce_session(std::string(16, 'x')));
  ASSERT_TRUE(run_on_shared(
      name_, R"({"update":"nodes","updates":[{"q":{"_id":"node"},"u":{"$set":{"buriedBy":"another"}}}]})"));
  std::promise<void> revived;
  node.watch([](const std::string&) { return true; }, [&] { revived.set_value(); });
  node.start();
  ASSERT_EQ(revived.get_future().wait_for(seconds(30)), std::future_status::ready);
  EXPECT_EQ(count_on_shared(name_, "nodes", R"({"_id":"node","buriedBy":{"$exists":false}})"), 1);
}

}  // namespace
}  // namespace conformance
