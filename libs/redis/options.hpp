#pragma once
// How connections to Redis behave. Each limit bounds memory or time that a server, or its absence, could otherwise
// take.

#include <chrono>
#include <cstddef>
#include <string>

#include "redis/resp.hpp"
#include "redis/url.hpp"

namespace redis {

struct Options {
  Endpoint endpoint;
  /// PEM file of the authorities that may sign the server's certificate; empty: those of the system. TLS only.
  std::string ca_file;
  /// Name resolution, TCP, TLS, AUTH and SELECT together.
  std::chrono::milliseconds connect_timeout{5'000};
  /// A reply that does not come in time means a dead connection: it is closed, and all that wait on it fail.
  std::chrono::milliseconds command_timeout{5'000};
  /// A subscription connection is asked for a sign of life this often, and given up after two without one.
  std::chrono::milliseconds keepalive{10'000};
  /// Pause before the next try, doubled from the first to the last, each with half of it left to chance: the nodes of a
  /// cluster must not come back in step.
  std::chrono::milliseconds reconnect_first{100};
  std::chrono::milliseconds reconnect_last{5'000};
  /// Commands without a reply yet; more are refused.
  std::size_t max_pending_commands = 16'384;
  /// Bytes the server has not taken yet; more are refused.
  std::size_t max_unsent_bytes = 64 * 1024 * 1024;
  ReplyLimits replies;
};

}  // namespace redis
