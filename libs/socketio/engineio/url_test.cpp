#include "socketio/engineio/url.hpp"

#include <gtest/gtest.h>

namespace engineio {
namespace {

TEST(Url, DecodesPathAndQuery) {
  const auto target = parse_target("/a%20b/c?x=1+2&y=%41&x=last&empty&=nameless");
  ASSERT_TRUE(target.has_value());
  EXPECT_EQ(target->path, "/a b/c");
  EXPECT_EQ(target->query.at("x"), "last");
  EXPECT_EQ(target->query.at("y"), "A");
  EXPECT_EQ(target->query.at("empty"), "");
}

TEST(Url, ResolvesDotSegmentsAndRefusesToClimbOut) {
  EXPECT_EQ(parse_target("/a/./b/../c")->path, "/a/c");
  EXPECT_EQ(parse_target("/a/..")->path, "/");
  EXPECT_EQ(parse_target("/a/.hidden")->path, "/a/.hidden");
  EXPECT_EQ(parse_target("/a/%2e%2e/b")->path, "/b");
  EXPECT_FALSE(parse_target("/../etc").has_value());
  EXPECT_FALSE(parse_target("/a/%2e%2e/../etc").has_value());
}

TEST(Url, RefusesWhatIsNoTarget) {
  EXPECT_FALSE(parse_target("").has_value());
  EXPECT_FALSE(parse_target("a").has_value());
  EXPECT_FALSE(parse_target("/%").has_value());
  EXPECT_FALSE(parse_target("/%zz").has_value());
  EXPECT_FALSE(parse_target("/%00").has_value());
  EXPECT_FALSE(parse_target(std::string_view("/a\0b", 4)).has_value());
}

TEST(Url, AcceptsTheAbsoluteForm) {
  EXPECT_EQ(parse_target("http://host:80/a?b=c")->path, "/a");
  EXPECT_EQ(parse_target("http://host")->path, "/");
  EXPECT_EQ(parse_target("HTTP://host/a")->path, "/a");
  EXPECT_EQ(parse_target("hTTpS://HOST/A")->path, "/A");
  EXPECT_FALSE(parse_target("http:/a").has_value());
  EXPECT_FALSE(parse_target("ftp://host/a").has_value());
  EXPECT_EQ(parse_target("http://host?back=/a")->path, "/");
  EXPECT_EQ(parse_target("http://host?back=/a")->query.at("back"), "/a");
}

TEST(Url, TheAuthorityIsLeftOutWithoutLookingAtTheRest) {
  EXPECT_EQ(without_authority("http://host:80/%zz?b"), "/%zz?b");
  EXPECT_EQ(without_authority("https://host"), "");
  EXPECT_EQ(without_authority("/a"), "/a");
  EXPECT_EQ(without_authority("host:80"), "host:80");
}

TEST(Url, ABrokenEscapeInAQueryStandsForItself) {
  EXPECT_EQ(parse_query("a=%zz&b=%4").at("a"), "%zz");
  EXPECT_EQ(parse_query("a=%zz&b=%4").at("b"), "%4");
}

}  // namespace
}  // namespace engineio
