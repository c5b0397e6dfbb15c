#include "socketio/broadcaster_redis/redis_broadcaster.hpp"

#include <utility>

#include "aio/shard.hpp"
#include "socketio/broadcaster_redis/classic_node.hpp"

namespace broadcaster_redis {

RedisBroadcaster::RedisBroadcaster(aio::Shard& shard, const BroadcasterOptions& options)
    : shard_(shard), options_(options), node_(std::make_shared<ClassicNode>(shard, options)) {
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

void RedisBroadcaster::publish(std::string channel, std::string payload) {
  if (!has_room()) return;
  shard_.post(
      [node = node_, channel = std::move(channel), payload = std::move(payload)] { node->publish(channel, payload); });
}

void RedisBroadcaster::opened(const std::shared_ptr<socketio::Namespace>& space) {
  shard_.post([node = node_, name = space->name(), weak = std::weak_ptr(space)] { node->add(name, weak); });
}

void RedisBroadcaster::closed(std::string_view name) {
  shard_.post([node = node_, name = std::string(name)] { node->remove(name); });
}

void RedisBroadcaster::emit(const socketio::Namespace& space, const socketio::Selection& to,
                            const socketio::OutgoingEvent& event, socketio::EmitOptions options) {
  auto payload = encode_broadcast(node_->uid(), space.name(), to, event, options);
  if (payload) publish(Channels(options_.prefix, space.name()).of(to), std::move(*payload));
}

void RedisBroadcaster::emit_with_ack(const socketio::Namespace& space, const socketio::Selection& to,
                                     const socketio::OutgoingEvent& event, std::chrono::milliseconds timeout,
                                     AnswersCallback done) {
  Question question;
  question.type = RequestType::kBroadcast;
  question.request_id = node_->make_request_id();
  auto payload = encode_asking_broadcast({node_->uid(), question.request_id}, space.name(), to, event, timeout);
  if (!payload || !has_room()) return done({});
  question.name_space = space.name();
  question.payload = std::move(*payload);
  question.timeout = timeout;
  question.on_answers = std::move(done);
  shard_.post([node = node_, question = std::move(question)]() mutable { node->ask(std::move(question)); });
}

void RedisBroadcaster::fetch_sockets(const socketio::Namespace& space, const socketio::Selection& of,
                                     SocketsCallback done) {
  if (!has_room()) return done({});
  Question question;
  question.type = RequestType::kFetch;
  question.request_id = node_->make_request_id();
  question.name_space = space.name();
  question.payload = encode_question({node_->uid(), question.request_id}, question.type, &of);
  question.timeout = options_.request_timeout;
  question.on_sockets = std::move(done);
  shard_.post([node = node_, question = std::move(question)]() mutable { node->ask(std::move(question)); });
}

void RedisBroadcaster::fetch_rooms(const socketio::Namespace& space, RoomsCallback done) {
  if (!has_room()) return done({});
  Question question;
  question.type = RequestType::kAllRooms;
  question.request_id = node_->make_request_id();
  question.name_space = space.name();
  question.payload = encode_question({node_->uid(), question.request_id}, question.type, nullptr);
  question.timeout = options_.request_timeout;
  question.on_rooms = std::move(done);
  shard_.post([node = node_, question = std::move(question)]() mutable { node->ask(std::move(question)); });
}

void RedisBroadcaster::move_sockets(const socketio::Namespace& space, const socketio::Selection& of,
                                    socketio::RoomChange change, std::string_view room) {
  publish(Channels(options_.prefix, space.name()).request, encode_move(node_->uid(), of, change, room));
}

void RedisBroadcaster::disconnect_sockets(const socketio::Namespace& space, const socketio::Selection& of,
                                          socketio::DisconnectScope scope) {
  publish(Channels(options_.prefix, space.name()).request,
          encode_disconnect(node_->uid(), of, scope == socketio::DisconnectScope::kConnection));
}

void RedisBroadcaster::server_side_emit(const socketio::Namespace& space, std::string_view event,
                                        std::string_view arguments, std::chrono::milliseconds timeout,
                                        AnswersCallback done) {
  if (!done) {
    return publish(Channels(options_.prefix, space.name()).request,
                   encode_server_side_emit({node_->uid(), {}}, event, arguments));
  }
  if (!has_room()) return done({});
  Question question;
  question.type = RequestType::kServerSideEmit;
  question.request_id = node_->make_request_id();
  question.name_space = space.name();
  question.payload = encode_server_side_emit({node_->uid(), question.request_id}, event, arguments);
  question.timeout = timeout;
  question.on_answers = std::move(done);
  shard_.post([node = node_, question = std::move(question)]() mutable { node->ask(std::move(question)); });
}

}  // namespace broadcaster_redis
