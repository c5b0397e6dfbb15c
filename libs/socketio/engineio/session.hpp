#pragma once
// The seam between Engine.IO and what is built on it (Socket.IO 5, or an application of its own).
//
// A Session is one Engine.IO 4 session: it starts with the handshake, survives the upgrade from polling to WebSocket
// and ends once, with a reason. It lives on one shard; every call here is made on that shard's thread, and every
// callback comes there. The engine owns the Session; the layer above owns a Listener for as long as the session lives.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace aio {
class Shard;
}

namespace engineio {

/// Why a session ended; `to_string` gives the names that the reference server shows its users.
enum class CloseReason : std::uint8_t {
  kTransportClose,      // the peer closed
  kTransportError,      // protocol misuse, aborted poll, broken connection
  kPingTimeout,         // no pong within pingTimeout
  kParseError,          // undecodable engine packet
  kForcedClose,         // the layer above closed it (a Socket.IO decode error, for one)
  kForcedServerClose,   // no namespace joined in time, bad state
  kServerShuttingDown,  // drain
  kSlowConsumer,        // unsent bytes above the limit
};
std::string_view to_string(CloseReason reason);

enum class Transport : std::uint8_t { kPolling, kWebSocket };

/// The first HTTP request of a session. Valid during Engine::on_session only; copy what is needed: an idle session
/// keeps nothing of it.
struct Handshake {
  std::string_view url;
  std::map<std::string, std::string> query;    // percent-decoded; the last duplicate wins
  std::map<std::string, std::string> headers;  // lower-case names
  std::string address;                         // peer, or what a trusted proxy says of it
  bool secure = false;                         // TLS
  bool from_trusted = false;                   // loopback or a trusted proxy: limits per address do not apply
  bool cross_domain = false;                   // an Origin header was present
  base::WallTime issued{};
  base::SteadyTime accepted{};  // when the handshake was accepted: the younger session of a device wins by it
};

struct SendOptions {
  bool compress = true;      // may be compressed if compression is on
  bool discardable = false;  // "volatile": dropped when the transport cannot write right now
};

class Session {
 public:
  virtual ~Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// 20 characters of [A-Za-z0-9_-]; a bearer secret, never logged, never shown to another client.
  [[nodiscard]] virtual std::string_view id() const = 0;
  [[nodiscard]] virtual Transport transport() const = 0;
  /// Where every call on this session is made.
  [[nodiscard]] virtual aio::Shard& shard() const = 0;

  /// Queues one message packet (type 4), text or binary. Written at the end of the turn, in order. False: dropped,
  /// because the session is not open or the message was discardable and the transport is busy.
  virtual bool send_text(std::string_view payload, SendOptions options = {}) = 0;
  virtual bool send_binary(std::string_view payload, SendOptions options = {}) = 0;
  /// Queues one heartbeat ping behind everything that was sent so far and returns its number (1, 2, …; periodic pings
  /// count too). Its pong (Listener::on_pong with that number) proves that the client's handlers ran for all of it.
  virtual std::uint64_t ping() = 0;

  /// Bytes that the operating system, or a poll, has not taken yet.
  [[nodiscard]] virtual std::size_t buffered_bytes() const = 0;
  /// True when a write would not have to wait (WebSocket: nothing unsent; polling: a poll is parked).
  [[nodiscard]] virtual bool writable() const = 0;
  /// When the transport last took the last byte of everything sent until then; nothing unsent means "now or earlier".
  [[nodiscard]] virtual base::SteadyTime last_fully_written() const = 0;

  /// Ends the session. `flush`: queued packets first, within a bound of time; else they are discarded. on_close
  /// follows, never inside this call. Idempotent.
  virtual void close(CloseReason reason, bool flush) = 0;

 protected:
  Session() = default;
};

class Listener {
 public:
  virtual ~Listener() = default;
  /// Payload of a message packet; valid during the call.
  virtual void on_text(std::string_view payload) = 0;
  virtual void on_binary(std::string_view payload) = 0;
  /// The pong that answers ping `number` arrived: everything queued before that ping has been handled by the client.
  virtual void on_pong(std::uint64_t number) { (void)number; }
  /// Everything queued was taken by the transport (after it had to wait).
  virtual void on_drain() {}
  /// Last call; the Session is gone when it returns.
  virtual void on_close(CloseReason reason) = 0;
};

}  // namespace engineio
