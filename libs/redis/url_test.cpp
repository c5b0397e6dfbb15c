#include "redis/url.hpp"

#include <gtest/gtest.h>

namespace redis {
namespace {

TEST(RedisUrl, ReadsHostPortCredentialsAndDatabase) {
  const auto plain = parse_url("redis://localhost");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "localhost");
  EXPECT_EQ(plain->port, 6379);
  EXPECT_FALSE(plain->tls);
  const auto full = parse_url("rediss://node:p%40ss@[::1]:7000/3");
  ASSERT_TRUE(full);
  EXPECT_TRUE(full->tls);
  EXPECT_EQ(full->user, "node");
  EXPECT_EQ(full->password, "p@ss");
  EXPECT_EQ(full->host, "::1");
  EXPECT_EQ(full->port, 7000);
  EXPECT_EQ(full->database, 3u);
  EXPECT_EQ(parse_url("redis://:secret@h/")->password, "secret");
}

TEST(RedisUrl, RefusesEverythingElse) {
  for (const auto* url : {"", "http://h", "redis://", "redis://h:0", "redis://h:x", "redis://h:99999", "redis://h/x",
                          "redis://user@h", "redis://:%4@h", "redis://[::1", "redis://[::1]x"}) {
    EXPECT_FALSE(parse_url(url)) << url;
  }
}

}  // namespace
}  // namespace redis
