#include "socketio/broadcaster_redis/redis_broadcaster.hpp"

#include <utility>

#include "aio/shard.hpp"
#include "socketio/broadcaster_redis/classic_dialect.hpp"
#include "socketio/broadcaster_redis/cluster_node.hpp"
#include "socketio/broadcaster_redis/sharded_dialect.hpp"

namespace broadcaster_redis {

std::shared_ptr<const Dialect> make_dialect(const BroadcasterOptions& options, std::string uid) {
  if (options.protocol == Protocol::kClassic) {
    return std::make_shared<ClassicDialect>(std::move(uid), options.prefix);
  }
  return std::make_shared<ShardedDialect>(std::move(uid), options.prefix, options.subscription_mode);
}

RedisBroadcaster::RedisBroadcaster(aio::Shard& shard, const BroadcasterOptions& options)
    : shard_(shard), options_(options), node_(std::make_shared<ClusterNode>(shard, options)) {
  shard_.post([node = node_] { node->start(); });
}

RedisBroadcaster::~RedisBroadcaster() = default;

const BroadcasterCounters& RedisBroadcaster::counters() const {
  return node_->counters;
}

bool RedisBroadcaster::has_room() const {
  if (shard_.posts_waiting() < options_.max_waiting_posts) return true;
  node_->counters.unpublished.fetch_add(1, std::memory_order_relaxed);
  return false;
}

void RedisBroadcaster::publish(std::optional<Published> published) {
  if (!published || !has_room()) return;
  shard_.post([node = node_, published = std::move(*published)] { node->publish(published); });
}

void RedisBroadcaster::ask(Question question) {
  shard_.post([node = node_, question = std::move(question)]() mutable { node->ask(std::move(question)); });
}

void RedisBroadcaster::opened(const std::shared_ptr<socketio::Namespace>& space) {
  shard_.post([node = node_, name = space->name(), weak = std::weak_ptr(space)] { node->add(name, weak); });
}

void RedisBroadcaster::closed(std::string_view name) {
  shard_.post([node = node_, name = std::string(name)] { node->remove(name); });
}

void RedisBroadcaster::room_opened(const socketio::Namespace& space, std::string_view room, socketio::RoomKind kind) {
  const auto channel = node_->dialect().room_channel(space.name(), room, kind);
  if (channel && node_->room_channels.open(*channel)) shard_.post([node = node_] { node->follow_rooms(); });
}

void RedisBroadcaster::room_closed(const socketio::Namespace& space, std::string_view room, socketio::RoomKind kind) {
  const auto channel = node_->dialect().room_channel(space.name(), room, kind);
  if (channel && node_->room_channels.close(*channel)) shard_.post([node = node_] { node->follow_rooms(); });
}

void RedisBroadcaster::emit(const socketio::Namespace& space, const socketio::Selection& to,
                            const socketio::OutgoingEvent& event, socketio::EmitOptions options) {
  publish(node_->dialect().broadcast(space.name(), to, event, options));
}

void RedisBroadcaster::emit_with_ack(const socketio::Namespace& space, const socketio::Selection& to,
                                     const socketio::OutgoingEvent& event, std::chrono::milliseconds timeout,
                                     AnswersCallback done) {
  std::string id = node_->make_request_id();
  auto published = node_->dialect().asking_broadcast(id, space.name(), to, event, timeout);
  if (!published || !has_room()) return done({});
  ask({.kind = QuestionKind::kBroadcast,
       .request_id = std::move(id),
       .name_space = space.name(),
       .published = std::move(*published),
       .timeout = timeout,
       .on_sockets = {},
       .on_answers = std::move(done),
       .on_rooms = {}});
}

void RedisBroadcaster::fetch_sockets(const socketio::Namespace& space, const socketio::Selection& of,
                                     SocketsCallback done) {
  if (!has_room()) return done({});
  std::string id = node_->make_request_id();
  auto published = node_->dialect().fetch(id, space.name(), of);
  ask({.kind = QuestionKind::kSockets,
       .request_id = std::move(id),
       .name_space = space.name(),
       .published = std::move(published),
       .timeout = options_.request_timeout,
       .on_sockets = std::move(done),
       .on_answers = {},
       .on_rooms = {}});
}

void RedisBroadcaster::fetch_rooms(const socketio::Namespace& space, RoomsCallback done) {
  if (!has_room()) return done({});
  std::string id = node_->make_request_id();
  auto published = node_->dialect().list_rooms(id, space.name());
  ask({.kind = QuestionKind::kRooms,
       .request_id = std::move(id),
       .name_space = space.name(),
       .published = std::move(published),
       .timeout = options_.request_timeout,
       .on_sockets = {},
       .on_answers = {},
       .on_rooms = std::move(done)});
}

void RedisBroadcaster::move_sockets(const socketio::Namespace& space, const socketio::Selection& of,
                                    socketio::RoomChange change, std::string_view room) {
  publish(node_->dialect().move(space.name(), of, change, room));
}

void RedisBroadcaster::disconnect_sockets(const socketio::Namespace& space, const socketio::Selection& of,
                                          socketio::DisconnectScope scope) {
  publish(node_->dialect().disconnect(space.name(), of, scope));
}

void RedisBroadcaster::server_side_emit(const socketio::Namespace& space, std::string_view event,
                                        std::string_view arguments, std::chrono::milliseconds timeout,
                                        AnswersCallback done) {
  if (!done) return publish(node_->dialect().server_event({}, space.name(), event, arguments));
  if (!has_room()) return done({});
  std::string id = node_->make_request_id();
  auto published = node_->dialect().server_event(id, space.name(), event, arguments);
  ask({.kind = QuestionKind::kServerEvent,
       .request_id = std::move(id),
       .name_space = space.name(),
       .published = std::move(published),
       .timeout = timeout,
       .on_sockets = {},
       .on_answers = std::move(done),
       .on_rooms = {}});
}

}  // namespace broadcaster_redis
