#pragma once
// RedisBroadcaster: a cluster over the publish and subscribe of one Redis, together with servers that use
// @socket.io/redis-adapter (createAdapter or createShardedAdapter, the same on all) and, with the classic protocol,
// programs that use @socket.io/redis-emitter.
//
// Redis carries no truth: what is published while it is away is lost, and each node goes on with its own sockets.
// `shard` is a running or not yet running shard of the broadcaster's own; it must be stopped before the
// socketio::Server is destroyed, and outlive it. The broadcaster is destroyed after the shard has stopped (the Server
// holds it).

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "redis/options.hpp"
#include "socketio/server/broadcaster.hpp"

namespace aio {
class Shard;
}

namespace broadcaster_redis {

/// kClassic is createAdapter of the reference; kSharded is createShardedAdapter, and needs Redis 7.
enum class Protocol : std::uint8_t { kClassic, kSharded };

/// kSharded only, under the names of the reference: what has a channel of its own, to which only those servers listen
/// that have the room.
enum class SubscriptionMode : std::uint8_t {
  kStatic,          // nothing
  kDynamic,         // each room
  kDynamicPrivate,  // each room and each socket
};

struct BroadcasterOptions {
  /// A server, or Sentinels; not a Redis Cluster.
  redis::Options redis;
  /// Both are the same on every node.
  Protocol protocol = Protocol::kClassic;
  SubscriptionMode subscription_mode = SubscriptionMode::kDynamic;
  /// Of all channels; the same on every node.
  std::string prefix = "socket.io";
  /// For the answers of the other nodes; a broadcast with acks and a server-side emit bring their own.
  std::chrono::milliseconds request_timeout{5'000};
  /// Questions of ours that wait for answers; more are answered by this node alone.
  std::size_t max_requests = 1'024;
  /// Calls that wait for the shard; more are dropped.
  std::size_t max_waiting_posts = 65'536;
  /// Broadcasts and requests of peers that the server's shards are serving; more wait here, so that what else a shard
  /// has to do gets its turn between them.
  std::size_t max_under_way = 64;
  /// Bytes of messages that wait; more are dropped.
  std::size_t max_waiting_bytes = 16 * 1024 * 1024;
};

/// Any thread.
struct BroadcasterCounters {
  std::atomic<std::uint64_t> published{0};
  std::atomic<std::uint64_t> unpublished{0};  // no connection, or full
  std::atomic<std::uint64_t> received{0};     // without our own
  std::atomic<std::uint64_t> ignored{0};      // what nobody of this protocol publishes
  std::atomic<std::uint64_t> crowded_out{0};  // dropped, too many waited
};

class ClusterNode;
struct Published;
struct Question;

class RedisBroadcaster final : public socketio::Broadcaster {
 public:
  /// Connects as soon as the shard runs.
  RedisBroadcaster(aio::Shard& shard, const BroadcasterOptions& options);
  ~RedisBroadcaster() override;

  [[nodiscard]] const BroadcasterCounters& counters() const;

  void opened(const std::shared_ptr<socketio::Namespace>& space) override;
  void closed(std::string_view name) override;
  void room_opened(const socketio::Namespace& space, std::string_view room, socketio::RoomKind kind) override;
  void room_closed(const socketio::Namespace& space, std::string_view room, socketio::RoomKind kind) override;
  void emit(const socketio::Namespace& space, const socketio::Selection& to, const socketio::OutgoingEvent& event,
            socketio::EmitOptions options) override;
  void emit_with_ack(const socketio::Namespace& space, const socketio::Selection& to,
                     const socketio::OutgoingEvent& event, std::chrono::milliseconds timeout,
                     AnswersCallback done) override;
  void fetch_sockets(const socketio::Namespace& space, const socketio::Selection& of, SocketsCallback done) override;
  void fetch_rooms(const socketio::Namespace& space, RoomsCallback done) override;
  void move_sockets(const socketio::Namespace& space, const socketio::Selection& of, socketio::RoomChange change,
                    std::string_view room) override;
  void disconnect_sockets(const socketio::Namespace& space, const socketio::Selection& of,
                          socketio::DisconnectScope scope) override;
  void server_side_emit(const socketio::Namespace& space, std::string_view event, std::string_view arguments,
                        std::chrono::milliseconds timeout, AnswersCallback done) override;

 private:
  void publish(std::optional<Published> published);
  void ask(Question question);
  [[nodiscard]] bool has_room() const;

  aio::Shard& shard_;
  const BroadcasterOptions options_;
  std::shared_ptr<ClusterNode> node_;
};

}  // namespace broadcaster_redis
