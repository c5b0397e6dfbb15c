#pragma once
// How the ids of our events are shared out. Internal.

#include <cstdint>

#include "socketio/socketio_codec/packet.hpp"

namespace socketio {

/// Ids of events to one socket lie below it; ids of broadcasts, which are the same for all receivers, from it on: so
/// neither ever meets the other in a socket's table.
inline constexpr std::uint32_t kFirstBroadcastAckId = 1u << 30;
/// A socket begins somewhere below this, so that there is room to count up for its whole life.
inline constexpr std::uint32_t kFirstAckIds = kFirstBroadcastAckId / 2;
inline constexpr std::uint32_t kAckIdEnd = static_cast<std::uint32_t>(socketio_codec::kAckIdEnd);
static_assert(kFirstBroadcastAckId < kAckIdEnd);

}  // namespace socketio
