#pragma once
// SHA-1 (FIPS 180-4), for Sec-WebSocket-Accept only: it proves that the peer speaks WebSocket and protects nothing.

#include <array>
#include <cstdint>
#include <string_view>

namespace websocket_codec {

using Sha1Digest = std::array<std::uint8_t, 20>;
Sha1Digest sha1(std::string_view message);

}  // namespace websocket_codec
