#pragma once
// Which of the slots of a Redis Cluster a key lies in: CRC-16/XMODEM of the key, or of what stands between its first
// "{" and the next "}" if that is not empty (Redis Cluster specification, "Key distribution model", "Hash tags").

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace redis {

inline constexpr std::size_t kSlots = 16'384;

/// Below kSlots.
std::uint16_t key_slot(std::string_view key);

}  // namespace redis
