// The scripts by themselves, in a real Redis.

#include "adapters/redis/lease_scripts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/redis/redis_server_testing.hpp"

namespace adapters::redis {
namespace {

const std::string kKey = "online:000000000000000000000001";

class LeaseScripts : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = RedisServer::missing()) GTEST_SKIP() << *missing;
    server_ = std::make_unique<RedisServer>();
  }
  struct Mark {
    std::string name;
    std::int64_t age = 0;
  };
  Mark mark(std::string_view name, std::string_view incomplete = "") {
    const auto reply = server_->run({"EVAL", text_of(Script::kMark), "1", kMarkKey, name, incomplete});
    EXPECT_EQ(reply.elements.size(), 2u) << reply.text;
    return {reply.elements.at(0).text, reply.elements.at(1).integer};
  }
  void write(std::string_view prefix, std::string_view lease, std::string_view field) {
    EXPECT_EQ(server_->number({"EVAL", text_of(Script::kWrite), "1", kKey, prefix, lease, field}), 1);
  }
  void write_nothing(std::string_view prefix) {
    EXPECT_EQ(server_->number({"EVAL", text_of(Script::kWrite), "1", kKey, prefix, "60000"}), 1);
  }
  std::int64_t look_up() { return server_->number({"EVAL", text_of(Script::kLookUp), "1", kKey}); }
  std::vector<std::string> devices() {
    std::vector<std::string> found;
    const auto reply = server_->run({"EVAL", text_of(Script::kLookUpDevices), "1", kKey});
    for (const auto& element : reply.elements) found.push_back(element.text);
    std::sort(found.begin(), found.end());
    return found;
  }
  void since(std::string_view milliseconds) { server_->run({"HSET", kMarkKey, "since", milliseconds}); }

  std::unique_ptr<RedisServer> server_;
};

TEST_F(LeaseScripts, OneNamesTheMemoryAndTheOthersReadIt) {
  EXPECT_EQ(mark("").name, "") << "reading writes nothing";
  EXPECT_EQ(server_->number({"EXISTS", kMarkKey}), 0);
  EXPECT_EQ(mark("first").name, "first");
  EXPECT_EQ(mark("second").name, "first");
  EXPECT_EQ(mark("").name, "first");
}

TEST_F(LeaseScripts, WhoeverLacksLeasesMakesTheMemoryYoungAgain) {
  mark("first");
  since("1000");
  EXPECT_GT(mark("").age, 1'000'000);
  EXPECT_GT(mark("second").age, 1'000'000);
  EXPECT_EQ(mark("second", "1").age, 0);
  EXPECT_LT(mark("").age, 1'000'000);
  EXPECT_EQ(mark("").name, "first");
}

TEST_F(LeaseScripts, AMarkThatNobodyWritesIsReplaced) {
  server_->run({"SET", kMarkKey, "something else"});
  EXPECT_EQ(mark("").name, "");
  EXPECT_EQ(mark("first").name, "first");
  since("rubbish");
  EXPECT_EQ(mark("").name, "");
  EXPECT_EQ(mark("second").name, "second");
}

TEST_F(LeaseScripts, AWriteStatesAllThatTheNodeHasAndNothingOfOthers) {
  write("a:", "60000", "a:1");
  write("b:", "60000", "b:1");
  write("a:", "60000", "a:2");
  EXPECT_EQ(server_->number({"HEXISTS", kKey, "a:1"}), 0);
  EXPECT_EQ(server_->number({"HLEN", kKey}), 2);
  write_nothing("b:");
  EXPECT_EQ(server_->number({"HLEN", kKey}), 1);
  EXPECT_EQ(look_up(), 1);
  write_nothing("a:");
  EXPECT_EQ(server_->number({"EXISTS", kKey}), 0);
  EXPECT_EQ(look_up(), 0);
}

TEST_F(LeaseScripts, ANodeWhoseNameBeginsLikeAnothersIsAnotherNode) {
  write("a:b:", "60000", "a:b:1");
  write("a:", "60000", "a:1");
  EXPECT_EQ(server_->number({"HLEN", kKey}), 2);
}

TEST_F(LeaseScripts, ANodeWhoseNameEndsLikeAConnectionIsAnotherNode) {
  write("a:1:", "60000", "a:1:5/phone");
  write("a:", "60000", "a:1/phone");
  EXPECT_EQ(server_->number({"HLEN", kKey}), 2);
  write_nothing("a:");
  EXPECT_EQ(server_->number({"HEXISTS", kKey, "a:1:5/phone"}), 1);
}

TEST_F(LeaseScripts, AWriteTakesTheNodesFieldsBackWithAndWithoutADevice) {
  server_->run({"HSET", kKey, "a:1", "99999999999999", "a:2/phone", "99999999999999", "b:3", "99999999999999"});
  write("a:", "60000", "a:4/lap.top_1-x");
  EXPECT_EQ(devices(), std::vector<std::string>{"lap.top_1-x"});
  EXPECT_EQ(server_->number({"HLEN", kKey}), 2) << "b's stays";
}

TEST_F(LeaseScripts, OnlyDevicesWithALeaseAreFound) {
  EXPECT_TRUE(devices().empty());
  server_->run({"HSET", kKey, "a:1/phone", "99999999999999", "b:2/laptop", "1000", "b:3", "99999999999999",
                "c:4/tablet", "rubbish", "c:5/phone", "99999999999999", "c:/x", "99999999999999"});
  EXPECT_EQ(devices(), (std::vector<std::string>{"phone", "phone"}));
}

TEST_F(LeaseScripts, TheKeyLivesAsLongAsItsLastLease) {
  write("a:", "600000", "a:1");
  write("b:", "60000", "b:1");
  EXPECT_GT(server_->number({"PTTL", kKey}), 300'000);
  write_nothing("a:");
  const auto left = server_->number({"PTTL", kKey});
  EXPECT_GT(left, 0);
  EXPECT_LE(left, 60'000);
}

}  // namespace
}  // namespace adapters::redis
