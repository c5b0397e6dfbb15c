#include "chat/services/owed_last_seen.hpp"

#include <algorithm>

namespace chat {

/// nullptr: there are too many.
OwedLastSeen::Entry* OwedLastSeen::entry(const UserId& user) {
  if (entries_.size() < kUsers) return &entries_[user];
  const auto found = entries_.find(user);
  return found == entries_.end() ? nullptr : &found->second;
}

void OwedLastSeen::left(const UserId& user, WallTime at) {
  const std::lock_guard lock(mutex_);
  if (auto* const known = entry(user)) known->at = at;
}

void OwedLastSeen::left(const UserId& user, const DeviceId& device, WallTime at) {
  const std::lock_guard lock(mutex_);
  auto* const known = entry(user);
  if (known == nullptr) return;
  auto& devices = known->devices;
  const auto found =
      std::find_if(devices.begin(), devices.end(), [&](const OfDevice& each) { return each.device == device; });
  if (found != devices.end()) {
    found->at = at;
  } else if (devices.size() < kDevicesOfUser) {
    devices.push_back({device, at});
  }
}

void OwedLastSeen::written(const UserId& user) {
  const std::lock_guard lock(mutex_);
  entries_.erase(user);
}

WallTime OwedLastSeen::of_user(const UserId& user) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(user);
  return found == entries_.end() ? WallTime{} : found->second.at;
}

std::vector<OwedLastSeen::OfDevice> OwedLastSeen::of_devices(const UserId& user) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(user);
  return found == entries_.end() ? std::vector<OfDevice>() : found->second.devices;
}

std::size_t OwedLastSeen::users() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace chat
