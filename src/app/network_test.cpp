#include "app/network.hpp"

#include <gtest/gtest.h>

namespace app {
namespace {

TEST(Origin, IsTheHostsOwnWhetherTheDefaultPortIsWrittenOrNot) {
  struct Case {
    const char* origin;
    const char* host;
    bool allowed;
  };
  for (const auto& each :
       {Case{"http://chat.example.org", "chat.example.org", true},
        Case{"http://chat.example.org", "chat.example.org:80", true},
        Case{"https://chat.example.org", "chat.example.org:443", true},
        Case{"wss://chat.example.org", "chat.example.org:443", true},
        Case{"https://chat.example.org:443", "chat.example.org", true}, Case{"http://[::1]:8080", "[::1]:8080", true},
        Case{"http://chat.example.org", "chat.example.org:443", false},
        Case{"https://chat.example.org", "chat.example.org:80", false},
        Case{"http://chat.example.org:8080", "chat.example.org", false},
        Case{"http://evil.example.org", "chat.example.org", false}, Case{"http://", "", false},
        Case{"null", "null", false}})
    EXPECT_EQ(origin_allowed(each.origin, each.host, {}), each.allowed) << each.origin << " at " << each.host;
}

TEST(Connections, LeaveDescriptorsForTheStore) {
  EXPECT_EQ(connections_within(200'000, 1'048'576), 200'000u);
  EXPECT_EQ(connections_within(200'000, 200'000), 200'000u - 1024u);
  EXPECT_EQ(connections_within(200'000, 1024), 768u);
  EXPECT_EQ(connections_within(500, 1024), 500u);
  EXPECT_EQ(connections_within(200'000, 0), 1u);  // 0 would mean: any number
}

TEST(Origin, IsAllowedWhereItIsNamed) {
  EXPECT_TRUE(origin_allowed("https://page.example.org", "chat.example.org", {"https://page.example.org"}));
  EXPECT_TRUE(origin_allowed("https://page.example.org", "chat.example.org", {"*"}));
  EXPECT_FALSE(origin_allowed("http://page.example.org", "chat.example.org", {"https://page.example.org"}));
}

}  // namespace
}  // namespace app
