#pragma once
// What an Engine.IO server can be told, and what it counts. Plain values; defaults are those of the reference server
// where clients can see them, and the project's limits where they cannot (docs/security.md).

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "socketio/engineio/peer_address.hpp"
#include "socketio/engineio/session.hpp"

namespace engineio {

/// Of one server: one character of a session's id names its shard.
inline constexpr std::size_t kMostShards = 64;

/// Off while `origins` is empty: then no CORS header is sent at all.
struct CorsOptions {
  std::vector<std::string> origins;  // exact origins, or the single entry "*"
  bool credentials = false;
  std::vector<std::string> methods;          // empty: GET,HEAD,PUT,PATCH,POST,DELETE
  std::vector<std::string> allowed_headers;  // empty: what the preflight asks for
  std::vector<std::string> exposed_headers;
  std::optional<std::chrono::seconds> max_age;
};

struct TlsOptions {
  std::string certificate_file;  // PEM, with the chain; empty: no TLS
  std::string key_file;          // PEM, without a pass phrase
};

/// Why TLS is not possible with such options.
enum class TlsProblem : std::uint8_t {
  kCertificate,  // the file cannot be read, or is no certificate chain
  kKey,          // the file cannot be read, is no private key, or needs a pass phrase
  kNoPair,       // the key is that of another certificate
};

/// Bounds on HTTP requests, each answered with the status given.
struct HttpLimits {
  std::size_t url = 2 * 1024;                         // 414
  std::size_t headers = 8 * 1024;                     // 431; request line and header block together, beyond the URL
  std::size_t header_lines = 64;                      // 431
  std::chrono::milliseconds header_deadline{10'000};  // 408, from the first byte of a request
  std::size_t minimum_bytes_per_second = 100;         // 408, for bodies
  std::size_t body = 1024 * 1024;                     // 413, requests of the host application
  std::chrono::milliseconds keep_alive_idle{15'000};  // closed without an answer; never while a poll is parked
  std::chrono::milliseconds first_byte{10'000};       // a connection that never says anything; also the TLS handshake
  /// Answers that wait for their reader are looked at this often; one who took less than the rate meanwhile is cut off.
  std::chrono::milliseconds output_check{30'000};
  std::size_t minimum_output_per_second = 4 * 1024;  // at least 1
  /// A connection's last answer has this long to leave, and as long as its bytes take at the rate above.
  std::chrono::milliseconds last_answer{10'000};
  std::size_t pipelined = 16;  // requests waiting for their turn on one connection, then reading stops
};

/// Per address (IPv6: per /64); loopback and trusted proxies are exempt. 0 = off.
struct AddressLimits {
  std::size_t connects_per_second = 0;
  std::size_t connect_burst = 0;
  std::size_t connections = 0;
};

/// What the allow_request hook answers.
struct Admission {
  bool allowed = true;
  std::string message;  // empty: "Forbidden"
};

struct ServerOptions {
  std::string path = "/engine.io/";
  std::chrono::milliseconds ping_interval{25'000};
  std::chrono::milliseconds ping_timeout{20'000};
  std::chrono::milliseconds upgrade_timeout{10'000};
  /// A session that is closing and is not polled any more goes after this time.
  std::chrono::milliseconds close_timeout{30'000};
  std::size_t max_payload = 1'000'000;  // a polling body, a WebSocket message after reassembly; inclusive
  std::size_t max_fragments = 64;       // per WebSocket message
  std::size_t control_frames_per_second = 10;
  std::size_t control_frames_burst = 60;
  bool polling = true;
  bool websocket = true;
  CorsOptions cors;
  /// Polling and WebSocket handshakes and requests of other origins are refused with 403. Empty: no check. A request
  /// without Origin does not come from a browser's page and passes.
  std::vector<std::string> allowed_origins;
  /// Decides in place of `allowed_origins`, of every request that has an Origin: handshakes, polls, posts and upgrades.
  /// `host`: the Host header, maybe empty. On the connection's shard; must not block.
  std::function<bool(std::string_view origin, std::string_view host)> allow_origin;
  /// Sets the cookie of this name on the first polling response; empty: none.
  std::string cookie_name;
  /// Proxies whose X-Forwarded-For is believed.
  std::vector<AddressRange> trusted_proxies;
  HttpLimits http;
  AddressLimits addresses;
  /// Unsent bytes per session above which it is closed (kSlowConsumer).
  std::size_t max_buffered_bytes = 4 * 1024 * 1024;
  /// Unsent bytes per connection above which it is not read, and none of its pipelined requests is handled.
  std::size_t stop_reading_above = 256 * 1024;
  std::size_t max_sessions = 0;     // whole server, 503 beyond; 0 = off
  std::size_t max_connections = 0;  // whole server, closed on accept beyond; 0 = off
  TlsOptions tls;
  /// Handshakes only (not requests with a sid, not the upgrade). On the connection's shard; must not block.
  std::function<Admission(const Handshake&)> allow_request;
};

/// Read by anyone at any time; every number only grows unless it says "now".
struct Counters {
  using Number = std::atomic<std::uint64_t>;
  Number connections_accepted{0};
  Number connections_now{0};
  Number sessions_opened{0};
  Number sessions_now{0};
  Number websockets_now{0};
  std::array<Number, 8> sessions_closed{};  // by CloseReason
  Number upgrades{0};
  Number bytes_received{0};
  Number bytes_sent{0};
  Number packets_received{0};
  Number packets_sent{0};
  Number http_requests{0};
  Number refused_address_limit{0};
  Number refused_connection_limit{0};
  Number refused_session_limit{0};
  Number refused_origin{0};
  Number refused_by_hook{0};
  Number refused_handshake{0};  // the error table's other codes
  Number bad_http{0};           // malformed, smuggling, over a limit
  Number timed_out{0};          // slow headers, slow bodies, silent connections
  Number connections_moved{0};  // to the shard of their session
};

}  // namespace engineio
