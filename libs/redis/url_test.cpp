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

TEST(RedisUrl, ReadsSentinelsAndTheGroupTheyKnow) {
  const auto url = parse_url("redis+sentinel://node:s3cret@a,[::1]:7000,c:26380/my%20group/2");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->sentinels, (std::vector<Address>{{"a", 26379}, {"::1", 7000}, {"c", 26380}}));
  EXPECT_EQ(url->group, "my group");
  EXPECT_EQ(url->user, "node");
  EXPECT_EQ(url->password, "s3cret");
  EXPECT_EQ(url->database, 2u);
  EXPECT_FALSE(url->tls);
  EXPECT_TRUE(parse_url("rediss+sentinel://a/g")->tls);
}

TEST(RedisUrl, RefusesEverythingElse) {
  for (const auto* url : {"", "http://h", "redis://", "redis://h:0", "redis://h:x", "redis://h:99999", "redis://h/x",
                          "redis://user@h", "redis://:%4@h", "redis://[::1", "redis://[::1]x", "redis+sentinel://a",
                          "redis+sentinel://a/", "redis+sentinel://a,/g", "redis+sentinel:///g",
                          "redis+sentinel://a/g/x", "redis+other://a", "redissentinel://a/g", "redis://a,b"}) {
    EXPECT_FALSE(parse_url(url)) << url;
  }
}

}  // namespace
}  // namespace redis
