#pragma once
// Connection: one engine session and the sockets on it. Reads packets, keeps the rules of socketio.md §§10 and 12, and
// closes the whole session on any violation. Internal; owned by the engine session; shard thread only.
//
// An idle connection holds no buffer, no timer and (kUntilJoined) no copy of the handshake.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aio/timer_wheel.hpp"
#include "socketio/engineio/peer_address.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/server/middleware.hpp"
#include "socketio/server/socket.hpp"
#include "socketio/socketio_codec/binary_assembler.hpp"

namespace socketio {

class Hub;

class Connection final : public engineio::Listener {
 public:
  Connection(Hub& hub, engineio::Session& session, const engineio::Handshake& handshake);
  ~Connection() override;

  void on_text(std::string_view payload) override;
  void on_binary(std::string_view payload) override;
  void on_pong(std::uint64_t number) override;
  void on_drain() override;
  void on_close(engineio::CloseReason reason) override;

  [[nodiscard]] Hub& hub() const { return hub_; }
  [[nodiscard]] engineio::Session& session() const { return session_; }
  [[nodiscard]] const HandshakeRecord* handshake() const { return handshake_.get(); }

  /// The decision of middleware `step`; ignored unless that is the one awaited.
  void accept(Socket& socket, std::size_t step);
  void refuse(Socket& socket, std::size_t step, std::string_view message, std::string_view data);
  /// The socket's own wish (§12.2), and of all sockets together (§12.3).
  void disconnect(Socket& socket);
  void disconnect_all();
  bool send(std::string_view text, Attachments attachments, EmitOptions options);
  /// The same within ServerOptions::max_broadcast_bytes.
  bool send_broadcast(std::string_view text, Attachments attachments, EmitOptions options);

 private:
  struct Arrived {
    const socketio_codec::Packet& packet;
    Attachments attachments;
    std::size_t bytes;
  };
  void handle(const Arrived& arrived);
  void handle_connect(const socketio_codec::Packet& packet);
  void handle_event(Socket& socket, const Arrived& arrived);
  void handle_ack(Socket& socket, const Arrived& arrived);
  void start_socket(LocalNamespace& space, std::string_view auth);
  void ask_middleware(Socket& socket);
  void join(Socket& socket);
  void refuse_namespace(std::string_view name, std::string_view message);
  void leave(Socket& socket, DisconnectReason reason);
  /// From a moment at which no namespace is joined to the next join, or the end.
  void begin_unjoined();
  void end_unjoined();
  [[nodiscard]] bool joined_anywhere() const;
  void violate();
  void on_deadline();
  void arm(std::chrono::milliseconds delay);
  void remember_left(std::string_view name);
  [[nodiscard]] bool left_recently(std::string_view name) const;
  [[nodiscard]] Socket* find(std::string_view name) const;
  [[nodiscard]] std::size_t count() const;
  [[nodiscard]] bool has_room_for_broadcast(std::size_t bytes);
  template <class Call>
  void for_each_handler(Call&& call);

  Hub& hub_;
  engineio::Session& session_;
  std::unique_ptr<Socket> first_;
  std::unique_ptr<HandshakeRecord> handshake_;
  std::unique_ptr<socketio_codec::BinaryAssembler> assembler_;  // while attachments are outstanding
  std::unique_ptr<aio::Timer> deadline_;                        // of joining (unjoined_), else of attachments
  std::unique_ptr<std::vector<std::string>> recently_left_;     // at our wish: the client may not know yet (§10.6)
  base::SteadyTime behind_since_ = base::SteadyTime::max();     // a broadcast found no room; max: it had
  std::optional<engineio::PeerAddress> limited_;                // whose share of unjoined connections it takes
  bool unjoined_ = false;  // since the handshake; with rearm_connect_timeout also since the last namespace was left
  bool joined_once_ = false;
  bool closing_ = false;
  bool over_ = false;  // the engine's session is gone
};

}  // namespace socketio
