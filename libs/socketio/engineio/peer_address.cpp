#include "socketio/engineio/peer_address.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>

#include "base/read_number.hpp"

namespace engineio {

namespace {
constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};

PeerAddress mapped(const in_addr& address) {
  PeerAddress out;
  std::copy(kMappedPrefix.begin(), kMappedPrefix.end(), out.bytes.begin());
  std::memcpy(out.bytes.data() + kMappedPrefix.size(), &address, sizeof address);
  return out;
}
}  // namespace

PeerAddress PeerAddress::of(const sockaddr& address) {
  PeerAddress out;
  if (address.sa_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    return mapped(v4.sin_addr);
  }
  if (address.sa_family == AF_INET6) {
    sockaddr_in6 v6;
    std::memcpy(&v6, &address, sizeof v6);
    std::memcpy(out.bytes.data(), &v6.sin6_addr, out.bytes.size());
  }
  return out;
}

std::optional<PeerAddress> PeerAddress::parse(std::string_view text) {
  if (text.starts_with('[')) {
    text = text.substr(1, text.find(']') - 1);
  } else if (std::count(text.begin(), text.end(), ':') == 1) {
    text = text.substr(0, text.find(':'));
  }
  const std::string terminated(text);
  in_addr v4{};
  if (::inet_pton(AF_INET, terminated.c_str(), &v4) == 1) return mapped(v4);
  PeerAddress out;
  if (::inet_pton(AF_INET6, terminated.c_str(), out.bytes.data()) == 1) return out;
  return std::nullopt;
}

std::string PeerAddress::text() const {
  char buffer[INET6_ADDRSTRLEN] = {};
  if (is_ipv4()) {
    ::inet_ntop(AF_INET, bytes.data() + kMappedPrefix.size(), buffer, sizeof buffer);
  } else {
    ::inet_ntop(AF_INET6, bytes.data(), buffer, sizeof buffer);
  }
  return buffer;
}

bool PeerAddress::is_ipv4() const {
  return std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin());
}

bool PeerAddress::is_loopback() const {
  constexpr std::uint8_t kLoopbackNetwork = 127;
  if (is_ipv4()) return bytes[kMappedPrefix.size()] == kLoopbackNetwork;
  PeerAddress one;
  one.bytes.back() = 1;
  return *this == one;
}

PeerAddress PeerAddress::network() const {
  if (is_ipv4()) return *this;
  constexpr std::size_t kNetworkBytes = 8;
  PeerAddress out = *this;
  std::fill(out.bytes.begin() + kNetworkBytes, out.bytes.end(), std::uint8_t{0});
  return out;
}

std::optional<AddressRange> AddressRange::parse(std::string_view text) {
  const auto slash = text.find('/');
  const auto address = PeerAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  AddressRange out{*address};
  if (slash == std::string_view::npos) return out;
  const std::size_t before = address->is_ipv4() ? 8 * kMappedPrefix.size() : 0;
  std::size_t bits = 0;
  if (!base::read_number(text.substr(slash + 1), bits) || bits > out.bits - before) return std::nullopt;
  out.bits = before + bits;
  return out;
}

bool AddressRange::contains(const PeerAddress& address) const {
  const std::size_t whole = bits / 8;
  if (!std::equal(first.bytes.begin(), first.bytes.begin() + static_cast<std::ptrdiff_t>(whole), address.bytes.begin()))
    return false;
  return bits % 8 == 0 || ((first.bytes[whole] ^ address.bytes[whole]) >> (8 - bits % 8)) == 0;
}

}  // namespace engineio
