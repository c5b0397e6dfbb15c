#include "app/cluster.hpp"

#include <gtest/gtest.h>

#include <fstream>

#include "base/temporary_directory_testing.hpp"

namespace app {
namespace {

Settings with_redis(const std::string& uri, const std::string& ca_file = {}) {
  Settings settings;
  settings.redis.uri = uri;
  settings.redis.ca_file = ca_file;
  return settings;
}

TEST(RefuseRedis, EveryShapeOfRedisMayBeNamed) {
  for (const auto* uri : {"", "redis://h", "rediss+sentinel://h/g?sentinel_password=p", "redis+cluster://h,i:7000"}) {
    EXPECT_EQ(refuse_redis(with_redis(uri)), std::nullopt) << uri;
  }
}

TEST(RefuseRedis, WhatIsNoneIsNamed) {
  for (const auto* uri : {"h:6379", "redis+cluster://h/1", "redis+sentinel://h"}) {
    const auto why = refuse_redis(with_redis(uri));
    ASSERT_TRUE(why) << uri;
    EXPECT_NE(why->find("redis.uri"), std::string::npos) << *why;
  }
}

TEST(RefuseRedis, AnAuthorityThatCannotBeReadIsNamed) {
  const base::TemporaryDirectory folder;
  const auto file = folder.file("ca.pem");
  const auto why = refuse_redis(with_redis("rediss://h", file));
  ASSERT_TRUE(why);
  EXPECT_NE(why->find(file), std::string::npos) << *why;
  std::ofstream(file) << "an authority\n";
  EXPECT_EQ(refuse_redis(with_redis("rediss://h", file)), std::nullopt);
}

}  // namespace
}  // namespace app
