#pragma once
// RoomChannels: which rooms' channels this node has to listen to, counted by the shards that have the room. Any thread;
// changes are gathered until somebody takes them, so that no more waits than there are rooms. Internal.

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace broadcaster_redis {

class RoomChannels {
 public:
  struct Change {
    std::string channel;
    bool wanted;  // false: listen no more
  };

  /// True: the first change since the last take(), which somebody must be asked to do.
  bool open(const std::string& channel) { return count(channel, true); }
  bool close(const std::string& channel) { return count(channel, false); }
  /// What differs from the last time.
  std::vector<Change> take();

 private:
  struct Room {
    std::size_t shards = 0;
    bool listening = false;
    bool changed = false;
  };
  bool count(const std::string& channel, bool more);

  std::mutex mutex_;
  std::map<std::string, Room, std::less<>> rooms_;
  std::vector<std::string> changed_;
};

}  // namespace broadcaster_redis
