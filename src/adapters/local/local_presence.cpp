#include "adapters/local/local_presence.hpp"

#include <algorithm>
#include <utility>

namespace adapters::local {

void LocalPresence::set_online(const chat::UserId& user, chat::ConnectionId connection, const chat::DeviceId& device) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto [row, fresh] = shard.first.try_emplace(user, Connection{connection, device});
  if (fresh || row->second.id == connection) return;
  auto& others = shard.others[user];
  const bool known =
      std::any_of(others.begin(), others.end(), [&](const Connection& each) { return each.id == connection; });
  if (!known) others.push_back({connection, device});
}

void LocalPresence::clear(const chat::UserId& user, chat::ConnectionId connection) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto row = shard.first.find(user);
  if (row == shard.first.end()) return;
  const auto others = shard.others.find(user);
  if (row->second.id == connection) {
    if (others == shard.others.end()) {
      shard.first.erase(row);
      return;
    }
    row->second = std::move(others->second.back());
    others->second.pop_back();
  } else if (others != shard.others.end()) {
    std::erase_if(others->second, [&](const Connection& each) { return each.id == connection; });
  }
  if (others != shard.others.end() && others->second.empty()) shard.others.erase(others);
}

bool LocalPresence::is_online(const chat::UserId& user) const {
  const Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  return shard.first.contains(user);
}

std::vector<chat::Presence::Found> LocalPresence::look_up_devices(const chat::UserId& user,
                                                                  std::span<const chat::DeviceId> devices) const {
  std::vector<Found> found(devices.size(), {.online = false, .hit = true});  // nobody knows more
  const Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto row = shard.first.find(user);
  if (row == shard.first.end()) return found;
  const auto others = shard.others.find(user);
  for (std::size_t i = 0; i < devices.size(); ++i) {
    const auto is_it = [&](const Connection& each) { return each.device == devices[i]; };
    found[i].online = is_it(row->second) || (others != shard.others.end() &&
                                             std::any_of(others->second.begin(), others->second.end(), is_it));
  }
  return found;
}

std::size_t LocalPresence::online_users() const {
  std::size_t count = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    count += shard.first.size();
  }
  return count;
}

}  // namespace adapters::local
