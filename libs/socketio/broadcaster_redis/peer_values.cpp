#include "socketio/broadcaster_redis/peer_values.hpp"

#include <algorithm>

#include "socketio/socketio_codec/packet.hpp"
#include "socketio/socketio_codec/placeholders.hpp"

namespace broadcaster_redis {

namespace {
constexpr std::uint64_t kBinaryEventPacket = 5;
constexpr std::chrono::milliseconds kLongestAckTimeout{60'000};
constexpr std::chrono::milliseconds kDefaultAckTimeout{5'000};
}  // namespace

std::optional<JsonDocument> read_document(std::string_view payload) {
  if (payload.starts_with('{')) return JsonDocument{.text = std::string(payload), .attachments = {}};
  auto document = msgpack_to_json(payload, socketio_codec::kMaxAttachments);
  if (!document.ok()) return std::nullopt;
  return std::move(*document);
}

std::optional<base::JsonValue> read_value(const JsonDocument& document) {
  const auto value = base::parse_json(document.text, {.depth = kMaxDepth, .members = 0});
  if (!value.ok()) return std::nullopt;
  return *value;
}

std::optional<PeerEvent> read_event(const std::optional<base::JsonValue>& array, std::size_t attachments) {
  if (!array || !array->is_array()) return std::nullopt;
  base::JsonCursor cursor(*array);
  base::JsonValue value;
  if (!cursor.next(value)) return std::nullopt;
  const auto name = value.as_string();
  if (!name || socketio_codec::is_reserved_event(*name)) return std::nullopt;
  // Sent without a placeholder's attachment it is plain data; with attachments every one must be there.
  if (attachments > 0 &&
      socketio_codec::check_placeholders(*array, attachments) == socketio_codec::Placeholders::kWrong)
    return std::nullopt;
  PeerEvent event{.name = *name, .arguments = {}, .array = *array};
  if (cursor.next(value)) {
    const char* end = array->raw().data() + array->raw().size() - 1;
    event.arguments = {value.raw().data(), static_cast<std::size_t>(end - value.raw().data())};
  }
  return event;
}

std::optional<PeerEvent> read_event_packet(const std::optional<base::JsonValue>& packet, std::size_t attachments) {
  const auto number = packet && packet->is_object() ? number_member(*packet, "type") : std::nullopt;
  if (number != kEventPacket && number != kBinaryEventPacket) return std::nullopt;
  return read_event(packet->member("data"), attachments);
}

std::optional<std::vector<std::string>> read_names(const std::optional<base::JsonValue>& array) {
  std::vector<std::string> names;
  if (!base::is_given(array)) return names;
  if (!array->is_array()) return std::nullopt;
  bool good = true;
  array->for_each_element([&](const base::JsonValue& element) {
    auto name = element.as_string();
    // JavaScript servers may use numbers as names of rooms.
    if (!name && element.kind() == base::JsonKind::kNumber) name = std::string(element.raw());
    good = name.has_value();
    if (name) names.push_back(std::move(*name));
    return good;
  });
  if (!good) return std::nullopt;
  return names;
}

std::optional<socketio::Selection> read_selection(const std::optional<base::JsonValue>& opts) {
  if (!opts || !opts->is_object()) return std::nullopt;
  auto rooms = read_names(opts->member("rooms"));
  auto except = read_names(opts->member("except"));
  if (!rooms || !except) return std::nullopt;
  return socketio::Selection{.rooms = std::move(*rooms), .except = std::move(*except)};
}

std::optional<std::vector<socketio::RemoteSocket>> read_sockets(const std::optional<base::JsonValue>& array) {
  if (!array || !array->is_array()) return std::nullopt;
  std::vector<socketio::RemoteSocket> sockets;
  array->for_each_element([&](const base::JsonValue& socket) {
    if (!socket.is_object()) return;
    auto rooms = read_names(socket.member("rooms"));
    const auto handshake = socket.member("handshake");
    sockets.push_back({.id = base::text_member(socket, "id"),
                       .rooms = rooms ? std::move(*rooms) : std::vector<std::string>(),
                       .ref = {},
                       .handshake = std::string(handshake ? handshake->raw() : "{}")});
  });
  return sockets;
}

bool read_discardable(const base::JsonValue& opts) {
  const auto flags = opts.member("flags");
  const auto discardable = flags && flags->is_object() ? flags->member("volatile") : std::nullopt;
  return discardable && discardable->as_bool() == true;
}

std::chrono::milliseconds read_ack_timeout(const base::JsonValue& opts) {
  const auto flags = opts.member("flags");
  const auto wanted = flags && flags->is_object() ? number_member(*flags, "timeout") : std::nullopt;
  if (!wanted) return kDefaultAckTimeout;
  return std::chrono::milliseconds(std::min(*wanted, static_cast<std::uint64_t>(kLongestAckTimeout.count())));
}

std::optional<std::uint64_t> number_member(const base::JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  return member ? member->as_uint64() : std::nullopt;
}

void write_names(base::JsonWriter& json, const std::vector<std::string>& names) {
  json.begin_array();
  for (const auto& name : names) json.value(name);
  json.end_array();
}

void write_selection(base::JsonWriter& json, const socketio::Selection& selection) {
  write_names(json.key("rooms"), selection.rooms);
  write_names(json.key("except"), selection.except);
}

void write_flags(base::JsonWriter& json, socketio::EmitOptions options) {
  json.key("flags").begin_object();
  if (options.discardable) json.member("volatile", true);
  if (!options.compress) json.member("compress", false);
  json.end_object();
}

void write_event(base::JsonWriter& json, std::string_view name, std::string_view arguments) {
  json.begin_array().value(name);
  if (!arguments.empty()) json.raw(arguments);
  json.end_array();
}

void write_sockets(base::JsonWriter& json, const std::vector<socketio::RemoteSocket>& sockets) {
  json.begin_array();
  for (const auto& socket : sockets) {
    json.begin_object().member("id", socket.id);
    json.raw_member("handshake", socket.handshake.empty() ? "{}" : socket.handshake);
    write_names(json.key("rooms"), socket.rooms);
    json.raw_member("data", "{}").end_object();
  }
  json.end_array();
}

std::optional<std::string> to_msgpack(const std::string& json, socketio::Attachments attachments) {
  const auto value = base::parse_json(json, {.depth = kMaxDepth, .members = 0});
  std::string out;
  if (!value.ok() || !append_msgpack(out, *value, attachments)) return std::nullopt;
  return out;
}

}  // namespace broadcaster_redis
