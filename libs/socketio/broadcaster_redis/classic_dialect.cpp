#include "socketio/broadcaster_redis/classic_dialect.hpp"

namespace broadcaster_redis {

using redis::SubscriptionKind;

std::vector<Subscription> ClassicDialect::subscriptions(std::string_view name_space) const {
  const Channels names = channels(name_space);
  return {{SubscriptionKind::kPattern, names.pattern, ChannelRole::kBroadcasts},
          {SubscriptionKind::kChannel, names.request, ChannelRole::kRequests},
          {SubscriptionKind::kChannel, names.response, ChannelRole::kResponses},
          {SubscriptionKind::kChannel, names.own_response(uid()), ChannelRole::kResponses}};
}

Subscription ClassicDialect::common(std::string_view name_space) const {
  return {SubscriptionKind::kChannel, channels(name_space).request, ChannelRole::kRequests};
}

std::optional<Published> ClassicDialect::broadcast(std::string_view name_space, const socketio::Selection& to,
                                                   const socketio::OutgoingEvent& event,
                                                   socketio::EmitOptions options) const {
  auto payload = encode_broadcast(uid(), name_space, to, event, options);
  if (!payload) return std::nullopt;
  return Published{channels(name_space).of(to), std::move(*payload)};
}

std::optional<Published> ClassicDialect::asking_broadcast(std::string_view request_id, std::string_view name_space,
                                                          const socketio::Selection& to,
                                                          const socketio::OutgoingEvent& event,
                                                          std::chrono::milliseconds timeout) const {
  auto payload = encode_asking_broadcast({uid(), request_id}, name_space, to, event, timeout);
  if (!payload) return std::nullopt;
  return Published{channels(name_space).request, std::move(*payload)};
}

Published ClassicDialect::fetch(std::string_view request_id, std::string_view name_space,
                                const socketio::Selection& of) const {
  return {channels(name_space).request, encode_question({uid(), request_id}, RequestType::kFetch, &of)};
}

Published ClassicDialect::list_rooms(std::string_view request_id, std::string_view name_space) const {
  return {channels(name_space).request, encode_question({uid(), request_id}, RequestType::kAllRooms, nullptr)};
}

Published ClassicDialect::move(std::string_view name_space, const socketio::Selection& of, socketio::RoomChange change,
                               std::string_view room) const {
  return {channels(name_space).request, encode_move(uid(), of, change, room)};
}

Published ClassicDialect::disconnect(std::string_view name_space, const socketio::Selection& of,
                                     socketio::DisconnectScope scope) const {
  return {channels(name_space).request, encode_disconnect(uid(), of, scope == socketio::DisconnectScope::kConnection)};
}

Published ClassicDialect::server_event(std::string_view request_id, std::string_view name_space, std::string_view event,
                                       std::string_view arguments) const {
  return {channels(name_space).request, encode_server_side_emit({uid(), request_id}, event, arguments)};
}

std::optional<Published> ClassicDialect::done(const Requester& to, PeerSays what) const {
  if (to.request_id.empty()) return std::nullopt;  // only older peers wait for a sign
  const auto type = what == PeerSays::kJoin    ? RequestType::kJoin
                    : what == PeerSays::kLeave ? RequestType::kLeave
                                               : RequestType::kDisconnect;
  return Published{to.channel, encode_question({uid(), to.request_id}, type, nullptr)};
}

Published ClassicDialect::sockets(const Requester& to, const std::vector<socketio::RemoteSocket>& sockets) const {
  return {to.channel, encode_sockets(to.request_id, sockets)};
}

std::optional<Published> ClassicDialect::names(const Requester& to, PeerSays what,
                                               const std::vector<std::string>& names) const {
  return Published{to.channel, encode_names(to.request_id, what == PeerSays::kListRooms ? "rooms" : "sockets", names)};
}

Published ClassicDialect::client_count(const Requester& to, std::size_t count) const {
  return {to.channel, encode_client_count(to.request_id, count)};
}

std::optional<Published> ClassicDialect::client_answer(const Requester& to, std::string_view value,
                                                       socketio::Attachments attachments) const {
  auto payload = encode_client_answer(to.request_id, value, attachments);
  if (!payload) return std::nullopt;
  return Published{to.channel, std::move(*payload)};
}

Published ClassicDialect::server_answer(const Requester& to, std::string_view value) const {
  return {to.channel, encode_server_answer(to.request_id, value)};
}

}  // namespace broadcaster_redis
