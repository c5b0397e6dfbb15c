#include "chat/services/device_room.hpp"

#include <algorithm>
#include <tuple>

namespace chat {
namespace {

constexpr std::uint32_t kAskAgainSeconds = 5;  // presence is complete again 2 s after its memory was lost

}  // namespace

Outcome<std::vector<DeviceId>> find_room(const LaneContext& context, const UserId& user,
                                         std::vector<RoomCandidate> candidates, std::size_t count) {
  std::vector<DeviceId> room;
  if (count == 0) return room;
  std::sort(candidates.begin(), candidates.end(), [](const RoomCandidate& a, const RoomCandidate& b) {
    return std::tie(a.last_seen, a.device) < std::tie(b.last_seen, b.device);
  });
  std::vector<DeviceId> devices;
  for (auto& each : candidates) devices.push_back(std::move(each.device));
  const auto found = context.look_up_devices(user, devices);
  bool unknown = false;
  for (std::size_t i = 0; i < devices.size() && room.size() < count; ++i) {
    if (found[i].online) continue;
    unknown = unknown || !found[i].hit;
    if (found[i].hit) room.push_back(std::move(devices[i]));
  }
  if (room.size() == count) return room;
  if (unknown) {
    return Refusal{ErrorCode::kRetry,
                   "too many devices, and which of them are online is not known",
                   kAskAgainSeconds,
                   "device",
                   {}};
  }
  return Refusal{ErrorCode::kConflict, "too many devices, and all of them are online", 0, "device", {}};
}

}  // namespace chat
