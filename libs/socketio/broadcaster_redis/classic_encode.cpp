#include "socketio/broadcaster_redis/classic_message.hpp"

namespace broadcaster_redis {

namespace {

/// Names go into a pattern as they are.
std::string escape_glob(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

void write_packet(base::JsonWriter& json, std::string_view name_space, const socketio::OutgoingEvent& event) {
  json.begin_object().member("type", kEventPacket).key("data");
  write_event(json, event.name, event.arguments);
  json.member("nsp", name_space).end_object();
}

void begin_request(base::JsonWriter& json, const Asking& asking, RequestType type) {
  json.begin_object().member("uid", asking.uid);
  if (!asking.request_id.empty()) json.member("requestId", asking.request_id);
  json.member("type", static_cast<int>(type));
}

}  // namespace

Channels::Channels(std::string_view prefix, std::string_view name_space) {
  const std::string name = "#" + std::string(name_space) + "#";
  broadcast = std::string(prefix) + name;
  request = std::string(prefix) + "-request" + name;
  response = std::string(prefix) + "-response" + name;
  pattern = escape_glob(broadcast) + "*";
}

std::optional<std::string> encode_broadcast(std::string_view uid, std::string_view name_space,
                                            const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                            socketio::EmitOptions options) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_array().value(uid);
  write_packet(json, name_space, event);
  json.begin_object();
  write_selection(json, to);
  write_flags(json, options);
  json.end_object().end_array();
  return to_msgpack(text, event.attachments);
}

std::optional<std::string> encode_asking_broadcast(const Asking& asking, std::string_view name_space,
                                                   const socketio::Selection& to, const socketio::OutgoingEvent& event,
                                                   std::chrono::milliseconds timeout) {
  std::string text;
  base::JsonWriter json(text);
  begin_request(json, asking, RequestType::kBroadcast);
  write_packet(json.key("packet"), name_space, event);
  json.key("opts").begin_object();
  write_selection(json, to);
  json.key("flags").begin_object().member("timeout", timeout.count()).end_object().end_object().end_object();
  return to_msgpack(text, event.attachments);
}

std::string encode_question(const Asking& asking, RequestType type, const socketio::Selection* of) {
  std::string text;
  base::JsonWriter json(text);
  begin_request(json, asking, type);
  if (of != nullptr) {
    json.key("opts").begin_object();
    write_selection(json, *of);
    json.end_object();
  }
  json.end_object();
  return text;
}

std::string encode_move(std::string_view uid, const socketio::Selection& of, socketio::RoomChange change,
                        std::string_view room) {
  const bool join = change == socketio::RoomChange::kJoin;
  std::string text = encode_question({uid, {}}, join ? RequestType::kJoin : RequestType::kLeave, &of);
  text.back() = ',';
  text += R"("rooms":[)";
  base::append_json_string(text, room);
  return text += "]}";
}

std::string encode_disconnect(std::string_view uid, const socketio::Selection& of, bool close) {
  std::string text = encode_question({uid, {}}, RequestType::kDisconnect, &of);
  text.back() = ',';
  return text += close ? R"("close":true})" : R"("close":false})";
}

std::string encode_server_side_emit(const Asking& asking, std::string_view event, std::string_view arguments) {
  std::string text;
  base::JsonWriter json(text);
  begin_request(json, asking, RequestType::kServerSideEmit);
  write_event(json.key("data"), event, arguments);
  json.end_object();
  return text;
}

std::string encode_sockets(std::string_view request_id, const std::vector<socketio::RemoteSocket>& sockets) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object().member("requestId", request_id);
  write_sockets(json.key("sockets"), sockets);
  json.end_object();
  return text;
}

std::string encode_names(std::string_view request_id, std::string_view key, const std::vector<std::string>& names) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object().member("requestId", request_id);
  write_names(json.key(key), names);
  json.end_object();
  return text;
}

std::string encode_client_count(std::string_view request_id, std::size_t count) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object().member("type", static_cast<int>(RequestType::kClientCount)).member("requestId", request_id);
  json.member("clientCount", count).end_object();
  return text;
}

std::string encode_server_answer(std::string_view request_id, std::string_view value) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object().member("type", static_cast<int>(RequestType::kServerSideEmit)).member("requestId", request_id);
  json.raw_member("data", value.empty() ? "null" : value).end_object();
  return text;
}

std::optional<std::string> encode_client_answer(std::string_view request_id, std::string_view value,
                                                socketio::Attachments attachments) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object().member("type", static_cast<int>(RequestType::kBroadcastAnswer)).member("requestId", request_id);
  json.raw_member("packet", value.empty() ? "null" : value).end_object();
  return to_msgpack(text, attachments);
}

}  // namespace broadcaster_redis
