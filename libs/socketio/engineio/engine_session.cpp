// The parts of a session that do not depend on what carries it: sending, heartbeat, packets, the end.
#include "socketio/engineio/engine_session.hpp"

#include <cstring>

#include "base/check.hpp"
#include "socketio/engineio/http_conversation.hpp"
#include "socketio/engineio/polling_state.hpp"
#include "socketio/engineio/websocket_link.hpp"

namespace engineio {

using engineio_codec::PacketType;

namespace {
/// What a queued packet costs besides its bytes: many tiny ones are bounded too.
constexpr std::size_t kQueuedPacketCost = sizeof(QueuedPacket);
/// A timer that fires later than this was not late by its tick: the process stood still.
constexpr std::chrono::milliseconds kLateTick{25};
}  // namespace

EngineSession::EngineSession(ShardServer& server, std::string_view id)
    : server_(server),
      heartbeat_(aio::Timer::member<&EngineSession::on_heartbeat>(*this)),
      last_written_(server.now()) {
  CHECK(id.size() == kIdSize);
  std::memcpy(id_, id.data(), kIdSize);
}

EngineSession::~EngineSession() = default;

Transport EngineSession::transport() const {
  return link_ != nullptr ? Transport::kWebSocket : Transport::kPolling;
}

void EngineSession::open(WebSocketLink* link, const Handshake& handshake) {
  const auto& options = server_.context().options;
  engineio_codec::HandshakeAnswer answer;
  answer.sid = id();
  answer.upgrade_to_websocket = link == nullptr && options.websocket;
  answer.ping_interval = options.ping_interval;
  answer.ping_timeout = options.ping_timeout;
  answer.max_payload = options.max_payload;
  std::string packet;
  engineio_codec::append_handshake(packet, answer);
  link_ = link;
  if (link_ == nullptr) polling_ = std::make_unique<PollingState>(*this);
  queue_packet(PacketType::kOpen, false, std::string_view(packet).substr(1));
  arm_heartbeat(server_.now() + options.ping_interval);
  server_.context().counters.sessions_opened.fetch_add(1, std::memory_order_relaxed);
  const auto& handler = server_.context().on_session;
  if (!handler) return;
  auto listener = handler(*this, handshake);
  if (listener == nullptr) {
    close(CloseReason::kForcedServerClose, true);
  } else {
    listener_ = std::move(listener);
  }
}

bool EngineSession::send(bool binary, std::string_view payload, SendOptions options) {
  if (state_ != State::kOpen || (options.discardable && !writable())) return false;
  queue_packet(PacketType::kMessage, binary, payload);
  const std::size_t most = server_.context().options.max_buffered_bytes;
  const bool too_many = polling_ && polling_->queue.size() > most / kQueuedPacketCost;
  if (too_many || buffered_bytes() > most) {
    end(CloseReason::kSlowConsumer);
    return false;
  }
  return true;
}

void EngineSession::queue_packet(PacketType type, bool binary, std::string_view payload) {
  ++server_.tally().packets_sent;
  if (link_ != nullptr) {
    link_->send_packet(type, binary, payload);
    return;
  }
  polling_->queue.push_back({type, binary, std::string(payload)});
  polling_->queued_bytes += payload.size() + 1;
  if (polling_->parked != nullptr) {
    need_flush();
  } else if (type != PacketType::kOpen) {
    waited_ = true;
  }
}

void EngineSession::need_flush() {
  server_.flush_later(*this);
}

std::size_t EngineSession::buffered_bytes() const {
  if (link_ != nullptr) return link_->unsent();
  return polling_ ? polling_->queued_bytes : 0;
}

bool EngineSession::writable() const {
  if (state_ != State::kOpen) return false;
  if (link_ != nullptr) return !link_->blocked();
  return polling_ && polling_->parked != nullptr;
}

// --- heartbeat (socketio.md §4) ---

std::uint64_t EngineSession::ping() {
  if (state_ != State::kOpen) return pings_sent_;
  queue_packet(PacketType::kPing, false, {});
  if (pongs_awaited_++ == 0) {
    deadline_extended_ = false;
    arm_heartbeat(server_.now() + server_.context().options.ping_timeout);
  }
  return ++pings_sent_;
}

void EngineSession::arm_heartbeat(base::SteadyTime at) {
  server_.shard().timers().arm(heartbeat_, at);
}

void EngineSession::on_heartbeat() {
  if (state_ == State::kClosing) return end(reason_);
  if (state_ != State::kOpen) return;
  if (pongs_awaited_ > 0) return end(CloseReason::kPingTimeout);
  // Deadlines are absolute: a timer's tick does not shift them. But whoever we asked late may answer as late: ping()
  // has armed for that.
  const auto due = heartbeat_.deadline();
  const bool late = server_.now() - due > kLateTick;
  ping();
  if (state_ == State::kOpen && !late) arm_heartbeat(due + server_.context().options.ping_timeout);
}

bool EngineSession::check_heartbeat(base::SteadyTime now) {
  if (state_ != State::kOpen || pongs_awaited_ == 0 || now < heartbeat_.deadline()) return true;
  end(CloseReason::kPingTimeout);
  return false;
}

void EngineSession::handle_pong() {
  if (pongs_awaited_ == 0) return;  // a stray pong proves nothing
  const std::uint64_t number = pings_sent_ - pongs_awaited_ + 1;
  --pongs_awaited_;
  deadline_extended_ = false;
  const auto& options = server_.context().options;
  arm_heartbeat(server_.now() + (pongs_awaited_ == 0 ? options.ping_interval : options.ping_timeout));
  if (listener_) listener_->on_pong(number);
}

/// Data from a client that owes a pong: it may be busy uploading; it gets the time once more.
void EngineSession::touch() {
  if (pongs_awaited_ == 0 || deadline_extended_) return;
  deadline_extended_ = true;
  arm_heartbeat(server_.now() + server_.context().options.ping_timeout);
}

// --- packets from the client ---

void EngineSession::handle_packet(const engineio_codec::Packet& packet) {
  // Of a session that we are closing only this counts: nobody comes for what is still queued.
  if (state_ == State::kClosing && packet.type == PacketType::kClose) return end(reason_, true);
  if (state_ != State::kOpen) return;
  ++server_.tally().packets_received;
  switch (packet.type) {
    case PacketType::kMessage:
      touch();
      if (!listener_) return;
      return packet.binary ? listener_->on_binary(packet.payload) : listener_->on_text(packet.payload);
    case PacketType::kPong:
      return handle_pong();
    case PacketType::kPing:
      return end(CloseReason::kTransportError);  // revision 4 clients do not ping
    case PacketType::kClose:
      return end(CloseReason::kTransportClose, true);
    case PacketType::kOpen:
    case PacketType::kUpgrade:
    case PacketType::kNoop:
      return;
  }
}

void EngineSession::link_text(std::string_view text) {
  if (state_ != State::kOpen) return;
  std::string scratch;
  const auto packet = engineio_codec::decode_checked_text(text, scratch);
  if (!packet) return end(CloseReason::kParseError);
  handle_packet(*packet);
}

void EngineSession::link_binary(std::string_view bytes) {
  handle_packet(engineio_codec::decode_binary(bytes));
}

void EngineSession::link_written(bool waited) {
  last_written_ = server_.now();
  waited = waited || waited_;  // what was left of the polls waited too
  waited_ = false;
  if (waited && state_ == State::kOpen && listener_) listener_->on_drain();
}

// --- the end (socketio.md §7) ---

void EngineSession::close(CloseReason reason, bool flush) {
  if (state_ == State::kClosing && !flush) return end(reason_);
  if (state_ != State::kOpen) return;
  if (link_ != nullptr || !flush) return end(reason);
  state_ = State::kClosing;
  reason_ = reason;
  begin_graceful_close();
}

void EngineSession::end(CloseReason reason, bool by_client) {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  reason_ = reason;
  heartbeat_.cancel();
  server_.retire(*this);  // first: nothing that follows may find it again
  if (auto* link = std::exchange(link_, nullptr)) {
    if (reason == CloseReason::kSlowConsumer) {
      link->drop();
    } else {
      link->close();
    }
  }
  if (polling_) close_polling(by_client);
}

void EngineSession::link_lost(const WebSocketLink& link, CloseReason reason) {
  if (polling_ && polling_->candidate == &link) {
    polling_->candidate = nullptr;
    polling_->probes = 0;
    polling_->release.cancel();
    return;
  }
  if (link_ != &link) return;
  link_ = nullptr;
  end(reason);
}

void EngineSession::report_closed() {
  auto& counters = server_.context().counters;
  counters.sessions_now.fetch_sub(1, std::memory_order_relaxed);
  counters.sessions_closed[static_cast<std::size_t>(reason_)].fetch_add(1, std::memory_order_relaxed);
  if (listener_) listener_->on_close(reason_);
  listener_.reset();
}

}  // namespace engineio
