#include "redis/key_slot.hpp"

#include <gtest/gtest.h>

namespace redis {
namespace {

// What CLUSTER KEYSLOT of Redis 7.0 says.
TEST(KeySlot, IsWhatRedisSays) {
  EXPECT_EQ(key_slot("123456789"), 12'739);
  EXPECT_EQ(key_slot("foo"), 12'182);
  EXPECT_EQ(key_slot("online:000000000000000000000001"), 7'618);
  EXPECT_EQ(key_slot(""), 0);
}

TEST(KeySlot, IsThatOfTheFirstHashTagThatIsNotEmpty) {
  EXPECT_EQ(key_slot("{user1000}.following"), 3'443);
  EXPECT_EQ(key_slot("user1000"), 3'443);
  EXPECT_EQ(key_slot("foo{}{bar}"), 8'363);
  EXPECT_EQ(key_slot("foo{{bar}}zap"), 4'015);
  EXPECT_EQ(key_slot("foo{bar}{zap}"), key_slot("bar"));
  EXPECT_EQ(key_slot("{"), 4'092);
  EXPECT_EQ(key_slot("}{"), 12'793);
  EXPECT_EQ(key_slot("a}{b}"), 3'300);
}

}  // namespace
}  // namespace redis
