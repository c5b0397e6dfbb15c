#include "http_client/public_address.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>

#include <cstring>

namespace http_client {
namespace {

bool is_public_text(const char* text) {
  sockaddr_storage storage{};
  auto* const v4 = reinterpret_cast<sockaddr_in*>(&storage);
  auto* const v6 = reinterpret_cast<sockaddr_in6*>(&storage);
  if (std::strchr(text, ':') != nullptr) {
    v6->sin6_family = AF_INET6;
    EXPECT_EQ(::inet_pton(AF_INET6, text, &v6->sin6_addr), 1) << text;
  } else {
    v4->sin_family = AF_INET;
    EXPECT_EQ(::inet_pton(AF_INET, text, &v4->sin_addr), 1) << text;
  }
  return is_public(reinterpret_cast<const sockaddr&>(storage));
}

TEST(PublicAddress, IsNoneOfTheSpecialBlocksOfIpv4) {
  for (const char* text :
       {"0.0.0.0",      "0.255.255.255",   "10.0.0.1",        "10.255.255.255",  "100.64.0.0",     "100.127.255.255",
        "127.0.0.1",    "127.255.255.255", "169.254.169.254", "172.16.0.1",      "172.31.255.255", "192.0.0.1",
        "192.0.2.1",    "192.88.99.1",     "192.168.0.1",     "192.168.255.255", "198.18.0.1",     "198.19.255.255",
        "198.51.100.7", "203.0.113.7",     "224.0.0.1",       "239.255.255.255", "240.0.0.1",      "255.255.255.255"}) {
    EXPECT_FALSE(is_public_text(text)) << text;
  }
  for (const char* text : {"1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0", "126.255.255.255",
                           "128.0.0.0", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
                           "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0", "223.255.255.255"}) {
    EXPECT_TRUE(is_public_text(text)) << text;
  }
}

TEST(PublicAddress, IsGlobalUnicastOfIpv6) {
  for (const char* text : {"::",
                           "::1",
                           "::ffff:127.0.0.1",
                           "::ffff:8.8.8.8",
                           "::8.8.8.8",
                           "64:ff9b::127.0.0.1",
                           "64:ff9b::10.0.0.1",
                           "64:ff9b:1::8.8.8.8",
                           "100::1",
                           "2001::1",
                           "2001:2::1",
                           "2001:10::1",
                           "2001:db8::1",
                           "2002:7f00:1::",
                           "3fff::1",
                           "4000::1",
                           "fc00::1",
                           "fd12:3456::1",
                           "fe80::1",
                           "febf::1",
                           "fec0::1",
                           "ff02::1"}) {
    EXPECT_FALSE(is_public_text(text)) << text;
  }
  for (const char* text :
       {"2606:4700::1111", "2a00:1450:4001::5", "2001:4860:4860::8888", "2003::1", "3ffe::1", "64:ff9b::8.8.8.8"}) {
    EXPECT_TRUE(is_public_text(text)) << text;
  }
}

TEST(PublicAddress, IsOfTheInternetProtocols) {
  sockaddr local{};
  local.sa_family = AF_UNIX;
  EXPECT_FALSE(is_public(local));
}

}  // namespace
}  // namespace http_client
