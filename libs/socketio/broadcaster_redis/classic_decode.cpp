#include "socketio/broadcaster_redis/classic_message.hpp"
#include "socketio/socketio_codec/packet.hpp"

namespace broadcaster_redis {

namespace {
constexpr std::string_view kMainNamespace = "/";
constexpr std::uint64_t kEventPacket = 2, kBinaryEventPacket = 5;
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
  if (attachments > 0 && !socketio_codec::placeholders_are_valid(*array, attachments)) return std::nullopt;
  PeerEvent event{.name = *name, .arguments = {}, .array = *array};
  if (cursor.next(value)) {
    const char* end = array->raw().data() + array->raw().size() - 1;
    event.arguments = {value.raw().data(), static_cast<std::size_t>(end - value.raw().data())};
  }
  return event;
}

std::optional<PeerEvent> read_packet(const std::optional<base::JsonValue>& packet, std::string_view name_space,
                                     std::size_t attachments) {
  if (!packet) return std::nullopt;
  const auto type = packet->member("type");
  const auto number = type ? type->as_uint64() : std::nullopt;
  if (number != kEventPacket && number != kBinaryEventPacket) return std::nullopt;
  const auto nsp = packet->member("nsp");
  if (nsp && !nsp->is_null() ? !nsp->is_string_equal_to(name_space) : name_space != kMainNamespace) return std::nullopt;
  return read_event(packet->member("data"), attachments);
}

std::optional<std::vector<std::string>> read_names(const std::optional<base::JsonValue>& array) {
  std::vector<std::string> names;
  if (!array || array->is_null()) return names;
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

}  // namespace broadcaster_redis
