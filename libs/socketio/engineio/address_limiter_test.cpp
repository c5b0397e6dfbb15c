#include "socketio/engineio/address_limiter.hpp"

#include <gtest/gtest.h>

namespace engineio {
namespace {

using namespace std::chrono_literals;

TEST(PeerAddress, ReadsWhatProxiesWrite) {
  EXPECT_EQ(PeerAddress::parse("192.0.2.7")->text(), "192.0.2.7");
  EXPECT_EQ(PeerAddress::parse("192.0.2.7:1234")->text(), "192.0.2.7");
  EXPECT_EQ(PeerAddress::parse("[2001:db8::1]:80")->text(), "2001:db8::1");
  EXPECT_EQ(PeerAddress::parse("2001:db8::1")->text(), "2001:db8::1");
  EXPECT_FALSE(PeerAddress::parse("unknown").has_value());
  EXPECT_TRUE(PeerAddress::parse("127.3.2.1")->is_loopback());
  EXPECT_TRUE(PeerAddress::parse("::1")->is_loopback());
  EXPECT_FALSE(PeerAddress::parse("10.0.0.1")->is_loopback());
}

TEST(AddressLimiter, CountsIpv6ByNetwork) {
  AddressLimiter limiter({.connections = 1});
  const base::SteadyTime now{};
  EXPECT_TRUE(limiter.admit(*PeerAddress::parse("2001:db8::1"), now));
  EXPECT_FALSE(limiter.admit(*PeerAddress::parse("2001:db8::2"), now));
  EXPECT_TRUE(limiter.admit(*PeerAddress::parse("2001:db8:0:1::1"), now));
  limiter.release(*PeerAddress::parse("2001:db8::1"));
  EXPECT_TRUE(limiter.admit(*PeerAddress::parse("2001:db8::2"), now));
}

TEST(AddressLimiter, RefillsTheBurstAtItsRate) {
  AddressLimiter limiter({.connects_per_second = 2, .connect_burst = 3});
  const auto address = *PeerAddress::parse("192.0.2.1");
  base::SteadyTime now{1h};
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.admit(address, now));
  EXPECT_FALSE(limiter.admit(address, now));
  now += 500ms;
  EXPECT_TRUE(limiter.admit(address, now));
  EXPECT_FALSE(limiter.admit(address, now));
  now += 1h;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(limiter.admit(address, now));
  EXPECT_FALSE(limiter.admit(address, now));
}

TEST(AddressLimiter, ForgetsAddressesInsteadOfGrowing) {
  AddressLimiter limiter({.connects_per_second = 1, .connect_burst = 1});
  base::SteadyTime now{1h};
  for (int i = 0; i < 70'000; ++i) {
    PeerAddress address;
    address.bytes = {0x20, 1, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8),
                     static_cast<std::uint8_t>(i >> 16)};
    EXPECT_TRUE(limiter.admit(address, now));
    limiter.release(address);
  }
  EXPECT_LE(limiter.tracked(), 65'536u);
}

}  // namespace
}  // namespace engineio
