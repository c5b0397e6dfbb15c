#pragma once
// Broadcasting: the Socket.IO server as one of a cluster of Socket.IO servers over Redis (redis.broadcaster), so that
// an application's own programs reach the clients that are connected here. It carries events of the application only;
// nothing of the chat goes through it, in either direction.
//
// Owner: Server. The Socket.IO server must be destroyed before it; a thread of its own.

#include <memory>
#include <optional>
#include <string>

#include "aio/shard.hpp"
#include "app/settings.hpp"
#include "base/metrics.hpp"
#include "socketio/broadcaster_redis/redis_broadcaster.hpp"
#include "socketio/server/server.hpp"

namespace app {

/// Why redis.broadcaster_prefix cannot be used; nullopt: it can.
std::optional<std::string> refuse_broadcaster(const Settings& settings);

class Broadcasting {
 public:
  /// Null: nobody is to be reached through this server (redis.uri is empty, or redis.broadcaster = off).
  static std::unique_ptr<Broadcasting> make(const Settings& settings, const base::Clock& clock);

  /// Bytes that events of the application may add to the unsent ones of a connection; the rest of
  /// server.max_buffered_bytes is left to what the server itself has to say.
  static std::size_t max_bytes(const Settings& settings);

  /// Before the server attaches to an engine.
  void join(socketio::Server& server);
  /// After it has attached; from then on peers are heard.
  void start() { shard_.start(); }
  /// No peer is heard any more. While the server's shards run: what they have to serve for peers ends with it.
  void stop() { shard_.stop(); }
  /// `registry` renders while this and the server live.
  void export_metrics(base::Registry& registry, const socketio::Server& server);

 private:
  Broadcasting(const Settings& settings, const base::Clock& clock);

  aio::Shard shard_;
  std::shared_ptr<broadcaster_redis::RedisBroadcaster> broadcaster_;
};

}  // namespace app
