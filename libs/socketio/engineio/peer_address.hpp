#pragma once
// The address of a peer as 16 bytes (IPv4 is mapped into IPv6, RFC 4291 §2.5.5.2), and networks of them.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

struct sockaddr;

namespace engineio {

struct PeerAddress {
  std::array<std::uint8_t, 16> bytes{};

  static PeerAddress of(const sockaddr& address);
  /// "127.0.0.1", "::1", "[::1]:80" and "127.0.0.1:80" as proxies write them.
  static std::optional<PeerAddress> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_ipv4() const;
  [[nodiscard]] bool is_loopback() const;
  /// What limits count by: the address, or the /64 of an IPv6 address (one customer holds a whole /64).
  [[nodiscard]] PeerAddress network() const;
  friend auto operator<=>(const PeerAddress&, const PeerAddress&) = default;
};

/// One address, or all that begin with the same bits (CIDR, RFC 4632).
struct AddressRange {
  PeerAddress first;
  std::size_t bits = 128;  // of the 16 bytes

  /// An address as PeerAddress::parse takes it, or a network: "10.0.0.0/8", "2001:db8::/32".
  static std::optional<AddressRange> parse(std::string_view text);
  [[nodiscard]] bool contains(const PeerAddress& address) const;
};

}  // namespace engineio
