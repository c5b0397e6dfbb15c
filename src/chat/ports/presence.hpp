#pragma once
#include <cstdint>
#include <vector>

#include "chat/model/ids.hpp"

namespace chat {

/// A live socket, unique in this process's life; never reused.
using ConnectionId = base::StrongNumber<struct ConnectionTag>;

/// Who is online, as a hint: losing all of it changes latency only (I8). Thread-safe.
class Presence {
 public:
  virtual ~Presence() = default;
  virtual void set_online(const UserId& user, ConnectionId connection) = 0;
  /// Deletes this connection only: a late disconnect of an older socket changes nothing.
  virtual void clear(const UserId& user, ConnectionId connection) = 0;
  [[nodiscard]] virtual bool is_online(const UserId& user) const = 0;
};

}  // namespace chat
