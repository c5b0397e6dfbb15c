#pragma once
// A whole server process in one call, for programs whose main has nothing else to do.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>

#include "socketio/engineio/options.hpp"
#include "socketio/server/server.hpp"

namespace socketio {

inline engineio::ServerOptions on_socketio_path() {
  engineio::ServerOptions options;
  options.path = "/socket.io/";
  return options;
}

struct StandaloneOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 0;  // 0: the kernel chooses
  std::size_t shards = 0;  // 0: one per core; never more than engineio::kMostShards
  engineio::ServerOptions engine = on_socketio_path();
  /// Called when the clients have gone, while the shards still run: ends whatever else posts to them.
  std::function<void()> on_drained = {};
};

/// Starts shards and an engine, attaches `server`, prints `listening on http://HOST:PORT`, serves until SIGINT or
/// SIGTERM, drains, and returns the exit status: 0, or 1 with a line on standard error when it cannot listen. Call it
/// from main before other threads start: they would take the signals.
int run_standalone(Server& server, StandaloneOptions options);

}  // namespace socketio
