#pragma once
// What all shards of one server share. Written before listen(), then only read, except for the atomics and the limiter.

#include <atomic>
#include <memory>
#include <vector>

#include "socketio/engineio/address_limiter.hpp"
#include "socketio/engineio/byte_stream.hpp"
#include "socketio/engineio/server.hpp"
#include "socketio/websocket_codec/frame_parser.hpp"

namespace engineio {

/// Counts one more unless there are `most` of them (0: no limit). Of shards that ask at once for the last place one
/// gets it.
inline bool take_place(Counters::Number& taken, std::size_t most) {
  auto now = taken.load(std::memory_order_relaxed);
  do {
    if (most != 0 && now >= most) return false;
  } while (!taken.compare_exchange_weak(now, now + 1, std::memory_order_relaxed));
  return true;
}

struct ServerContext {
  ServerContext(ServerOptions o, std::vector<aio::Shard*> s, const base::Clock& c);

  const ServerOptions options;
  const base::Clock& clock;
  const std::vector<aio::Shard*> shards;
  std::vector<ShardServer*> shard_servers;  // same order
  const websocket_codec::ParserOptions websocket;
  std::unique_ptr<TlsContext> tls;
  SessionHandler on_session;
  HttpHandler on_http;
  Counters counters;
  AddressLimiter limiter;
  std::atomic<bool> draining{false};

  [[nodiscard]] bool is_trusted(const PeerAddress& address) const;
};

}  // namespace engineio
