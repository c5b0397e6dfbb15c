#include "app/broadcasting.hpp"

#include <gtest/gtest.h>

namespace app {
namespace {

TEST(Broadcasting, IsThereOnlyWithRedisAndUnlessItIsOff) {
  const base::SystemClock clock;
  Settings settings;
  EXPECT_EQ(Broadcasting::make(settings, clock), nullptr);
  settings.redis.uri = "redis+sentinel://127.0.0.1:1/group";
  EXPECT_NE(Broadcasting::make(settings, clock), nullptr);
  settings.redis.broadcaster = "off";
  EXPECT_EQ(Broadcasting::make(settings, clock), nullptr);
}

TEST(Broadcasting, ShardedChannelsOfARedisClusterAreRefused) {
  Settings settings;
  settings.redis.uri = "redis+cluster://127.0.0.1:1";
  EXPECT_FALSE(refuse_broadcaster(settings));
  settings.redis.broadcaster = "sharded";
  EXPECT_TRUE(refuse_broadcaster(settings));
  settings.redis.uri = "redis://127.0.0.1:1";
  EXPECT_FALSE(refuse_broadcaster(settings));
}

TEST(Broadcasting, APrefixThatWouldBeAPatternOrNothingIsRefused) {
  Settings settings;
  EXPECT_FALSE(refuse_broadcaster(settings));
  for (const char* prefix : {"", "a*", "a?", "[ab]", "a\\b", "a#b"}) {
    settings.redis.broadcaster_prefix = prefix;
    EXPECT_TRUE(refuse_broadcaster(settings)) << prefix;
  }
}

}  // namespace
}  // namespace app
