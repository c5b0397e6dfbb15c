#pragma once
// What a connection speaks: HTTP first (HttpConversation), WebSocket after the upgrade (WebSocketLink).

#include <span>

namespace engineio {

/// Owned by its connection. Every call comes on the connection's shard.
class Protocol {
 public:
  virtual ~Protocol() = default;
  /// What was just read; valid during the call and may be changed in place.
  virtual void on_bytes(std::span<char> bytes) = 0;
  /// The peer will send no more.
  virtual void on_end() = 0;
  /// The connection is gone; the last call. What depends on it must be told now.
  virtual void on_lost() = 0;
  virtual void on_deadline() = 0;
  /// Everything unsent has been taken by the system; `waited`: it was not taken at once.
  virtual void on_written(bool waited) = 0;
  /// Some of the output was taken, or none could be; comes again and again until on_written: for deadlines on readers.
  virtual void on_blocked() {}
  /// Room again for input that had to wait; comes at the end of a turn.
  virtual void on_resume() {}
  /// The connection has arrived on this shard with what it had read before.
  virtual void on_moved() {}
  /// The server drains: end what is idle.
  virtual void on_drain() = 0;
};

}  // namespace engineio
