#pragma once
// Broadcaster: carries what concerns the sockets of a namespace to the other servers of a cluster (what the reference
// server calls its cluster adapter). Set one with Server::set_broadcaster, and every Broadcast reaches all nodes; with
// none the only cost is a look at a null pointer.
//
// The caller has served this node already; the broadcaster serves the others, and serves this node's sockets in their
// name through Broadcast::local(). Every call may be made on any thread, returns at once, and fails silently when the
// others cannot be reached: they are then simply not part of the outcome. Arguments are valid during the call only.
// Every `done` is called exactly once, on any thread, at the latest after its time-out; but not after the broadcaster
// has stopped.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/task.hpp"
#include "socketio/server/namespace.hpp"

namespace socketio {

/// kOwn: the room of one socket, named by its id.
enum class RoomKind : std::uint8_t { kOwn, kNamed };

class Broadcaster {
 public:
  using SocketsCallback = base::Function<void(std::vector<RemoteSocket>)>;
  using AnswersCallback = base::Function<void(BroadcastAnswers)>;
  using RoomsCallback = base::Function<void(std::vector<std::string>)>;

  virtual ~Broadcaster() = default;
  /// A namespace has come to life here; the broadcaster may keep a weak reference.
  virtual void opened(const std::shared_ptr<Namespace>& space) = 0;
  /// One of that name has gone. Another one may live already.
  virtual void closed(std::string_view name) = 0;
  /// The first socket of a shard entered a room, or its last one left: each shard that has the room says so, on its own
  /// thread.
  virtual void room_opened(const Namespace& /*space*/, std::string_view /*room*/, RoomKind /*kind*/) {}
  virtual void room_closed(const Namespace& /*space*/, std::string_view /*room*/, RoomKind /*kind*/) {}

  virtual void emit(const Namespace& space, const Selection& to, const OutgoingEvent& event, EmitOptions options) = 0;
  virtual void emit_with_ack(const Namespace& space, const Selection& to, const OutgoingEvent& event,
                             std::chrono::milliseconds timeout, AnswersCallback done) = 0;
  virtual void fetch_sockets(const Namespace& space, const Selection& of, SocketsCallback done) = 0;
  virtual void fetch_rooms(const Namespace& space, RoomsCallback done) = 0;
  virtual void move_sockets(const Namespace& space, const Selection& of, RoomChange change, std::string_view room) = 0;
  virtual void disconnect_sockets(const Namespace& space, const Selection& of, DisconnectScope scope) = 0;
  /// To the servers themselves. Without `done` no answer is wanted.
  virtual void server_side_emit(const Namespace& space, std::string_view event, std::string_view arguments,
                                std::chrono::milliseconds timeout, AnswersCallback done) = 0;
};

}  // namespace socketio
