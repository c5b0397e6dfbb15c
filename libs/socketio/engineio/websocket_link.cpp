#include "socketio/engineio/websocket_link.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "socketio/engineio/engine_session.hpp"
#include "socketio/engineio/shard_server.hpp"
#include "socketio/websocket_codec/frame.hpp"

namespace engineio {

using engineio_codec::PacketType;
using websocket_codec::Incoming;
using websocket_codec::Opcode;

namespace {
/// How long a peer may take to answer our close frame.
constexpr std::chrono::milliseconds kCloseHandshake{10'000};
/// The same while the server drains.
constexpr std::chrono::milliseconds kCloseHandshakeDraining{2'000};

std::uint32_t milliseconds_of(base::SteadyTime time) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(time.time_since_epoch()).count());
}
}  // namespace

WebSocketLink::WebSocketLink(Connection& connection, bool base64)
    : connection_(connection),
      parser_(connection.server().context().websocket),
      control_tokens_(static_cast<float>(connection.server().context().options.control_frames_burst)),
      control_refilled_ms_(milliseconds_of(connection.server().now())),
      base64_(base64) {
  connection.server().context().counters.websockets_now.fetch_add(1, std::memory_order_relaxed);
}

WebSocketLink::~WebSocketLink() {
  connection_.server().context().counters.websockets_now.fetch_sub(1, std::memory_order_relaxed);
}

void WebSocketLink::carry(EngineSession& session) {
  session_ = &session;
  state_ = State::kActive;
  connection_.clear_deadline();
}

void WebSocketLink::probe_for(EngineSession& session) {
  session_ = &session;
  state_ = State::kCandidate;
  connection_.set_deadline_after(connection_.server().context().options.upgrade_timeout);
}

void WebSocketLink::take_over() {
  state_ = State::kActive;
  connection_.clear_deadline();
}

void WebSocketLink::send_packet(PacketType type, bool binary, std::string_view payload) {
  if (state_ == State::kClosing || state_ == State::kDone || connection_.dead()) return;
  std::string& out = connection_.output();
  if (binary && !base64_) {
    websocket_codec::append_frame(out, Opcode::kBinary, payload);
  } else if (binary) {
    out.append(websocket_codec::frame_header(Opcode::kText, engineio_codec::binary_packet_size(payload.size())).view());
    engineio_codec::append_binary_packet(out, payload);
  } else {
    out.append(websocket_codec::frame_header(Opcode::kText, engineio_codec::text_packet_size(payload.size())).view());
    engineio_codec::append_text_packet(out, type, payload);
  }
  connection_.wrote();
}

std::size_t WebSocketLink::unsent() const {
  return connection_.unsent();
}
bool WebSocketLink::blocked() const {
  return connection_.blocked();
}
void WebSocketLink::read_now() {
  connection_.read_now();
}

// --- input ---

void WebSocketLink::on_bytes(std::span<char> bytes) {
  while (state_ != State::kDone && !connection_.dead()) {
    const Incoming incoming = parser_.next(bytes);
    if (incoming.kind == Incoming::Kind::kNeedMore) return;
    handle(incoming);
  }
}

void WebSocketLink::handle(const Incoming& incoming) {
  switch (incoming.kind) {
    case Incoming::Kind::kNeedMore:
      return;
    case Incoming::Kind::kText:
    case Incoming::Kind::kBinary:
      return handle_message(incoming);
    case Incoming::Kind::kPing:
      return answer_ping(incoming.payload);
    case Incoming::Kind::kPong:
      if (!take_control_token())
        fail(static_cast<std::uint16_t>(websocket_codec::CloseCode::kPolicy), CloseReason::kTransportError);
      return;
    case Incoming::Kind::kClose:
      return answer_close(incoming.code);
    case Incoming::Kind::kFailed:
      return fail(incoming.code, CloseReason::kTransportError);
  }
}

void WebSocketLink::handle_message(const Incoming& incoming) {
  const bool text = incoming.kind == Incoming::Kind::kText;
  if (state_ == State::kActive && session_ != nullptr)
    return text ? session_->link_text(incoming.payload) : session_->link_binary(incoming.payload);
  if (state_ == State::kCandidate && session_ != nullptr) session_->candidate_text(text ? incoming.payload : "");
}

bool WebSocketLink::take_control_token() {
  const auto& options = connection_.server().context().options;
  const std::uint32_t now = milliseconds_of(connection_.server().now());
  const auto passed = static_cast<float>(now - std::exchange(control_refilled_ms_, now)) / 1000.0F;
  control_tokens_ = std::min(static_cast<float>(options.control_frames_burst),
                             control_tokens_ + passed * static_cast<float>(options.control_frames_per_second));
  if (control_tokens_ < 1.0F) return false;
  control_tokens_ -= 1.0F;
  return true;
}

void WebSocketLink::answer_ping(std::string_view payload) {
  if (state_ == State::kClosing) return;
  if (!take_control_token())
    return fail(static_cast<std::uint16_t>(websocket_codec::CloseCode::kPolicy), CloseReason::kTransportError);
  websocket_codec::append_frame(connection_.output(), Opcode::kPong, payload);
  connection_.wrote();
}

void WebSocketLink::answer_close(std::uint16_t code) {
  const bool answered_already = state_ == State::kClosing;
  leave_session(CloseReason::kTransportClose);
  if (!answered_already && state_ != State::kDone) send_close(code);
  state_ = State::kDone;
  connection_.close_after_flush();
}

void WebSocketLink::fail(std::uint16_t code, CloseReason reason) {
  leave_session(reason);
  if (state_ != State::kClosing) send_close(code);
  state_ = State::kDone;
  connection_.close_after_flush();
}

// --- the end ---

void WebSocketLink::send_close(std::uint16_t code) {
  websocket_codec::append_close(connection_.output(), code == 0 ? std::nullopt : std::optional(code));
  connection_.wrote();
}

/// Tells the session that this link is over, before anything else may happen on it.
void WebSocketLink::leave_session(CloseReason reason) {
  if (auto* session = std::exchange(session_, nullptr)) session->link_lost(*this, reason);
}

void WebSocketLink::close() {
  session_ = nullptr;
  if (state_ == State::kClosing || state_ == State::kDone || connection_.dead()) return;
  send_close(0);
  state_ = State::kClosing;
  const bool draining = connection_.server().context().draining.load(std::memory_order_relaxed);
  connection_.set_deadline_after(draining ? kCloseHandshakeDraining : kCloseHandshake);
}

void WebSocketLink::drop() {
  session_ = nullptr;
  state_ = State::kDone;
  connection_.abort();
}

void WebSocketLink::on_end() {
  leave_session(CloseReason::kTransportClose);
  state_ = State::kDone;
  connection_.abort();
}

void WebSocketLink::on_lost() {
  state_ = State::kDone;
  leave_session(CloseReason::kTransportError);
}

void WebSocketLink::on_deadline() {
  if (state_ != State::kCandidate) return connection_.abort();
  leave_session(CloseReason::kTransportError);  // the upgrade took too long; polling goes on
  close();
}

void WebSocketLink::on_written(bool waited) {
  if (session_ != nullptr && state_ == State::kActive) session_->link_written(waited);
}

}  // namespace engineio
