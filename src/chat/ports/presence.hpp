#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "chat/model/ids.hpp"

namespace chat {

/// A live socket, unique in this process's life; never reused.
using ConnectionId = base::StrongNumber<struct ConnectionTag>;

/// Who is online, as a hint: losing all of it changes latency only (I8). Thread-safe.
class Presence {
 public:
  struct Found {
    bool online = false;
    /// The table answered, present or absent. False: an error, a time-out, or an answer from the durable record
    /// instead.
    bool hit = true;
  };

  virtual ~Presence() = default;
  virtual void set_online(const UserId& user, ConnectionId connection, const DeviceId& device) = 0;
  /// Deletes this connection only: a late disconnect of an older socket changes nothing.
  virtual void clear(const UserId& user, ConnectionId connection) = 0;
  /// What is known here without asking anybody; never waits.
  [[nodiscard]] virtual bool is_online(const UserId& user) const = 0;
  /// On any node, one answer for each of `users`, in one round trip: may wait for some milliseconds, bounded.
  [[nodiscard]] virtual std::vector<Found> look_up(std::span<const UserId> users) const {
    std::vector<Found> found;
    found.reserve(users.size());
    for (const auto& user : users) found.push_back({.online = is_online(user), .hit = true});
    return found;
  }
  /// Which of these devices of `user` are connected, on any node, one answer for each: may wait as look_up() does.
  /// Where nobody answers (not a hit) only connections of this node are known.
  [[nodiscard]] virtual std::vector<Found> look_up_devices(const UserId& user,
                                                           std::span<const DeviceId> devices) const = 0;
};

}  // namespace chat
