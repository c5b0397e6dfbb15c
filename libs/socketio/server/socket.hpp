#pragma once
// Socket: a client's membership of one namespace. Created by a CONNECT packet, ends once. Owned by its connection;
// every call is made on its shard. A `Socket&` stays readable until the end of the turn in which on_disconnect came;
// keep a SocketRef for longer.

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/task.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/server/event.hpp"
#include "socketio/server/middleware.hpp"
#include "socketio/server/socket_handler.hpp"

namespace socketio {

class AckTable;
class Broadcast;
class Connection;
class Listeners;
class LocalNamespace;
class Namespace;

inline constexpr std::size_t kSocketIdSize = 20;  // tools rely on the length (socketio.md §3.5)

struct EmitOptions {
  bool discardable = false;  // "volatile": dropped when the transport cannot write right now
  bool compress = true;
};

enum class DisconnectScope : std::uint8_t { kNamespace, kConnection };

class Socket {
 public:
  Socket(Connection& connection, LocalNamespace& space, SocketRef ref, const std::array<char, kSocketIdSize>& id,
         std::uint32_t first_ack);
  ~Socket();
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;

  /// Public; a room of this name holds the socket alone.
  [[nodiscard]] std::string_view id() const { return {id_.data(), id_.size()}; }
  [[nodiscard]] std::string_view namespace_name() const;
  [[nodiscard]] Namespace& space() const;
  [[nodiscard]] SocketRef ref() const { return ref_; }
  /// Joined and not yet left: only then anything can be sent.
  [[nodiscard]] bool joined() const { return state_ == State::kJoined; }
  /// See ServerOptions::handshake_retention; null when it was dropped or the socket has left.
  [[nodiscard]] const HandshakeRecord* handshake() const;
  /// JSON object of the CONNECT packet, `{}` if there was none. Kept until the connection hook has returned, then `{}`.
  [[nodiscard]] std::string_view auth() const { return auth_ ? std::string_view(*auth_) : "{}"; }
  /// The Engine.IO session: ping(), buffered_bytes(), last_fully_written(), close(). Not after on_disconnect (CHECK).
  [[nodiscard]] engineio::Session& engine() const;

  /// The application's receiver; must outlive on_disconnect. Excludes `on` and its kin (CHECK).
  void set_handler(SocketHandler& handler);
  [[nodiscard]] SocketHandler* handler() const { return handler_; }

  /// False: dropped (not joined, discardable and busy, more attachments than clients take, a reserved name).
  bool emit(std::string_view event, std::string_view arguments = {}, EmitOptions options = {});
  bool emit(std::string_view event, std::string_view arguments, Attachments attachments, EmitOptions options = {});
  /// The answer, or its absence after `timeout` (0 = ServerOptions::ack_timeout), comes to the handler, or to
  /// `callback` if there is one. nullopt: dropped, or too many answers outstanding.
  std::optional<AckId> emit_with_ack(std::string_view event, std::string_view arguments, AckCallback callback = {},
                                     std::chrono::milliseconds timeout = {}, Attachments attachments = {});
  /// Like emit_with_ack without table entry and timeout: the answer comes to SocketHandler::on_ack, and the application
  /// keeps account of what it awaits. No allocation but the packet's.
  std::optional<AckId> emit_untracked(std::string_view event, std::string_view arguments);

  /// Joining takes effect at once. False: not joined, or too many rooms.
  bool join(std::string_view room);
  void leave(std::string_view room);
  /// All rooms, the one of its own id included.
  [[nodiscard]] std::set<std::string> rooms() const;
  /// Everybody in the room, on all shards, but this socket.
  [[nodiscard]] Broadcast to(std::string_view room) const;
  /// Everybody in the namespace but this socket.
  [[nodiscard]] Broadcast broadcast() const;

  /// kNamespace: DISCONNECT packet; the connection stays. kConnection: DISCONNECT for every namespace of the
  /// connection, then it closes behind what is queued. Either way clients do not come back by themselves. on_disconnect
  /// comes inside the call. To be reconnected to, close the engine() instead.
  void disconnect(DisconnectScope scope = DisconnectScope::kNamespace);

  /// The small way, for programs that need no handler class. The last listener of a name wins.
  using EventListener = base::Function<void(Event& event)>;
  void on(std::string event, EventListener listener);
  /// Events without a listener of their own.
  void on_any(EventListener listener);
  void on_disconnect(base::Function<void(DisconnectReason)> listener);

 private:
  friend class AckResponder;
  friend class AckTable;
  friend class Broadcast;
  friend class Connection;
  friend class Decision;
  friend class LocalNamespace;
  enum class State : std::uint8_t { kConnecting, kJoined, kLeft };

  bool answer(std::uint64_t id, std::string_view arguments, Attachments attachments);
  /// False: nothing was sent.
  bool send_event(std::string_view event, std::string_view arguments, Attachments attachments, std::optional<AckId> ack,
                  EmitOptions options);
  AckId next_ack_id();
  Listeners& listeners();
  AckTable& acks();

  std::array<char, kSocketIdSize> id_;
  State state_ = State::kConnecting;
  std::uint32_t next_ack_;
  std::uint32_t step_ = 0;  // the middleware whose decision is awaited
  SocketRef ref_;
  Connection* connection_;  // null when left
  LocalNamespace* space_;
  SocketHandler* handler_ = nullptr;
  std::unique_ptr<Socket> next_;       // the connection's next one
  std::unique_ptr<std::string> auth_;  // until joined
  std::unique_ptr<Listeners> listeners_;
  std::unique_ptr<AckTable> acks_;
  std::unique_ptr<std::set<std::string, std::less<>>> rooms_;  // without the own id; most sockets have none
};

}  // namespace socketio
