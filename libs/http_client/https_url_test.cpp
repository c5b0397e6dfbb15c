#include "http_client/https_url.hpp"

#include <gtest/gtest.h>

namespace http_client {
namespace {

TEST(HttpsUrl, GivesHostPortAndOrigin) {
  const auto plain = parse_https_url("https://Push.Example.org/send/abc?x=1&y=%20");
  ASSERT_TRUE(plain);
  EXPECT_EQ(plain->host, "push.example.org");
  EXPECT_EQ(plain->port, 443);
  EXPECT_EQ(plain->origin, "https://push.example.org");
  EXPECT_EQ(parse_https_url("https://push.example.org:443")->origin, "https://push.example.org");
  EXPECT_EQ(parse_https_url("https://push.example.org:8443?q")->origin, "https://push.example.org:8443");
  EXPECT_EQ(parse_https_url("https://[2001:db8::1]:8443/")->host, "[2001:db8::1]");
  EXPECT_EQ(parse_https_url("https://[2001:db8::1]/")->port, 443);
}

TEST(HttpsUrl, RefusesWhatParsersDisagreeAbout) {
  for (const char* wrong : {"",
                            "https://",
                            "http://a.example/",
                            "HTTPS://a.example/",
                            "https:/a.example",
                            "https:a.example",
                            "//a.example",
                            "https:///path",
                            "https://user@a.example/",
                            "https://user:pass@a.example/",
                            "https://a.example@b.example/",
                            "https://a.example\\@b.example/",
                            "https://a.example#@b.example/",
                            "https://a.example/#x",
                            "https://a example/",
                            "https://a.example/a b",
                            "https://a.example/\n",
                            "https://a.example\t/",
                            "https://a.example:/",
                            "https://a.example:0/",
                            "https://a.example:65536/",
                            "https://a.example:+443/",
                            "https://a.example:443x/",
                            "https://a.example:443:444/",
                            "https://%61.example/",
                            "https://\xc3\xa9.example/",
                            "https://a.example/\xc3\xa9",
                            "https://a..example/",
                            "https://.a.example/",
                            "https://-a.example/",
                            "https://[::1/",
                            "https://[::1]x/",
                            "https://[]/",
                            "https://[fe80::1%25eth0]/",
                            "https://a;b/",
                            "https://a.example/{x}",
                            "https://a,b/"}) {
    EXPECT_FALSE(parse_https_url(wrong)) << wrong;
  }
  const auto of_length = [](std::size_t size) {
    const std::string start = "https://a.example/";
    return start + std::string(size - start.size(), 'x');
  };
  EXPECT_TRUE(parse_https_url(of_length(kMaxUrlBytes)));
  EXPECT_FALSE(parse_https_url(of_length(kMaxUrlBytes + 1)));
}

TEST(HostPattern, IsAHostOrAllBelowADomain) {
  EXPECT_TRUE(host_matches("a.example", "A.example"));
  EXPECT_FALSE(host_matches("b.a.example", "a.example"));
  EXPECT_TRUE(host_matches("b.a.example", "*.a.example"));
  EXPECT_TRUE(host_matches("c.b.a.example", "*.a.example"));
  EXPECT_FALSE(host_matches("a.example", "*.a.example"));
  EXPECT_FALSE(host_matches("ba.example", "*.a.example"));
  EXPECT_FALSE(host_matches(".a.example", "*.a.example"));
  EXPECT_FALSE(host_matches("a.example", "*."));
  EXPECT_FALSE(host_matches("", ""));
}

}  // namespace
}  // namespace http_client
