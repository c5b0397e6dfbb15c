#pragma once
// Which addresses are on the public internet. A server that connects to where a user points must not be made to reach
// its own machine or network (server-side request forgery); the IANA special-purpose registries are what is refused.

#include <array>
#include <cstdint>

struct sockaddr;

namespace http_client {

/// Network order. RFC 6890 and its successors: private, shared, loopback, link-local, documentation, benchmarking,
/// multicast, reserved are not public.
[[nodiscard]] bool is_public_ipv4(const std::array<std::uint8_t, 4>& address);
/// Only global unicast (2000::/3) without its special blocks, and NAT64's well-known prefix in front of a public IPv4
/// address. Mapped addresses (::ffff:0:0/96) are never public.
[[nodiscard]] bool is_public_ipv6(const std::array<std::uint8_t, 16>& address);
/// Of any other family: false.
[[nodiscard]] bool is_public(const sockaddr& address);

}  // namespace http_client
