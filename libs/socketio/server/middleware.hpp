#pragma once
// Middlewares decide, in order and possibly later, whether a client may join a namespace (socketio.md §10.7).

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "socketio/server/socket_ref.hpp"

namespace socketio {

class Socket;

/// Copy of the first HTTP request of the connection; see ServerOptions::handshake_retention.
struct HandshakeRecord {
  std::string url;
  std::map<std::string, std::string> query;    // percent-decoded; the last duplicate wins
  std::map<std::string, std::string> headers;  // lower-case names
  std::string address;
  bool secure = false;
  bool cross_domain = false;
  base::WallTime issued{};
  base::SteadyTime accepted{};
};

/// Valid during the middleware's call.
struct ConnectRequest {
  /// Has its id already, but is in no room, and nothing can be emitted before it has joined. set_handler is allowed.
  Socket& socket;
  std::string_view auth;             // JSON object of the CONNECT packet; `{}` if there was none
  const HandshakeRecord* handshake;  // null only with HandshakeRetention::kUntilJoined, after the first namespace
};

/// The answer of one middleware: accept() or refuse(), once, now or later, on the socket's shard. If the client has
/// gone meanwhile, nothing happens. Destroyed without an answer, the client stays connecting until connect_timeout.
class Decision {
 public:
  Decision(SocketRef socket, std::size_t step) : socket_(socket), step_(step) {}
  Decision(Decision&&) noexcept = default;
  Decision& operator=(Decision&&) noexcept = default;
  Decision(const Decision&) = delete;
  Decision& operator=(const Decision&) = delete;
  ~Decision() = default;

  /// On to the next middleware, or joined.
  void accept();
  /// CONNECT_ERROR {message, data?}; `data` is JSON text, empty for none. The connection stays open.
  void refuse(std::string_view message, std::string_view data = {});
  /// The socket that waits, null when it has gone.
  [[nodiscard]] Socket* socket() const { return socket_.get(); }

 private:
  SocketRef socket_;
  std::size_t step_;
};

using Middleware = std::function<void(const ConnectRequest& request, Decision decision)>;

}  // namespace socketio
