#include "adapters/redis/lease_table.hpp"

#include <algorithm>
#include <utility>

namespace adapters::redis {

LeaseTable::Effect LeaseTable::add(const chat::UserId& user, chat::ConnectionId connection,
                                   const chat::DeviceId& device) {
  auto& slice = slice_of(user);
  const std::lock_guard lock(slice.mutex);
  const auto [row, fresh] = slice.first.try_emplace(user, Connection{connection, device});
  if (fresh) return Effect::kUser;
  if (row->second.id == connection) return Effect::kNothing;
  auto& others = slice.others[user];
  const auto is_it = [&](const Connection& each) { return each.id == connection; };
  if (std::any_of(others.begin(), others.end(), is_it)) return Effect::kNothing;
  others.push_back({connection, device});
  return Effect::kConnections;
}

LeaseTable::Effect LeaseTable::remove(const chat::UserId& user, chat::ConnectionId connection) {
  auto& slice = slice_of(user);
  const std::lock_guard lock(slice.mutex);
  const auto row = slice.first.find(user);
  if (row == slice.first.end()) return Effect::kNothing;
  const auto others = slice.others.find(user);
  if (others == slice.others.end()) {
    if (row->second.id != connection) return Effect::kNothing;
    slice.first.erase(row);
    return Effect::kUser;
  }
  const auto is_it = [&](const Connection& each) { return each.id == connection; };
  if (is_it(row->second)) {
    row->second = std::move(others->second.back());
    others->second.pop_back();
  } else if (std::erase_if(others->second, is_it) == 0) {
    return Effect::kNothing;
  }
  if (others->second.empty()) slice.others.erase(others);
  return Effect::kConnections;
}

bool LeaseTable::contains(const chat::UserId& user) const {
  const auto& slice = slice_of(user);
  const std::lock_guard lock(slice.mutex);
  return slice.first.contains(user);
}

std::vector<LeaseTable::Connection> LeaseTable::connections(const chat::UserId& user) const {
  const auto& slice = slice_of(user);
  const std::lock_guard lock(slice.mutex);
  std::vector<Connection> found;
  const auto row = slice.first.find(user);
  if (row == slice.first.end()) return found;
  if (const auto others = slice.others.find(user); others != slice.others.end()) found = others->second;
  found.push_back(row->second);
  return found;
}

std::vector<chat::UserId> LeaseTable::users(std::size_t index) const {
  const auto& slice = slices_[index];
  const std::lock_guard lock(slice.mutex);
  std::vector<chat::UserId> found;
  found.reserve(slice.first.size());
  for (const auto& [user, connection] : slice.first) found.push_back(user);
  return found;
}

std::size_t LeaseTable::size() const {
  std::size_t count = 0;
  for (const auto& slice : slices_) {
    const std::lock_guard lock(slice.mutex);
    count += slice.first.size();
  }
  return count;
}

}  // namespace adapters::redis
