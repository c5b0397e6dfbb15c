#include "socketio/broadcaster_redis/sharded_message.hpp"

namespace broadcaster_redis {

namespace {

/// {type, data: {what `content` writes}, uid, nsp}
template <class Content>
std::string compose(const Speaker& speaker, MessageType type, Content&& content) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object().member("type", static_cast<int>(type)).key("data").begin_object();
  content(json);
  json.end_object().member("uid", speaker.uid).member("nsp", speaker.name_space).end_object();
  return text;
}

/// Text stays JSON; only binary values need msgpack.
std::optional<std::string> pack(std::string text, socketio::Attachments attachments) {
  if (attachments.empty()) return text;
  return to_msgpack(text, attachments);
}

void write_packet(base::JsonWriter& json, const socketio::OutgoingEvent& event) {
  json.key("packet").begin_object().member("type", kEventPacket).key("data");
  write_event(json, event.name, event.arguments);
  json.end_object();
}

/// As of a call without flags.
void write_plain_opts(base::JsonWriter& json, const socketio::Selection& selection) {
  json.key("opts").begin_object();
  write_selection(json, selection);
  json.key("flags").begin_object().end_object().end_object();
}

std::string_view or_null(std::string_view value) {
  return value.empty() ? "null" : value;
}

}  // namespace

std::string encode_fetch(const Speaker& speaker, std::string_view request_id, const socketio::Selection& of) {
  return compose(speaker, MessageType::kFetch, [&](base::JsonWriter& json) {
    write_plain_opts(json, of);
    json.member("requestId", request_id);
  });
}

std::string encode_move(const Speaker& speaker, const socketio::Selection& of, socketio::RoomChange change,
                        std::string_view room) {
  const auto type = change == socketio::RoomChange::kJoin ? MessageType::kJoin : MessageType::kLeave;
  return compose(speaker, type, [&](base::JsonWriter& json) {
    write_plain_opts(json, of);
    json.key("rooms").begin_array().value(room).end_array();
  });
}

std::string encode_disconnect(const Speaker& speaker, const socketio::Selection& of, bool close) {
  return compose(speaker, MessageType::kDisconnect, [&](base::JsonWriter& json) {
    write_plain_opts(json, of);
    json.member("close", close);
  });
}

std::string encode_server_event(const Speaker& speaker, std::string_view request_id, std::string_view event,
                                std::string_view arguments) {
  return compose(speaker, MessageType::kServerEvent, [&](base::JsonWriter& json) {
    if (!request_id.empty()) json.member("requestId", request_id);
    write_event(json.key("packet"), event, arguments);
  });
}

std::optional<std::string> encode_broadcast(const Speaker& speaker, const socketio::Selection& to,
                                            const socketio::OutgoingEvent& event, socketio::EmitOptions options) {
  auto text = compose(speaker, MessageType::kBroadcast, [&](base::JsonWriter& json) {
    write_packet(json, event);
    json.key("opts").begin_object();
    write_selection(json, to);
    write_flags(json, options);
    json.end_object();
  });
  return pack(std::move(text), event.attachments);
}

std::optional<std::string> encode_asking_broadcast(const Speaker& speaker, std::string_view request_id,
                                                   const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                                   std::chrono::milliseconds timeout) {
  auto text = compose(speaker, MessageType::kBroadcast, [&](base::JsonWriter& json) {
    write_packet(json, event);
    json.member("requestId", request_id).key("opts").begin_object();
    write_selection(json, to);
    json.key("flags").begin_object().member("timeout", timeout.count()).end_object().end_object();
  });
  return pack(std::move(text), event.attachments);
}

std::string encode_sockets(const Speaker& speaker, std::string_view request_id,
                           const std::vector<socketio::RemoteSocket>& sockets) {
  return compose(speaker, MessageType::kSockets, [&](base::JsonWriter& json) {
    json.member("requestId", request_id);
    write_sockets(json.key("sockets"), sockets);
  });
}

std::string encode_client_count(const Speaker& speaker, std::string_view request_id, std::size_t count) {
  return compose(speaker, MessageType::kClientCount,
                 [&](base::JsonWriter& json) { json.member("requestId", request_id).member("clientCount", count); });
}

std::optional<std::string> encode_client_answer(const Speaker& speaker, std::string_view request_id,
                                                std::string_view value, socketio::Attachments attachments) {
  auto text = compose(speaker, MessageType::kClientAnswer, [&](base::JsonWriter& json) {
    json.member("requestId", request_id).raw_member("packet", or_null(value));
  });
  return pack(std::move(text), attachments);
}

std::string encode_server_answer(const Speaker& speaker, std::string_view request_id, std::string_view value) {
  return compose(speaker, MessageType::kServerAnswer, [&](base::JsonWriter& json) {
    json.member("requestId", request_id).raw_member("packet", or_null(value));
  });
}

}  // namespace broadcaster_redis
