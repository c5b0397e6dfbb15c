#include "socketio/server/socket.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "socketio/server/ack_ids.hpp"
#include "socketio/server/ack_table.hpp"
#include "socketio/server/connection.hpp"
#include "socketio/server/hub.hpp"
#include "socketio/server/listeners.hpp"
#include "socketio/server/local_namespace.hpp"
#include "socketio/server/namespace.hpp"
#include "socketio/socketio_codec/encoder.hpp"

namespace socketio {

Socket::Socket(Connection& connection, LocalNamespace& space, SocketRef ref, const std::array<char, kSocketIdSize>& id,
               std::uint32_t first_ack)
    : id_(id), next_ack_(first_ack), ref_(ref), connection_(&connection), space_(&space) {}

Socket::~Socket() = default;

std::string_view Socket::namespace_name() const {
  return space_->name();
}
Namespace& Socket::space() const {
  return space_->space();
}

const HandshakeRecord* Socket::handshake() const {
  return connection_ == nullptr ? nullptr : connection_->handshake();
}

engineio::Session& Socket::engine() const {
  CHECK(connection_ != nullptr);
  return connection_->session();
}

void Socket::set_handler(SocketHandler& handler) {
  CHECK(!listeners_);
  handler_ = &handler;
}

bool Socket::emit(std::string_view event, std::string_view arguments, EmitOptions options) {
  return send_event(event, arguments, {}, std::nullopt, options);
}

bool Socket::emit(std::string_view event, std::string_view arguments, Attachments attachments, EmitOptions options) {
  return send_event(event, arguments, attachments, std::nullopt, options);
}

std::optional<AckId> Socket::emit_with_ack(std::string_view event, std::string_view arguments, AckCallback callback,
                                           std::chrono::milliseconds timeout, Attachments attachments) {
  if (!joined() || acks().full()) return std::nullopt;
  const AckId id = next_ack_id();
  if (!send_event(event, arguments, attachments, id, {})) return std::nullopt;
  Hub& hub = space_->hub();
  acks().add(id, std::move(callback), hub.now(), timeout.count() > 0 ? timeout : hub.options().ack_timeout);
  return id;
}

std::optional<AckId> Socket::emit_untracked(std::string_view event, std::string_view arguments) {
  const AckId id = next_ack_id();
  if (!send_event(event, arguments, {}, id, {})) return std::nullopt;
  return id;
}

bool Socket::send_event(std::string_view event, std::string_view arguments, Attachments attachments,
                        std::optional<AckId> ack, EmitOptions options) {
  const bool allowed =
      attachments.size() <= socketio_codec::kMaxAttachments && !socketio_codec::is_reserved_event(event);
  if (!joined() || !allowed) return false;
  std::string& text = space_->hub().scratch();
  socketio_codec::Envelope envelope{.name_space = namespace_name(), .ack_id = {}, .attachments = attachments.size()};
  if (ack) envelope.ack_id = ack->value;
  socketio_codec::append_event(text, envelope, {.name = event, .arguments = arguments});
  return connection_->send(text, attachments, options);
}

bool Socket::answer(std::uint64_t id, std::string_view arguments, Attachments attachments) {
  if (!joined() || attachments.size() > socketio_codec::kMaxAttachments) return false;
  std::string& text = space_->hub().scratch();
  socketio_codec::append_ack(text, {.name_space = namespace_name(), .ack_id = id, .attachments = attachments.size()},
                             arguments);
  return connection_->send(text, attachments, {});
}

AckId Socket::next_ack_id() {
  const AckId id(next_ack_);
  next_ack_ = next_ack_ + 1 == kFirstBroadcastAckId ? 0 : next_ack_ + 1;
  return id;
}

bool Socket::join(std::string_view room) {
  return joined() && space_->join(*this, room);
}

void Socket::leave(std::string_view room) {
  if (joined()) space_->leave(*this, room);
}

std::set<std::string> Socket::rooms() const {
  std::set<std::string> all;
  if (rooms_) all.insert(rooms_->begin(), rooms_->end());
  if (joined()) all.emplace(id());
  return all;
}

Broadcast Socket::to(std::string_view room) const {
  return space().to(room).except(id());
}
Broadcast Socket::broadcast() const {
  return space().except(id());
}

void Socket::disconnect(DisconnectScope scope) {
  if (connection_ == nullptr) return;
  if (scope == DisconnectScope::kConnection) return connection_->disconnect_all();
  if (state_ != State::kLeft) connection_->disconnect(*this);
}

void Socket::on(std::string event, EventListener listener) {
  listeners().set(std::move(event), std::move(listener));
}
void Socket::on_any(EventListener listener) {
  listeners().set_any(std::move(listener));
}
void Socket::on_disconnect(base::Function<void(DisconnectReason)> listener) {
  listeners().set_disconnect(std::move(listener));
}

Listeners& Socket::listeners() {
  if (!listeners_) {
    CHECK(handler_ == nullptr);
    listeners_ = std::make_unique<Listeners>();
    handler_ = listeners_.get();
  }
  return *listeners_;
}

AckTable& Socket::acks() {
  if (!acks_) {
    Hub& hub = space_->hub();
    acks_ = std::make_unique<AckTable>(*this, hub.timers(), hub.options().max_outstanding_acks);
  }
  return *acks_;
}

AckResponder::AckResponder(AckResponder&& other) noexcept
    : socket_(other.socket_), id_(other.id_), open_(std::exchange(other.open_, false)) {}

AckResponder& AckResponder::operator=(AckResponder&& other) noexcept {
  socket_ = other.socket_;
  id_ = other.id_;
  open_ = std::exchange(other.open_, false);
  return *this;
}

bool AckResponder::operator()(std::string_view arguments, Attachments attachments) {
  if (!std::exchange(open_, false)) return false;
  Socket* socket = socket_.get();
  return socket != nullptr && socket->answer(id_, arguments, attachments);
}

void Decision::accept() {
  if (Socket* waiting = socket()) waiting->connection_->accept(*waiting, step_);
}

void Decision::refuse(std::string_view message, std::string_view data) {
  if (Socket* waiting = socket()) waiting->connection_->refuse(*waiting, step_, message, data);
}

base::JsonValue element(const base::JsonValue& array, std::size_t index) {
  base::JsonValue found;
  if (!array.is_array()) return found;
  base::JsonCursor cursor(array);
  for (std::size_t at = 0; cursor.next(found); ++at) {
    if (at == index) return found;
  }
  return {};
}

std::string_view to_string(DisconnectReason reason) {
  switch (reason) {
    case DisconnectReason::kTransportClose:
      return "transport close";
    case DisconnectReason::kTransportError:
      return "transport error";
    case DisconnectReason::kPingTimeout:
      return "ping timeout";
    case DisconnectReason::kParseError:
      return "parse error";
    case DisconnectReason::kForcedClose:
      return "forced close";
    case DisconnectReason::kForcedServerClose:
      return "forced server close";
    case DisconnectReason::kServerShuttingDown:
      return "server shutting down";
    case DisconnectReason::kSlowConsumer:
      return "slow consumer";
    case DisconnectReason::kClientNamespaceDisconnect:
      return "client namespace disconnect";
    case DisconnectReason::kServerNamespaceDisconnect:
      return "server namespace disconnect";
    case DisconnectReason::kRefused:
      return "refused";
  }
  return "";
}

DisconnectReason to_disconnect_reason(engineio::CloseReason reason) {
  switch (reason) {
    case engineio::CloseReason::kTransportClose:
      return DisconnectReason::kTransportClose;
    case engineio::CloseReason::kTransportError:
      return DisconnectReason::kTransportError;
    case engineio::CloseReason::kPingTimeout:
      return DisconnectReason::kPingTimeout;
    case engineio::CloseReason::kParseError:
      return DisconnectReason::kParseError;
    case engineio::CloseReason::kForcedClose:
      return DisconnectReason::kForcedClose;
    case engineio::CloseReason::kForcedServerClose:
      return DisconnectReason::kForcedServerClose;
    case engineio::CloseReason::kServerShuttingDown:
      return DisconnectReason::kServerShuttingDown;
    case engineio::CloseReason::kSlowConsumer:
      return DisconnectReason::kSlowConsumer;
  }
  return DisconnectReason::kTransportClose;
}

}  // namespace socketio
