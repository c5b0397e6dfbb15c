#include "socketio/server/connection.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "socketio/server/ack_ids.hpp"
#include "socketio/server/ack_table.hpp"
#include "socketio/server/hub.hpp"
#include "socketio/server/listeners.hpp"
#include "socketio/server/local_namespace.hpp"
#include "socketio/server/namespace.hpp"
#include "socketio/server/unjoined_addresses.hpp"
#include "socketio/socketio_codec/encoder.hpp"

namespace socketio {

using socketio_codec::Packet;
using socketio_codec::PacketType;

namespace {

// A client learns of a DISCONNECT one round trip later; more names than this in one round trip nobody leaves.
constexpr std::size_t kRememberedNamespaces = 16;

std::unique_ptr<HandshakeRecord> copy(const engineio::Handshake& handshake) {
  return std::make_unique<HandshakeRecord>(HandshakeRecord{
      .url = std::string(handshake.url),
      .query = handshake.query,
      .headers = handshake.headers,
      .address = handshake.address,
      .secure = handshake.secure,
      .cross_domain = handshake.cross_domain,
      .issued = handshake.issued,
      .accepted = handshake.accepted,
  });
}

/// The address that an unjoined connection is counted by; nullopt: it is not.
std::optional<engineio::PeerAddress> limited_address(const ServerOptions& options,
                                                     const engineio::Handshake& handshake) {
  if (options.max_unjoined_per_address == 0 || handshake.from_trusted) return std::nullopt;
  const auto address = engineio::PeerAddress::parse(handshake.address);
  return address ? std::optional(address->network()) : std::nullopt;
}

}  // namespace

Connection::Connection(Hub& hub, engineio::Session& session, const engineio::Handshake& handshake)
    : hub_(hub), session_(session), handshake_(copy(handshake)), limited_(limited_address(hub.options(), handshake)) {
  begin_unjoined();
}

Connection::~Connection() {
  // An engine that is destroyed with open sessions may owe us on_close.
  if (!over_) on_close(engineio::CloseReason::kServerShuttingDown);
}

void Connection::on_text(std::string_view payload) {
  if (closing_) return;
  const std::size_t limit = hub_.options().max_unjoined_payload;
  if (!joined_once_ && limit != 0 && payload.size() > limit) return violate();
  if (assembler_) return violate();  // a text packet while attachments are outstanding
  const auto packet = socketio_codec::decode_packet(payload, hub_.options().packets);
  if (!packet.ok()) return violate();
  if (packet->attachments == 0) return handle({*packet, {}, payload.size()});
  // Nobody who has not joined makes us keep attachments.
  const Socket* socket = find(packet->name_space);
  const bool known = socket != nullptr ? socket->joined() : left_recently(packet->name_space);
  if (!known || !joined_once_) return violate();
  assembler_ = std::make_unique<socketio_codec::BinaryAssembler>(payload, hub_.options().packets);
  if (!unjoined_) arm(hub_.options().attachment_timeout);
}

void Connection::on_binary(std::string_view payload) {
  if (closing_) return;
  if (!assembler_) return violate();
  const auto complete = assembler_->add(payload);
  if (!complete.ok()) return violate();
  if (!complete.value()) return;
  if (!unjoined_) deadline_->cancel();
  const auto whole = std::move(assembler_);  // the packet's views point into it
  handle({whole->packet(), whole->attachments(), whole->held_bytes()});
}

void Connection::handle(const Arrived& arrived) {
  const Packet& packet = arrived.packet;
  if (packet.type == PacketType::kConnect) return handle_connect(packet);
  Socket* socket = find(packet.name_space);
  if (socket == nullptr && left_recently(packet.name_space)) return;
  if (socket == nullptr || !socket->joined()) return violate();
  if (packet.is_event()) return handle_event(*socket, arrived);
  if (packet.is_ack()) return handle_ack(*socket, arrived);
  leave(*socket, DisconnectReason::kClientNamespaceDisconnect);
}

void Connection::handle_connect(const Packet& packet) {
  if (find(packet.name_space) != nullptr) return violate();
  const ServerOptions& options = hub_.options();
  LocalNamespace* space = hub_.find_or_create(packet.name_space);
  if (space == nullptr) return refuse_namespace(packet.name_space, "Invalid namespace");
  if (count() >= options.max_namespaces_per_connection) {
    hub_.release_if_empty(*space);
    return refuse_namespace(packet.name_space, "Too many namespaces");
  }
  if (recently_left_) std::erase(*recently_left_, packet.name_space);
  start_socket(*space, packet.payload.is_object() ? packet.payload.raw() : "{}");
}

void Connection::start_socket(LocalNamespace& space, std::string_view auth) {
  const SocketRef ref = hub_.register_socket();
  auto owned = std::make_unique<Socket>(*this, space, ref, hub_.make_id(), hub_.first_ack_id());
  Socket& socket = *owned;
  hub_.point(ref, &socket);
  space.hold();
  owned->next_ = std::move(first_);
  first_ = std::move(owned);
  if (auth != "{}") socket.auth_ = std::make_unique<std::string>(auth);
  ask_middleware(socket);
}

void Connection::ask_middleware(Socket& socket) {
  const auto& middlewares = socket.space().middlewares_;
  if (socket.step_ == middlewares.size()) return join(socket);
  const ConnectRequest request{.socket = socket, .auth = socket.auth(), .handshake = handshake_.get()};
  middlewares[socket.step_](request, Decision(socket.ref(), socket.step_));
}

void Connection::accept(Socket& socket, std::size_t step) {
  if (closing_ || socket.state_ != Socket::State::kConnecting || socket.step_ != step) return;
  ++socket.step_;
  ask_middleware(socket);
}

void Connection::refuse(Socket& socket, std::size_t step, std::string_view message, std::string_view data) {
  if (closing_ || socket.state_ != Socket::State::kConnecting || socket.step_ != step) return;
  std::string& text = hub_.scratch();
  socketio_codec::append_connect_error(text, socket.namespace_name(), {.message = message, .data = data});
  session_.send_text(text);
  leave(socket, DisconnectReason::kRefused);
}

void Connection::refuse_namespace(std::string_view name, std::string_view message) {
  std::string& text = hub_.scratch();
  socketio_codec::append_connect_error(text, name, {.message = message, .data = {}});
  session_.send_text(text);
}

void Connection::join(Socket& socket) {
  socket.state_ = Socket::State::kJoined;
  socket.space_->add(socket);
  end_unjoined();
  if (!std::exchange(joined_once_, true)) {
    if (hub_.options().handshake_retention == HandshakeRetention::kUntilJoined) hub_.bury(std::move(handshake_));
  }
  std::string& text = hub_.scratch();
  socketio_codec::append_connect(text, socket.namespace_name(), {.sid = socket.id(), .pid = {}});
  session_.send_text(text);
  if (const auto& hook = socket.space().on_connection_) hook(socket);
  // A middleware that is still on the stack may be reading it: freed at the end of the turn.
  hub_.bury(std::move(socket.auth_));
}

void Connection::handle_event(Socket& socket, const Arrived& arrived) {
  const Packet& packet = arrived.packet;
  SocketHandler* handler = socket.handler_;
  if (handler != nullptr) {
    switch (handler->admit(arrived.bytes)) {
      case Admission::kAccept:
        break;
      case Admission::kDrop:
        return;
      case Admission::kCloseConnection:
        return violate();
    }
  }
  Event event{.name = packet.event_name(),
              .arguments = packet.arguments,
              .array = packet.payload,
              .attachments = arrived.attachments,
              .ack = packet.ack_id ? AckResponder(socket.ref(), *packet.ack_id) : AckResponder()};
  const Namespace& space = socket.space();
  for (const auto& hook : space.event_hooks_) {
    const EventVerdict verdict = hook(socket, event);
    if (verdict == EventVerdict::kPass) continue;
    if (verdict == EventVerdict::kError && space.on_error_) space.on_error_(socket, event);
    return;
  }
  // A hook may have disconnected the socket, which ends its handler.
  if (socket.joined() && socket.handler_ != nullptr) socket.handler_->on_event(event);
}

void Connection::handle_ack(Socket& socket, const Arrived& arrived) {
  const Packet& packet = arrived.packet;
  if (!packet.ack_id || *packet.ack_id >= kAckIdEnd) return;
  const Ack ack{.id = AckId(static_cast<std::uint32_t>(*packet.ack_id)),
                .arguments = packet.arguments,
                .array = packet.payload,
                .attachments = arrived.attachments};
  if (socket.acks_ && socket.acks_->settle(ack)) return;
  // Answers to broadcasts that came too late are no business of the handler.
  if (ack.id.value < kFirstBroadcastAckId && socket.handler_ != nullptr) socket.handler_->on_ack(ack);
}

template <class Call>
void Connection::for_each_handler(Call&& call) {
  if (first_ && !first_->next_) {
    if (first_->handler_ != nullptr) call(*first_->handler_);
    return;
  }
  // By reference, since a call may disconnect any of them.
  std::vector<SocketRef> sockets;
  for (const Socket* at = first_.get(); at != nullptr; at = at->next_.get()) sockets.push_back(at->ref());
  for (const SocketRef& ref : sockets) {
    if (Socket* socket = ref.get(); socket != nullptr && socket->handler_ != nullptr) call(*socket->handler_);
  }
}

void Connection::on_pong(std::uint64_t number) {
  for_each_handler([number](SocketHandler& handler) { handler.on_pong(number); });
}

void Connection::on_drain() {
  for_each_handler([](SocketHandler& handler) { handler.on_drain(); });
}

void Connection::on_close(engineio::CloseReason reason) {
  closing_ = true;
  over_ = true;
  assembler_.reset();
  end_unjoined();
  deadline_.reset();
  while (first_) leave(*first_, to_disconnect_reason(reason));
}

void Connection::leave(Socket& socket, DisconnectReason reason) {
  std::unique_ptr<Socket>* link = &first_;
  while (link->get() != &socket) link = &(*link)->next_;
  std::unique_ptr<Socket> owned = std::move(*link);
  *link = std::move(owned->next_);
  LocalNamespace& space = *socket.space_;
  const bool was_joined = socket.joined();
  if (was_joined) space.remove(socket);
  socket.state_ = Socket::State::kLeft;
  // A socket that was refused ends nothing: its connection waits in vain since its handshake, or its last `41`.
  if (was_joined && !over_ && hub_.options().rearm_connect_timeout && !joined_anywhere()) begin_unjoined();
  hub_.unregister(socket.ref());
  if (socket.acks_) socket.acks_->abandon();
  if (SocketHandler* handler = std::exchange(socket.handler_, nullptr)) handler->on_disconnect(reason);
  socket.connection_ = nullptr;
  hub_.bury(std::move(owned));
  space.release();
  hub_.release_if_empty(space);
}

void Connection::begin_unjoined() {
  unjoined_ = true;
  arm(hub_.options().connect_timeout);
  if (limited_) hub_.unjoined().add(*limited_);
}

void Connection::end_unjoined() {
  if (!std::exchange(unjoined_, false)) return;
  if (limited_) hub_.unjoined().remove(*limited_);
  if (assembler_) return arm(hub_.options().attachment_timeout);
  deadline_.reset();
}

bool Connection::joined_anywhere() const {
  for (const Socket* at = first_.get(); at != nullptr; at = at->next_.get()) {
    if (at->joined()) return true;
  }
  return false;
}

void Connection::disconnect(Socket& socket) {
  if (socket.joined()) {
    std::string& text = hub_.scratch();
    socketio_codec::append_disconnect(text, socket.namespace_name());
    session_.send_text(text);
  }
  remember_left(socket.namespace_name());
  leave(socket, DisconnectReason::kServerNamespaceDisconnect);
}

void Connection::disconnect_all() {
  if (std::exchange(closing_, true)) return;
  while (first_) disconnect(*first_);
  session_.close(engineio::CloseReason::kForcedServerClose, true);
}

bool Connection::send(std::string_view text, Attachments attachments, EmitOptions options) {
  if (closing_) return false;
  if (attachments.empty()) {
    return session_.send_text(text, {.compress = options.compress, .discardable = options.discardable});
  }
  // All or nothing: a header without its attachments would break the client.
  if (options.discardable && !session_.writable()) return false;
  const engineio::SendOptions kept{.compress = options.compress, .discardable = false};
  bool sent = session_.send_text(text, kept);
  for (const std::string_view attachment : attachments) sent = sent && session_.send_binary(attachment, kept);
  return sent;
}

bool Connection::send_broadcast(std::string_view text, Attachments attachments, EmitOptions options) {
  std::size_t bytes = text.size();
  for (const std::string_view attachment : attachments) bytes += attachment.size();
  if (has_room_for_broadcast(bytes)) return send(text, attachments, options);
  hub_.count_dropped_broadcast();
  return false;
}

/// Once there was no room there is none until all has been written: whoever waits for that moment gets its turn,
/// however much is broadcast.
bool Connection::has_room_for_broadcast(std::size_t bytes) {
  const std::size_t limit = hub_.options().max_broadcast_bytes;
  if (limit == 0) return true;
  if (behind_since_ != base::SteadyTime::max()) {
    if (session_.last_fully_written() <= behind_since_) return false;
    behind_since_ = base::SteadyTime::max();
  }
  if (session_.buffered_bytes() + bytes <= limit) return true;
  if (bytes <= limit) behind_since_ = hub_.now();  // a larger one never has room, and says nothing of the reader
  return false;
}

void Connection::violate() {
  if (std::exchange(closing_, true)) return;
  assembler_.reset();
  deadline_.reset();
  session_.close(engineio::CloseReason::kForcedClose, true);
}

void Connection::on_deadline() {
  if (closing_) return;
  if (!unjoined_) return violate();
  closing_ = true;
  session_.close(engineio::CloseReason::kForcedServerClose, false);
}

void Connection::arm(std::chrono::milliseconds delay) {
  if (!deadline_) {
    deadline_ = std::make_unique<aio::Timer>([](void* self) { static_cast<Connection*>(self)->on_deadline(); }, this);
  }
  hub_.timers().arm_after(*deadline_, delay);
}

void Connection::remember_left(std::string_view name) {
  if (!recently_left_) recently_left_ = std::make_unique<std::vector<std::string>>();
  if (recently_left_->size() == kRememberedNamespaces) recently_left_->erase(recently_left_->begin());
  recently_left_->emplace_back(name);
}

bool Connection::left_recently(std::string_view name) const {
  return recently_left_ && std::find(recently_left_->begin(), recently_left_->end(), name) != recently_left_->end();
}

Socket* Connection::find(std::string_view name) const {
  for (Socket* at = first_.get(); at != nullptr; at = at->next_.get()) {
    if (at->namespace_name() == name) return at;
  }
  return nullptr;
}

std::size_t Connection::count() const {
  std::size_t sockets = 0;
  for (const Socket* at = first_.get(); at != nullptr; at = at->next_.get()) ++sockets;
  return sockets;
}

}  // namespace socketio
