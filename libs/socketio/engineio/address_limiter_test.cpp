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

PeerAddress network(int i) {
  PeerAddress address;
  address.bytes = {0x20, 1, static_cast<std::uint8_t>(i), static_cast<std::uint8_t>(i >> 8),
                   static_cast<std::uint8_t>(i >> 16)};
  return address;
}

TEST(AddressLimiter, DoesNotSearchAllAddressesForEachNewOneWhenAllHaveAConnection) {
  constexpr int kAddresses = 80'000;
  AddressLimiter limiter({.connects_per_second = 1, .connect_burst = 1, .connections = 1});
  const base::SteadyTime now{1h};
  for (int i = 0; i < kAddresses; ++i) EXPECT_TRUE(limiter.admit(network(i), now));
  EXPECT_EQ(limiter.tracked(), static_cast<std::size_t>(kAddresses)) << "whoever has a connection is remembered";
  EXPECT_LE(limiter.looked_at(), 4u * kAddresses);
  for (int i = 0; i < kAddresses; ++i) limiter.release(network(i));
  for (int i = 0; i < 2 * kAddresses; ++i) {
    EXPECT_TRUE(limiter.admit(network(kAddresses + i), now));
    limiter.release(network(kAddresses + i));
  }
  EXPECT_LE(limiter.tracked(), 2u * kAddresses) << "and forgotten without one";
  EXPECT_LE(limiter.looked_at(), 12u * kAddresses);
}

TEST(AddressLimiter, ForgetsAddressesInsteadOfGrowing) {
  AddressLimiter limiter({.connects_per_second = 1, .connect_burst = 1});
  base::SteadyTime now{1h};
  for (int i = 0; i < 70'000; ++i) {
    const auto address = network(i);
    EXPECT_TRUE(limiter.admit(address, now));
    limiter.release(address);
  }
  EXPECT_LE(limiter.tracked(), 65'536u);
}

}  // namespace
}  // namespace engineio
