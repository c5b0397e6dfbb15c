#pragma once
// Server: Engine.IO 4 over HTTP long-polling and WebSocket (RFC 6455), with plain HTTP/1.1 for every other path.
//
// Threads: construct, listen, stop and destroy from one thread that is not a shard's. Handlers run on the shard of the
// connection. A connection stays on the shard that accepted it, with one exception: a request that names a session of
// another shard moves the whole connection (socket, unparsed bytes, TLS state) there before it is handled, because a
// session may only be touched by its own shard. The session id names the shard.
// Requests of one session that arrive within the same instant on connections of different shards may therefore be
// handled in either order; with one shard it is the order of arrival.
//
// Life: configure, listen, … stop_accepting, close_all, wait_until_empty, destroy; and only then stop the shards. The
// destructor closes what is left without an answer, on each shard, and waits for that.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "aio/shard.hpp"
#include "base/result.hpp"
#include "socketio/engineio/http.hpp"
#include "socketio/engineio/options.hpp"
#include "socketio/engineio/session.hpp"

namespace engineio {

class ShardServer;

enum class ListenError : std::uint8_t {
  kBadAddress,    // not an IPv4 or IPv6 address, nor "localhost"
  kAddressInUse,  // somebody listens there (found by an exclusive bind, which SO_REUSEPORT would hide)
  kNoPermission,
  kSystem,  // descriptors, memory, an address that is not ours
  kTls,     // certificate or key cannot be used
};
std::string_view to_string(ListenError error);

/// What listen() would say of these files, before there is a server; nullopt: they can be used. Changes nothing.
std::optional<TlsProblem> check_tls(const TlsOptions& options);

/// Called on the session's shard after the handshake was accepted and before its answer is written: what is sent here
/// follows the open packet. Null refuses: the session is closed at once.
using SessionHandler = std::function<std::unique_ptr<Listener>(Session& session, const Handshake& handshake)>;

class Server {
 public:
  /// The shards, at most kMostShards, must be started and outlive the server; so must the clock.
  Server(ServerOptions options, std::vector<aio::Shard*> shards, const base::Clock& clock);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Before listen(). Without a handler every session only answers pings.
  void on_session(SessionHandler handler);
  /// Before listen(). Every path but the engine's; without a handler 404 with an empty body.
  void on_http(HttpHandler handler);

  /// One SO_REUSEPORT listener per shard. Port 0: the kernel chooses. Returns the port. May be called for several
  /// addresses.
  base::Result<std::uint16_t, ListenError> listen(const std::string& host, std::uint16_t port);

  /// Drain, in this order. New connections are refused by the kernel from here on; new sessions get 503.
  void stop_accepting();
  /// Closes every session (see Session::close) and every idle connection.
  void close_all(CloseReason reason, bool flush);
  /// Waits until no session and no connection is left; false when `at_most` passed first. Sessions that no connection
  /// can reach any more are ended.
  bool wait_until_empty(std::chrono::milliseconds at_most);

  [[nodiscard]] const ServerOptions& options() const;
  [[nodiscard]] const Counters& counters() const;

 private:
  struct Shared;
  std::unique_ptr<Shared> shared_;
  std::vector<std::unique_ptr<ShardServer>> shards_;
};

}  // namespace engineio
