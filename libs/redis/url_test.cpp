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

TEST(RedisUrl, ReadsTheCredentialsOfSentinels) {
  const auto both = parse_url("redis+sentinel://:m@a/g/2?sentinel_username=watch%26er&sentinel_password=p%3Dq%2F");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->sentinel_user, "watch&er");
  EXPECT_EQ(both->sentinel_password, "p=q/");
  EXPECT_EQ(both->password, "m");
  EXPECT_EQ(both->group, "g");
  EXPECT_EQ(both->database, 2u);
  const auto alone = parse_url("redis+sentinel://a/g?sentinel_password=s");
  ASSERT_TRUE(alone);
  EXPECT_EQ(alone->sentinel_user, "");
  EXPECT_EQ(alone->sentinel_password, "s");
  EXPECT_EQ(alone->password, "");
}

TEST(RedisUrl, ReadsTheNodesOfACluster) {
  const auto url = parse_url("redis+cluster://node:s3cret@a,[::1]:7000,c:7001/0");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->seeds, (std::vector<Address>{{"a", 6379}, {"::1", 7000}, {"c", 7001}}));
  EXPECT_TRUE(url->sentinels.empty());
  EXPECT_EQ(url->user, "node");
  EXPECT_EQ(url->password, "s3cret");
  EXPECT_FALSE(url->tls);
  EXPECT_TRUE(parse_url("rediss+cluster://a")->tls);
  EXPECT_TRUE(parse_url("redis+cluster://a/"));
}

TEST(RedisUrl, RefusesEverythingElse) {
  for (const auto* url : {"redis+cluster://",
                          "redis+cluster://a,",
                          "redis+cluster://a/1",
                          "redis+cluster://a/0/1",
                          "redis+sentinel://a/g?x=y",
                          "redis+sentinel://a/g?sentinel_username=u",
                          "redis+sentinel://a/g?sentinel_password=",
                          "redis+sentinel://a/g?sentinel_password=%4",
                          "redis+sentinel://a/g?sentinel_password=a&sentinel_password=b",
                          "redis+cluster+sentinel://a",
                          "redis://h/?sentinel_password=a",
                          "",
                          "http://h",
                          "redis://",
                          "redis://h:0",
                          "redis://h:x",
                          "redis://h:99999",
                          "redis://h/x",
                          "redis://user@h",
                          "redis://:%4@h",
                          "redis://[::1",
                          "redis://[::1]x",
                          "redis+sentinel://a",
                          "redis+sentinel://a/",
                          "redis+sentinel://a,/g",
                          "redis+sentinel:///g",
                          "redis+sentinel://a/g/x",
                          "redis+other://a",
                          "redissentinel://a/g",
                          "redis://a,b"}) {
    EXPECT_FALSE(parse_url(url)) << url;
  }
}

}  // namespace
}  // namespace redis
