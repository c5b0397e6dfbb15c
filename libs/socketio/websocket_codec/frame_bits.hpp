#pragma once
// The two fixed bytes of a frame, RFC 6455 §5.2. Inside of this room.

#include <cstddef>
#include <cstdint>

namespace websocket_codec {

// First byte.
inline constexpr std::uint8_t kFinal = 0x80;
inline constexpr std::uint8_t kReservedBits = 0x70;
inline constexpr std::uint8_t kOpcodeBits = 0x0F;
// Second byte.
inline constexpr std::uint8_t kMasked = 0x80;
inline constexpr std::uint8_t kLengthBits = 0x7F;
/// The length that says: two bytes of length follow.
inline constexpr std::uint8_t kLength16 = 126;
/// The length that says: eight bytes of length follow.
inline constexpr std::uint8_t kLength64 = 127;

inline constexpr std::size_t kFixedHeader = 2;

}  // namespace websocket_codec
