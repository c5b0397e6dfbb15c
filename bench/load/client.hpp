#pragma once
// One real Socket.IO client on one non-blocking WebSocket connection, as far as a chat needs it: handshake, CONNECT,
// heartbeat, send_message with ack, receive_message with confirmation, message_status. It checks what it is told (order
// of numbers, ids, the text) and counts; it does not build JSON trees, since the load must cost less than the server.

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "options.hpp"
#include "tally.hpp"

namespace load {

using Time = std::chrono::steady_clock::time_point;

struct Account {
  std::string user_id;
  std::string token;
};

class Client {
 public:
  enum class State : std::uint8_t { kNew, kConnecting, kUpgrading, kOpening, kJoining, kReady, kFailed };

  Client(const Options& options, const Account& self, const Account& peer, Tally& tally)
      : options_(options), self_(self), peer_(peer), tally_(tally) {}
  ~Client();
  Client(Client&& other) noexcept;
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// Starts the connect; false with a message on standard error when the system refuses.
  bool connect();
  /// Reads until the socket would block, handles, writes. False: the connection is gone.
  bool on_readable();
  bool on_writable();
  /// Tops the closed loop up to `outstanding` messages.
  void start_sending();
  void stop_sending() { sending_ = false; }
  void send_one();
  bool flush();

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool drained() const { return drained_; }
  [[nodiscard]] bool wants_write() const { return !out_.empty(); }

 private:
  void on_frame(std::string_view payload);
  void on_event(std::string_view payload);
  void on_send_ack(std::string_view payload);
  void on_message(std::string_view ack_id, std::string_view event);
  void on_batch(std::string_view ack_id, std::string_view event);
  void on_status(std::string_view event);
  void completed(Time since);
  void write_text(std::string_view payload);

  const Options& options_;
  const Account& self_;
  const Account& peer_;
  Tally& tally_;
  int descriptor_ = -1;
  State state_ = State::kNew;
  bool drained_ = false;
  bool sending_ = false;
  std::string in_;
  std::string out_;
  std::uint64_t next_ack_ = 0;
  std::uint64_t next_acked_ = 0;
  std::uint64_t last_received_ = 0;  // conversation number
  struct Pending {
    std::uint64_t ack_id;
    std::uint64_t seq;  // 0: not acked yet
    Time since;
  };
  std::vector<Pending> pending_;  // in send order, at most `outstanding`
};

}  // namespace load
