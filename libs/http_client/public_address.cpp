#include "http_client/public_address.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <iterator>

namespace http_client {

namespace {

template <std::size_t Size>
struct Block {
  std::array<std::uint8_t, Size> prefix;  // the rest is zero
  unsigned bits;
};

template <std::size_t Size>
bool in_block(const std::array<std::uint8_t, Size>& address, const Block<Size>& block) {
  const std::size_t whole = block.bits / 8;
  if (!std::equal(address.begin(), address.begin() + static_cast<std::ptrdiff_t>(whole), block.prefix.begin())) {
    return false;
  }
  const unsigned rest = block.bits % 8;
  return rest == 0 || ((address[whole] ^ block.prefix[whole]) >> (8 - rest)) == 0;
}

constexpr Block<4> kSpecialIpv4[] = {
    {{0}, 8},             // this network
    {{10}, 8},            // private
    {{100, 64}, 10},      // shared by a carrier's customers
    {{127}, 8},           // loopback
    {{169, 254}, 16},     // link-local, also the metadata services of clouds
    {{172, 16}, 12},      // private
    {{192, 0, 0}, 24},    // protocol assignments
    {{192, 0, 2}, 24},    // documentation
    {{192, 88, 99}, 24},  // 6to4 relays, withdrawn
    {{192, 168}, 16},     // private
    {{198, 18}, 15},      // benchmarking
    {{198, 51, 100}, 24},
    {{203, 0, 113}, 24},  // documentation
    {{224}, 4},           // multicast
    {{240}, 4},           // reserved, and broadcast
};
constexpr Block<16> kGlobalUnicast{{0x20}, 3};
constexpr Block<16> kSpecialIpv6[] = {
    {{0x20, 0x01}, 23},              // protocol assignments: Teredo, benchmarking, ORCHID
    {{0x20, 0x01, 0x0d, 0xb8}, 32},  // documentation
    {{0x20, 0x02}, 16},              // 6to4: an IPv4 address inside
    {{0x3f, 0xff}, 20},              // documentation
};
constexpr Block<16> kNat64{{0x00, 0x64, 0xff, 0x9b}, 96};

}  // namespace

bool is_public_ipv4(const std::array<std::uint8_t, 4>& address) {
  return std::none_of(std::begin(kSpecialIpv4), std::end(kSpecialIpv4),
                      [&](const auto& block) { return in_block(address, block); });
}

bool is_public_ipv6(const std::array<std::uint8_t, 16>& address) {
  if (in_block(address, kNat64)) return is_public_ipv4({address[12], address[13], address[14], address[15]});
  return in_block(address, kGlobalUnicast) && std::none_of(std::begin(kSpecialIpv6), std::end(kSpecialIpv6),
                                                           [&](const auto& block) { return in_block(address, block); });
}

bool is_public(const sockaddr& address) {
  if (address.sa_family == AF_INET) {
    std::array<std::uint8_t, 4> bytes;
    std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in&>(address).sin_addr, bytes.size());
    return is_public_ipv4(bytes);
  }
  if (address.sa_family != AF_INET6) return false;
  std::array<std::uint8_t, 16> bytes;
  std::memcpy(bytes.data(), &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, bytes.size());
  return is_public_ipv6(bytes);
}

}  // namespace http_client
