#include "socketio/broadcaster_redis/sharded_dialect.hpp"

#include "socketio/broadcaster_redis/sharded_message.hpp"

namespace broadcaster_redis {

using redis::SubscriptionKind;

std::string ShardedDialect::channel(std::string_view name_space) const {
  return prefix_ + '#' + std::string(name_space) + '#';
}

std::string ShardedDialect::channel(std::string_view name_space, std::string_view part) const {
  return channel(name_space) + std::string(part) + '#';
}

/// For senders, who cannot know whether a name is a room's or the id of a socket somewhere: by its length. A room with
/// a name that long costs a look of every server, nothing else.
bool ShardedDialect::has_channel(std::string_view room) const {
  if (mode_ == SubscriptionMode::kDynamic) return room.size() != socketio::kSocketIdSize;
  return mode_ == SubscriptionMode::kDynamicPrivate;
}

std::vector<Subscription> ShardedDialect::subscriptions(std::string_view name_space) const {
  return {common(name_space), {SubscriptionKind::kSharded, channel(name_space, uid()), ChannelRole::kAnything}};
}

Subscription ShardedDialect::common(std::string_view name_space) const {
  return {SubscriptionKind::kSharded, channel(name_space), ChannelRole::kAnything};
}

std::optional<std::string> ShardedDialect::room_channel(std::string_view name_space, std::string_view room,
                                                        socketio::RoomKind kind) const {
  if (mode_ == SubscriptionMode::kStatic) return std::nullopt;
  if (mode_ == SubscriptionMode::kDynamic && kind == socketio::RoomKind::kOwn) return std::nullopt;
  return channel(name_space, room);
}

std::optional<Published> ShardedDialect::broadcast(std::string_view name_space, const socketio::Selection& to,
                                                   const socketio::OutgoingEvent& event,
                                                   socketio::EmitOptions options) const {
  auto payload = encode_broadcast({uid(), name_space}, to, event, options);
  if (!payload) return std::nullopt;
  const bool to_room = to.rooms.size() == 1 && has_channel(to.rooms[0]);
  return Published{to_room ? channel(name_space, to.rooms[0]) : channel(name_space), std::move(*payload)};
}

std::optional<Published> ShardedDialect::asking_broadcast(std::string_view request_id, std::string_view name_space,
                                                          const socketio::Selection& to,
                                                          const socketio::OutgoingEvent& event,
                                                          std::chrono::milliseconds timeout) const {
  auto payload = encode_asking_broadcast({uid(), name_space}, request_id, to, event, timeout);
  if (!payload) return std::nullopt;
  // Never to a room's channel: every server has to answer, also one without the room.
  return Published{channel(name_space), std::move(*payload)};
}

Published ShardedDialect::fetch(std::string_view request_id, std::string_view name_space,
                                const socketio::Selection& of) const {
  return {channel(name_space), encode_fetch({uid(), name_space}, request_id, of)};
}

Published ShardedDialect::list_rooms(std::string_view request_id, std::string_view name_space) const {
  return fetch(request_id, name_space, {});
}

Published ShardedDialect::move(std::string_view name_space, const socketio::Selection& of, socketio::RoomChange change,
                               std::string_view room) const {
  return {channel(name_space), encode_move({uid(), name_space}, of, change, room)};
}

Published ShardedDialect::disconnect(std::string_view name_space, const socketio::Selection& of,
                                     socketio::DisconnectScope scope) const {
  const bool close = scope == socketio::DisconnectScope::kConnection;
  return {channel(name_space), encode_disconnect({uid(), name_space}, of, close)};
}

Published ShardedDialect::server_event(std::string_view request_id, std::string_view name_space, std::string_view event,
                                       std::string_view arguments) const {
  return {channel(name_space), encode_server_event({uid(), name_space}, request_id, event, arguments)};
}

Published ShardedDialect::sockets(const Requester& to, const std::vector<socketio::RemoteSocket>& sockets) const {
  return {to.channel, encode_sockets({uid(), to.name_space}, to.request_id, sockets)};
}

Published ShardedDialect::client_count(const Requester& to, std::size_t count) const {
  return {to.channel, encode_client_count({uid(), to.name_space}, to.request_id, count)};
}

std::optional<Published> ShardedDialect::client_answer(const Requester& to, std::string_view value,
                                                       socketio::Attachments attachments) const {
  auto payload = encode_client_answer({uid(), to.name_space}, to.request_id, value, attachments);
  if (!payload) return std::nullopt;
  return Published{to.channel, std::move(*payload)};
}

Published ShardedDialect::server_answer(const Requester& to, std::string_view value) const {
  return {to.channel, encode_server_answer({uid(), to.name_space}, to.request_id, value)};
}

}  // namespace broadcaster_redis
