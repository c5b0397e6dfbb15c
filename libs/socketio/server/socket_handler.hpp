#pragma once
// SocketHandler: what the application does with one socket. Owned by the application, one per socket (or one for many),
// set by Socket::set_handler in a middleware or in on_connection. All calls come on the socket's shard.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "socketio/engineio/session.hpp"
#include "socketio/server/event.hpp"

namespace socketio {

enum class DisconnectReason : std::uint8_t {
  kTransportClose,
  kTransportError,
  kPingTimeout,
  kParseError,
  kForcedClose,
  kForcedServerClose,
  kServerShuttingDown,
  kSlowConsumer,
  kClientNamespaceDisconnect,  // the client left with a DISCONNECT packet
  kServerNamespaceDisconnect,  // Socket::disconnect
  kRefused,                    // never joined: a middleware said no
};
/// The names that users of the reference server know (socketio.md §7.4).
std::string_view to_string(DisconnectReason reason);
DisconnectReason to_disconnect_reason(engineio::CloseReason reason);

/// Answer of SocketHandler::admit.
enum class Admission : std::uint8_t { kAccept, kDrop, kCloseConnection };

class SocketHandler {
 public:
  virtual ~SocketHandler() = default;

  /// Rate hook: an EVENT of `bytes` (attachments included) is about to be handled. kDrop: it is not, and a wanted ack
  /// is never answered.
  virtual Admission admit(std::size_t bytes) { return (void)bytes, Admission::kAccept; }
  virtual void on_event(Event& event) = 0;
  /// The client's answer to an event with a tracked id and no callback of its own, or any ACK with an id that is not in
  /// the table: those of emit_untracked, late and forged ones. The application decides which it knows.
  virtual void on_ack(const Ack& ack) { (void)ack; }
  /// A tracked id without a callback expired.
  virtual void on_ack_timeout(AckId id) { (void)id; }
  /// Engine.IO pong to Session::ping() number `number` (of this connection, whoever asked).
  virtual void on_pong(std::uint64_t number) { (void)number; }
  /// Everything queued was taken by the transport after it had to wait.
  virtual void on_drain() {}
  /// Last call; comes exactly once after set_handler, also for a socket that never joined. The Socket may still be read
  /// during the call, but nothing can be sent any more.
  virtual void on_disconnect(DisconnectReason reason) = 0;
};

}  // namespace socketio
