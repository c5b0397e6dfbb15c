#pragma once
// Which devices of a user have to go so that one more fits (limits.devices_per_user). Lane thread.

#include "chat/services/accounts_decision.hpp"

namespace chat {

struct RoomCandidate {
  DeviceId device;
  WallTime last_seen{};
};

/// The `count` least recently used of the candidates that are not connected, least recent first. One question to
/// presence, whatever their number: may wait for it, bounded. Refusal: too many of them are connected (conflict), or
/// nobody can say of enough of them that they are not (retry): nothing goes that may be connected, since it would lose
/// its session and what is pending for it.
[[nodiscard]] Outcome<std::vector<DeviceId>> find_room(const LaneContext& context, const UserId& user,
                                                       std::vector<RoomCandidate> candidates, std::size_t count);

}  // namespace chat
