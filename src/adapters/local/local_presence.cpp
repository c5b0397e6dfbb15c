#include "adapters/local/local_presence.hpp"

#include <algorithm>

namespace adapters::local {

void LocalPresence::set_online(const chat::UserId& user, chat::ConnectionId connection) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto [row, fresh] = shard.first.try_emplace(user, connection);
  if (fresh || row->second == connection) return;
  auto& others = shard.others[user];
  if (std::find(others.begin(), others.end(), connection) == others.end()) others.push_back(connection);
}

void LocalPresence::clear(const chat::UserId& user, chat::ConnectionId connection) {
  Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  const auto row = shard.first.find(user);
  if (row == shard.first.end()) return;
  const auto others = shard.others.find(user);
  if (row->second == connection) {
    if (others == shard.others.end()) {
      shard.first.erase(row);
      return;
    }
    row->second = others->second.back();
    others->second.pop_back();
  } else if (others != shard.others.end()) {
    std::erase(others->second, connection);
  }
  if (others != shard.others.end() && others->second.empty()) shard.others.erase(others);
}

bool LocalPresence::is_online(const chat::UserId& user) const {
  const Shard& shard = shard_of(user);
  const std::lock_guard lock(shard.mutex);
  return shard.first.contains(user);
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
