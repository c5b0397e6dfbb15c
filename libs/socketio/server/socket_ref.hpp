#pragma once
// SocketRef: names a Socket without keeping it alive. A value of 16 bytes that may be stored, copied and sent to other
// shards; get() is for the socket's own shard only. The Server must outlive the calls of get(), not the refs.

#include <cstdint>

namespace socketio {

class Hub;
class Socket;

class SocketRef {
 public:
  SocketRef() = default;
  /// The socket, connecting or joined; null once it has left.
  [[nodiscard]] Socket* get() const;
  friend bool operator==(SocketRef, SocketRef) = default;

 private:
  friend class Hub;
  SocketRef(Hub& hub, std::uint32_t slot, std::uint32_t generation)
      : hub_(&hub), slot_(slot), generation_(generation) {}
  Hub* hub_ = nullptr;
  std::uint32_t slot_ = 0;
  std::uint32_t generation_ = 0;
};

}  // namespace socketio
