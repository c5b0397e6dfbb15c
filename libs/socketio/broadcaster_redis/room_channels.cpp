#include "socketio/broadcaster_redis/room_channels.hpp"

#include <utility>

namespace broadcaster_redis {

bool RoomChannels::count(const std::string& channel, bool more) {
  const std::lock_guard lock(mutex_);
  Room& room = rooms_[channel];
  const bool was_wanted = room.shards > 0;
  if (more) {
    ++room.shards;
  } else if (was_wanted) {
    --room.shards;
  }
  if (was_wanted == (room.shards > 0) || std::exchange(room.changed, true)) return false;
  changed_.push_back(channel);
  return changed_.size() == 1;
}

std::vector<RoomChannels::Change> RoomChannels::take() {
  const std::lock_guard lock(mutex_);
  std::vector<Change> changes;
  for (std::string& channel : std::exchange(changed_, {})) {
    const auto at = rooms_.find(channel);
    Room& room = at->second;
    const bool wanted = room.shards > 0;
    const bool differs = room.listening != wanted;
    room.listening = wanted;
    room.changed = false;
    if (!wanted) rooms_.erase(at);
    if (differs) changes.push_back({std::move(channel), wanted});
  }
  return changes;
}

}  // namespace broadcaster_redis
