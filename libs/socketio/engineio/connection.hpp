#pragma once
// Connection: one TCP connection and nothing about its meaning. It waits for readability, reads into the shard's buffer
// and hands that to its Protocol; what the protocol wrote during a turn leaves in one system call at the end of the
// turn. Idle it owns no buffer. Output that the system does not take is kept (the protocol bounds it) and reading stops
// while there is too much of it.
//
// Owned by its ShardServer. Destroyed only between turns, so that every caller on the stack may finish.

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "aio/readiness.hpp"
#include "aio/timer_wheel.hpp"
#include "socketio/engineio/byte_stream.hpp"
#include "socketio/engineio/peer_address.hpp"
#include "socketio/engineio/protocol.hpp"

namespace engineio {

class ShardServer;

/// Unsent bytes; borrowed from the shard's pool while there are any.
struct OutputBuffer {
  std::string bytes;
  std::size_t sent = 0;
  std::size_t taken = 0;  // by the system, since it was borrowed
};

class Connection final : public aio::Watched {
 public:
  /// `descriptor`: connected, non-blocking, taken. `counted`: release the address from the limiter at the end.
  Connection(ShardServer& server, int descriptor, const PeerAddress& peer, bool counted);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Starts waiting; false when the kernel has no room for one more.
  [[nodiscard]] bool start(std::unique_ptr<Protocol> protocol);
  /// The old protocol lives until the end of the turn.
  void switch_protocol(std::unique_ptr<Protocol> protocol);

  /// Append here, then call wrote().
  [[nodiscard]] std::string& output();
  /// What was appended leaves at the end of the turn. The caller is in the middle of something, so nobody is called
  /// back and nothing ends in here, also when some of it leaves early and the peer turns out to be gone.
  void wrote();
  [[nodiscard]] std::size_t unsent() const noexcept { return out_ ? out_->bytes.size() - out_->sent : 0; }
  /// Bytes that the system has taken since there were none unsent.
  [[nodiscard]] std::size_t taken() const noexcept { return out_ ? out_->taken : 0; }
  /// The system refused bytes: a write would wait.
  [[nodiscard]] bool blocked() const noexcept { return blocked_; }
  /// Tries to send everything unsent and tells the protocol; a peer that is gone ends the connection. Called by the
  /// shard at the end of the turn.
  void flush();

  /// Reads what is there now, ahead of its turn (socketio.md §1.4: a frame that must not be overtaken).
  void read_now();
  /// The protocol has no room for more input (a full pipeline).
  void pause_input(bool paused);

  /// Sends what is unsent, tells the peer that nothing more comes, and waits a bounded time for its end, so that no
  /// reset destroys the last answer on its way.
  void close_after_flush();
  /// The same; what is unsent has `patience` to leave instead of HttpLimits::last_answer.
  void close_after_flush(std::chrono::milliseconds patience);
  /// At once; on_lost() of the protocol is called unless it is already closing itself.
  void abort();
  [[nodiscard]] bool closing() const noexcept { return closing_; }
  [[nodiscard]] bool dead() const noexcept { return dead_; }

  void set_deadline(base::SteadyTime at);
  void set_deadline_after(std::chrono::milliseconds delay);
  void clear_deadline() noexcept { deadline_.cancel(); }

  /// Moves to another shard at the end of the turn; nothing is read or written until it arrived.
  void move_to(std::uint16_t shard_index);
  /// The two halves of a move: on the old shard, then on the new one.
  void detach();
  [[nodiscard]] bool attach(ShardServer& server);

  [[nodiscard]] ShardServer& server() const noexcept { return *server_; }
  [[nodiscard]] Protocol& protocol() const noexcept { return *protocol_; }
  [[nodiscard]] const PeerAddress& peer() const noexcept { return peer_; }
  [[nodiscard]] bool secure() const noexcept { return stream_.secure(); }

  void on_ready(std::uint32_t events) override;

  std::size_t index = 0;  // the shard's: place in its list

 private:
  void on_deadline();
  void send();
  void read_once_more_later();
  void begin_lingering();
  void sent_everything();
  void update_interest();
  [[nodiscard]] bool may_read() const noexcept;

  ShardServer* server_;
  std::unique_ptr<Protocol> protocol_;
  std::unique_ptr<OutputBuffer> out_;
  ByteStream stream_;
  aio::Timer deadline_;
  PeerAddress peer_;
  std::uint32_t interest_ = 0;
  bool counted_ : 1;
  bool registered_ : 1 = false;
  bool queued_ : 1 = false;  // for the flush at the end of this turn
  bool broken_ : 1 = false;  // a send failed; the flush at the end of the turn draws the consequence
  bool blocked_ : 1 = false;
  bool waited_ : 1 = false;   // blocked since the last time that everything was sent
  bool paused_ : 1 = false;   // by the protocol
  bool ended_ : 1 = false;    // the peer sends no more
  bool closing_ : 1 = false;  // close_after_flush was called
  bool lingering_ : 1 = false;
  bool moving_ : 1 = false;
  bool dead_ : 1 = false;
};

}  // namespace engineio
