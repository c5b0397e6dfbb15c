// The router against nodes that say what the test tells them to.

#include "redis/cluster_router.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>

#include "aio/shard_testing.hpp"
#include "base/clock.hpp"
#include "redis/cluster_nodes_fixture.hpp"

namespace redis {
namespace {

using namespace std::chrono_literals;
using testing::ClusterNodes;

// "foo" lies in 12182, "bar" in 5061.
constexpr int kFooSlot = 12'182, kHalf = 8'192;

class RedisClusterRouter : public ::testing::Test {
 protected:
  RedisClusterRouter() {
    options_.endpoint.seeds = {{"127.0.0.1", nodes_.port(0)}, {"127.0.0.1", nodes_.port(1)}};
    options_.reconnect_first = 1ms;
    options_.reconnect_last = 2ms;
    nodes_.slots({{0, 0}, {kHalf, 1}});
    shard_.start();
  }
  template <class Work>
  void on_shard(Work work) {
    aio::testing::run_on(shard_, std::move(work));
  }
  template <class Condition>
  void await(Condition condition) {
    bool holds = false;
    while (!holds) on_shard([&] { holds = condition(); });
  }
  void start() {
    on_shard([&] {
      router_ = std::make_unique<ClusterRouter>(shard_, options_, [this](bool ready) {
        ready_ = ready;
        ready_reports_ += ready ? 1 : 0;
      });
      router_->start();
    });
  }
  /// All masters are connected to: both have carried out what was sent to them.
  void start_and_connect() {
    start();
    await([&] { return ready_.load(); });
    for (const auto* key : {"foo", "bar"}) {
      while (command(key).get() != "OK") std::this_thread::yield();
    }
  }
  /// "text", or what went wrong.
  std::future<std::string> command(const std::string& key, const std::string& word = "GET") {
    auto promise = std::make_shared<std::promise<std::string>>();
    shard_.post([this, promise, word, key] {
      const std::array<std::string_view, 2> words = {word, key};
      router_->command(key, words, [promise](const base::Result<Reply, CommandError>& reply) {
        // A second call would throw.
        promise->set_value(reply.ok() ? reply->text : std::string(to_string(reply.error())));
      });
    });
    return promise->get_future();
  }
  void TearDown() override {
    on_shard([&] { router_.reset(); });
    shard_.stop();
  }
  std::string moved(std::size_t node, const char* what = "MOVED") {
    return "-" + std::string(what) + " " + std::to_string(kFooSlot) +
           " 127.0.0.1:" + std::to_string(nodes_.port(node)) + "\r\n";
  }

  ClusterNodes nodes_{3};
  Options options_;
  base::SystemClock clock_;
  aio::Shard shard_{aio::ShardIndex{0}, clock_};
  std::atomic<bool> ready_{false};
  std::atomic<int> ready_reports_{0};
  std::unique_ptr<ClusterRouter> router_;
};

TEST_F(RedisClusterRouter, EachKeyIsAskedForWhereItIs) {
  start_and_connect();
  nodes_.answer(0, [](const std::string& line) { return "+zero " + line + "\r\n"; });
  nodes_.answer(1, [](const std::string& line) { return "+one " + line + "\r\n"; });
  EXPECT_EQ(command("foo").get(), "one GET foo");
  EXPECT_EQ(command("bar").get(), "zero GET bar");
  EXPECT_EQ(command("{bar}x").get(), "zero GET {bar}x");
  EXPECT_TRUE(nodes_.heard(2).empty());
}

TEST_F(RedisClusterRouter, BeforeTheMapIsKnownACommandFailsAtOnce) {
  nodes_.slots({});
  start();
  EXPECT_EQ(command("foo").get(), "not connected");
  EXPECT_FALSE(ready_);
  nodes_.slots({{0, 0}});
  await([&] { return ready_.load(); });
}

TEST_F(RedisClusterRouter, AnyNamedNodeLeadsToTheOthers) {
  nodes_.kill(0);
  nodes_.slots({{0, 2}});
  start();
  await([&] { return ready_.load(); });
  EXPECT_EQ(command("foo").get(), "OK");
  EXPECT_EQ(nodes_.heard(2), std::vector<std::string>{"GET foo"});
}

TEST_F(RedisClusterRouter, MovedIsFollowedAndRemembered) {
  start_and_connect();
  nodes_.slots({{0, 0}, {kHalf, 1}, {kFooSlot, 2}, {kFooSlot + 1, 1}});
  nodes_.answer(1, [&](const std::string&) { return moved(2); });
  nodes_.answer(2, [](const std::string&) { return "+two\r\n"; });
  EXPECT_EQ(command("foo").get(), "two");
  nodes_.answer(1, [](const std::string&) { return "+one\r\n"; });
  EXPECT_EQ(command("foo").get(), "two");
  const auto reports = ready_reports_.load();
  await([&] { return ready_reports_ >= std::max(reports, 2); });  // a new master has been reported
  EXPECT_EQ(command("foo").get(), "two");
}

TEST_F(RedisClusterRouter, AThousandRedirectionsAskForTheMapOnce) {
  start_and_connect();
  const int before = nodes_.maps_asked();
  nodes_.answer(1, [&](const std::string&) { return moved(0); });
  std::vector<std::future<std::string>> replies;
  for (int i = 0; i < 1'000; ++i) replies.push_back(command("foo"));
  for (auto& reply : replies) EXPECT_EQ(reply.get(), "OK");
  EXPECT_LE(nodes_.maps_asked(), before + 3);
}

TEST_F(RedisClusterRouter, AskHoldsForThisCommandOnly) {
  start_and_connect();
  nodes_.answer(1, [&](const std::string&) { return moved(2, "ASK"); });
  EXPECT_EQ(command("foo").get(), "OK");
  EXPECT_EQ(nodes_.heard(2), (std::vector<std::string>{"ASKING", "GET foo"}));
  nodes_.answer(1, [](const std::string&) { return "+one\r\n"; });
  EXPECT_EQ(command("foo").get(), "one");
}

TEST_F(RedisClusterRouter, WhatMayPassIsTriedAgainUntilItHasPassed) {
  start_and_connect();
  std::atomic<int> left{6};
  nodes_.answer(1, [&](const std::string&) -> std::string {
    switch (--left) {
      case 5:
      case 4:
        return "-TRYAGAIN Multiple keys request during rehashing of slot\r\n";
      case 3:
        return "-CLUSTERDOWN The cluster is down\r\n";
      case 2:
        return "-LOADING Redis is loading the dataset in memory\r\n";
      default:
        return "+done\r\n";
    }
  });
  EXPECT_EQ(command("foo").get(), "done");
  EXPECT_EQ(left, 1);
}

TEST_F(RedisClusterRouter, WhatDoesNotPassEndsInTime) {
  options_.command_timeout = 300ms;
  start_and_connect();
  nodes_.answer(1, [](const std::string&) { return "-CLUSTERDOWN The cluster is down\r\n"; });
  EXPECT_EQ(command("foo").get(), "timed out");
  EXPECT_EQ(command("bar").get(), "OK") << "others do not notice";
  nodes_.answer(1, [&](const std::string&) { return moved(2); });
  nodes_.answer(2, [&](const std::string&) { return moved(1); });
  EXPECT_EQ(command("foo").get(), "timed out");
  EXPECT_LT(nodes_.heard(2).size(), 1'000u) << "two nodes that name each other are asked with pauses";
}

TEST_F(RedisClusterRouter, OtherErrorsAreReplies) {
  start_and_connect();
  nodes_.answer(1, [](const std::string&) { return "-NOSCRIPT No matching script\r\n"; });
  EXPECT_EQ(command("foo").get(), "NOSCRIPT No matching script");
}

TEST_F(RedisClusterRouter, ALostMasterFailsItsCommandsAndTheOthersGoOn) {
  start_and_connect();
  nodes_.answer(1, [](const std::string&) { return std::string(); });
  auto waiting = command("foo");
  await([&] { return router_->pending() == 1; });
  while (nodes_.heard(1).size() < 2) std::this_thread::yield();
  nodes_.kill(1);
  EXPECT_EQ(waiting.get(), "connection lost");
  EXPECT_EQ(command("foo").get(), "not connected");
  EXPECT_EQ(command("bar").get(), "OK");
  EXPECT_TRUE(ready_);
  nodes_.slots({{0, 0}, {kHalf, 2}});  // another one has taken over
  while (command("foo").get() != "OK") std::this_thread::yield();
  EXPECT_FALSE(nodes_.heard(2).empty());
}

TEST_F(RedisClusterRouter, AMasterThatComesBackIsReportedAgain) {
  start_and_connect();
  const int reports = ready_reports_;
  nodes_.cut(1);
  await([&] { return ready_reports_ > reports; });
  EXPECT_EQ(command("bar").get(), "OK");
}

TEST_F(RedisClusterRouter, WithoutAnyMasterItIsNotReady) {
  start_and_connect();
  nodes_.kill(0);
  nodes_.kill(1);
  await([&] { return !ready_.load(); });
  EXPECT_EQ(command("foo").get(), "not connected");
}

TEST_F(RedisClusterRouter, MoreThanTheLimitIsRefused) {
  options_.max_pending_commands = 2;
  start_and_connect();
  nodes_.answer(1, [](const std::string&) { return std::string(); });
  auto first = command("foo"), second = command("foo"), third = command("bar");
  EXPECT_EQ(third.get(), "queue full");
  on_shard([&] { router_.reset(); });
  EXPECT_EQ(first.get() + ", " + second.get(), "stopped, stopped");
}

TEST_F(RedisClusterRouter, TheEndTellsThoseWhoWait) {
  start_and_connect();
  nodes_.answer(1, [](const std::string&) { return "-TRYAGAIN\r\n"; });
  auto waiting = command("foo");
  while (nodes_.heard(1).size() < 2) std::this_thread::yield();
  on_shard([&] { router_.reset(); });
  EXPECT_EQ(waiting.get(), "stopped");
}

}  // namespace
}  // namespace redis
