#include "redis/slot_map.hpp"

#include <gtest/gtest.h>

#include <string>

namespace redis {
namespace {

std::optional<SlotMap> read(std::string_view bytes) {
  Parser parser;
  parser.feed(bytes);
  const auto reply = parser.next();
  EXPECT_TRUE(reply.ok() && reply->has_value()) << bytes;
  return SlotMap::read(**reply, "asked");
}
std::string range(int first, int last, const std::string& host, int port) {
  return "*3\r\n:" + std::to_string(first) + "\r\n:" + std::to_string(last) + "\r\n*2\r\n" + host + ":" +
         std::to_string(port) + "\r\n";
}
const std::string kA = "$1\r\na\r\n", kB = "$1\r\nb\r\n";

TEST(SlotMap, ReadsWhoAnswersForWhichSlot) {
  const auto map = read("*3\r\n" + range(0, 99, kA, 1) + range(100, 16'383, kB, 2) + range(50, 60, kB, 2));
  ASSERT_TRUE(map);
  EXPECT_EQ(*map->owner(0), (Address{"a", 1}));
  EXPECT_EQ(*map->owner(99), (Address{"a", 1}));
  EXPECT_EQ(*map->owner(100), (Address{"b", 2}));
  EXPECT_EQ(*map->owner(55), (Address{"b", 2}));
  EXPECT_EQ(*map->owner(16'383), (Address{"b", 2}));
  EXPECT_EQ(map->masters(), (std::vector<Address>{{"a", 1}, {"b", 2}}));
  EXPECT_TRUE(map->complete());
  EXPECT_EQ(map->owner(16'384), nullptr);
}

TEST(SlotMap, AHostThatIsNotNamedIsTheOneThatWasAsked) {
  for (const std::string host : {"$0\r\n\r\n", "$-1\r\n"}) {
    const auto map = read("*1\r\n" + range(5, 5, host, 7));
    ASSERT_TRUE(map);
    EXPECT_EQ(*map->owner(5), (Address{"asked", 7}));
    EXPECT_EQ(map->owner(4), nullptr);
    EXPECT_FALSE(map->complete());
  }
}

TEST(SlotMap, TheSlotsOfAHostThatNobodyKnowsAreNobodys) {
  const auto map = read("*2\r\n" + range(0, 9, "$1\r\n?\r\n", 1) + range(10, 19, kA, 1));
  ASSERT_TRUE(map);
  EXPECT_EQ(map->owner(0), nullptr);
  EXPECT_EQ(map->masters().size(), 1u);
}

TEST(SlotMap, OneSlotAtATimeMayMove) {
  auto map = read("*1\r\n" + range(0, 16'382, kA, 1));
  ASSERT_TRUE(map);
  EXPECT_TRUE(map->assign(7, {"b", 2}));
  EXPECT_TRUE(map->assign(16'383, {"b", 2}));
  EXPECT_FALSE(map->assign(16'384, {"b", 2}));
  EXPECT_EQ(*map->owner(7), (Address{"b", 2}));
  EXPECT_EQ(*map->owner(8), (Address{"a", 1}));
  EXPECT_TRUE(map->complete());
}

TEST(SlotMap, WhatIsNotInOrderIsNoMap) {
  for (const auto& bytes :
       {std::string("*0\r\n"), std::string("+OK\r\n"), std::string("*1\r\n:1\r\n"),
        std::string("*1\r\n*2\r\n:0\r\n:1\r\n"), "*1\r\n" + range(-1, 5, kA, 1), "*1\r\n" + range(0, 16'384, kA, 1),
        "*1\r\n" + range(9, 8, kA, 1), "*1\r\n" + range(0, 1, kA, 0), "*1\r\n" + range(0, 1, kA, 65'536),
        "*1\r\n" + range(0, 1, ":1\r\n", 1), std::string("*1\r\n*3\r\n:0\r\n:1\r\n*1\r\n$1\r\na\r\n")}) {
    EXPECT_FALSE(read(bytes)) << bytes;
  }
}

TEST(SlotMap, MoreMastersThanAClusterHasAreRefused) {
  std::string ranges;
  for (std::size_t port = 1; port <= kMaxMasters + 1; ++port) {
    ranges += range(static_cast<int>(port), static_cast<int>(port), kA, static_cast<int>(port));
  }
  EXPECT_FALSE(read("*" + std::to_string(kMaxMasters + 1) + "\r\n" + ranges));
}

TEST(Redirection, ReadsMovedAndAsk) {
  const auto moved = read_redirection("MOVED 3999 127.0.0.1:6381", "asked");
  ASSERT_TRUE(moved);
  EXPECT_FALSE(moved->ask);
  EXPECT_EQ(moved->slot, 3999);
  EXPECT_EQ(moved->to, (Address{"127.0.0.1", 6381}));
  const auto ask = read_redirection("ASK 1 ::1:6381", "asked");
  ASSERT_TRUE(ask);
  EXPECT_TRUE(ask->ask);
  EXPECT_EQ(ask->to, (Address{"::1", 6381}));
  EXPECT_EQ(read_redirection("MOVED 1 :6381", "asked")->to, (Address{"asked", 6381}));
}

TEST(Redirection, OtherErrorsAreNone) {
  for (const auto* error :
       {"", "ERR no", "MOVED", "MOVED ", "MOVED 1", "MOVED 1 a", "MOVED 1 a:", "MOVED 1 a:0", "MOVED 1 a:65536",
        "MOVED 16384 a:1", "MOVED x a:1", "MOVED -1 a:1", "ASK 1 ?:1", "ASKING 1 a:1"}) {
    EXPECT_FALSE(read_redirection(error, "asked")) << error;
  }
}

}  // namespace
}  // namespace redis
