#pragma once
// The push address of a device as cold commands change it: its job follows.

#include <optional>

#include "chat/services/commit_lane.hpp"

namespace chat {

/// Stages the device with this address (nullopt: none). A job that waits goes on under the new one, at once and from
/// its first try; without an address it goes. Lane thread, in an exclusive command. nullopt: done.
[[nodiscard]] std::optional<StoreError> put_push_address(LaneContext& context, Device device,
                                                         std::optional<PushAddress> address);

}  // namespace chat
