#pragma once
// EngineSession: one Engine.IO 4 session (socketio.md §§3, 4, 6, 7) from the handshake to its end, whatever carries it.
//
//   polling ──candidate──> probing ──"5"──> websocket          Each state may end: open ─> closing ─> closed.
//
// While it polls, what only polling needs (queue, parked poll, POST at work, candidate WebSocket) lives in a
// PollingState; after the upgrade nothing of that is left. One timer serves the heartbeat and, at the end, the bound on
// a graceful close. Owned by its ShardServer; destroyed only between turns.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aio/timer_wheel.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/engineio/shard_server.hpp"
#include "socketio/engineio_codec/packet.hpp"

namespace engineio {

class HttpConversation;
class WebSocketLink;
struct PollingState;

class EngineSession final : public Session {
 public:
  EngineSession(ShardServer& server, std::string_view id);
  ~EngineSession() override;

  // Session.
  [[nodiscard]] std::string_view id() const override { return {id_, kIdSize}; }
  [[nodiscard]] Transport transport() const override;
  [[nodiscard]] aio::Shard& shard() const override { return server_.shard(); }
  bool send_text(std::string_view payload, SendOptions options) override { return send(false, payload, options); }
  bool send_binary(std::string_view payload, SendOptions options) override { return send(true, payload, options); }
  std::uint64_t ping() override;
  [[nodiscard]] std::size_t buffered_bytes() const override;
  [[nodiscard]] bool writable() const override;
  [[nodiscard]] base::SteadyTime last_fully_written() const override { return last_written_; }
  void close(CloseReason reason, bool flush) override;

  // Life.
  /// Queues the open packet, then asks the application for a listener. `link` null: polling.
  void open(WebSocketLink* link, const Handshake& handshake);
  /// The last step of the shard: tells the listener.
  void report_closed();
  /// False when the heartbeat was overdue; the session is closed then.
  bool check_heartbeat(base::SteadyTime now);

  // Polling (socketio.md §3).
  /// A GET: answered now, or parked.
  void poll(HttpConversation& conversation, std::uint32_t slot);
  /// A POST whose head came; false: there is one already, and the session is closed for it.
  bool begin_post(HttpConversation& conversation);
  /// Its whole body came. Answers the slot, when all packets have been handled.
  void finish_post(HttpConversation& conversation, std::uint32_t slot, std::string body);
  /// The next packets of a POST whose handling takes several turns.
  void continue_post();
  /// It was refused (413): the session goes on.
  void abandon_post(const HttpConversation& conversation);
  /// A request that ends the session (octet-stream): everything parked is answered.
  void misuse() { end(CloseReason::kTransportError); }
  /// The conversation is gone, with whatever it carried of this session.
  void conversation_lost(const HttpConversation& conversation);
  /// Answers a parked poll when there is something to tell. Like every answer it may end the connection, and the
  /// session.
  void flush_poll();
  [[nodiscard]] bool queued_for_flush() const noexcept { return flush_queued_; }
  void set_queued_for_flush(bool queued) noexcept { flush_queued_ = queued; }

  // WebSocket (socketio.md §§5, 6).
  /// A WebSocket that wants to take over; false: there is one, or the session is not open.
  bool offer_candidate(WebSocketLink& link);
  /// Handles what the candidate has sent already: its "5" may not be overtaken by a later request.
  void let_candidate_speak();
  void candidate_text(std::string_view text);
  void link_text(std::string_view text);
  void link_binary(std::string_view bytes);
  void link_written(bool waited);
  void link_lost(const WebSocketLink& link, CloseReason reason);

 private:
  static constexpr std::size_t kIdSize = 20;
  enum class State : std::uint8_t { kOpen, kClosing, kClosed };

  bool send(bool binary, std::string_view payload, SendOptions options);
  void queue_packet(engineio_codec::PacketType type, bool binary, std::string_view payload);
  void handle_packet(const engineio_codec::Packet& packet);
  void handle_pong();
  [[nodiscard]] bool post_at_work() const;
  void answer_post();
  void upgrade();
  void end(CloseReason reason, bool by_client = false);
  void close_polling(bool by_client);
  void begin_graceful_close();
  void answer_poll(std::string body);
  void poll_while_closing();
  void release_poll_later();
  void on_release();
  void on_heartbeat();
  void arm_heartbeat(base::SteadyTime at);
  void touch();
  void need_flush();

  ShardServer& server_;
  std::unique_ptr<Listener> listener_;
  WebSocketLink* link_ = nullptr;
  std::unique_ptr<PollingState> polling_;
  aio::Timer heartbeat_;
  base::SteadyTime last_written_;
  std::uint64_t pings_sent_ = 0;
  std::uint32_t pongs_awaited_ = 0;
  char id_[kIdSize];
  State state_ = State::kOpen;
  CloseReason reason_ = CloseReason::kTransportClose;
  bool deadline_extended_ : 1 = false;  // once per ping (socketio.md §4.4)
  bool flush_queued_ : 1 = false;
  bool waited_ : 1 = false;  // for a poll: something had to, since the last drain

  friend struct PollingState;
};

}  // namespace engineio
