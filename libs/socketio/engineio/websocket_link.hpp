#pragma once
// WebSocketLink: a connection after its upgrade to WebSocket, and the one session that it serves.
//
//   kCandidate  probing for a polling session (socketio.md §6); the upgrade timeout runs
//   kActive     carries its session
//   kClosing    our close frame is sent; waits, bounded, for the peer's        kDone  both sides have closed

#include <cstdint>
#include <string_view>

#include "base/clock.hpp"
#include "socketio/engineio/protocol.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/engineio_codec/packet.hpp"
#include "socketio/websocket_codec/frame_parser.hpp"

namespace engineio {

class Connection;
class EngineSession;

class WebSocketLink final : public Protocol {
 public:
  /// `base64`: the request asked for binary as text. Without a session it only waits to be closed.
  WebSocketLink(Connection& connection, bool base64);
  ~WebSocketLink() override;

  void carry(EngineSession& session);      // active from the start
  void probe_for(EngineSession& session);  // candidate
  void take_over();                        // candidate -> active

  void send_packet(engineio_codec::PacketType type, bool binary, std::string_view payload);
  /// Close frame with an empty body behind what is unsent; the session is forgotten.
  void close();
  /// At once, unsent bytes included: the peer does not read.
  void drop();
  void read_now();
  [[nodiscard]] std::size_t unsent() const;
  [[nodiscard]] bool blocked() const;

  void on_bytes(std::span<char> bytes) override;
  void on_end() override;
  void on_lost() override;
  void on_deadline() override;
  void on_written(bool waited) override;
  void on_drain() override {}

 private:
  enum class State : std::uint8_t { kCandidate, kActive, kClosing, kDone };

  void handle(const websocket_codec::Incoming& incoming);
  void handle_message(const websocket_codec::Incoming& incoming);
  void answer_ping(std::string_view payload);
  void answer_close(std::uint16_t code);
  void fail(std::uint16_t code, CloseReason reason);
  void send_close(std::uint16_t code);
  void leave_session(CloseReason reason);
  bool take_control_token();

  Connection& connection_;
  EngineSession* session_ = nullptr;
  websocket_codec::FrameParser parser_;
  float control_tokens_;
  std::uint32_t control_refilled_ms_ = 0;
  State state_ = State::kCandidate;
  bool base64_;
};

}  // namespace engineio
