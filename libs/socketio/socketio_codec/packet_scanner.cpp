#include "socketio/socketio_codec/packet_scanner.hpp"

#include <charconv>

#include "base/utf8.hpp"

namespace socketio_codec {
namespace {

// Ten digits hold every id that a client counts to, and stay far from the end of 64 bits.
constexpr std::size_t kAckIdDigits = 10;
constexpr std::size_t kAttachmentDigits = 3;

std::uint64_t number_from(std::string_view digits) {
  std::uint64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// From the end of `before` to the closing bracket, without the comma and the white space around.
std::string_view inside_after(std::string_view array, const char* before) {
  constexpr std::string_view kSpace = " \t\r\n";
  const char* end = array.data() + array.size() - 1;
  std::string_view text(before, static_cast<std::size_t>(end - before));
  const auto trim = [&] {
    const std::size_t first = text.find_first_not_of(kSpace);
    text.remove_prefix(first == std::string_view::npos ? text.size() : first);
  };
  trim();
  if (!text.empty() && text.front() == ',') text.remove_prefix(1);
  trim();
  const std::size_t last = text.find_last_not_of(kSpace);
  return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

base::Result<Packet, PacketError> PacketScanner::scan() {
  if (!type() || !attachments() || !name_space() || !ack_id() || !payload() || !payload_fits_type()) {
    return base::fail(error_);
  }
  return std::move(packet_);
}

bool PacketScanner::type() {
  if (rest_.empty()) return fail(PacketError::kEmpty);
  const char digit = rest_.front();
  if (digit < '0' || digit > '6') return fail(PacketError::kUnknownType);
  packet_.type = static_cast<PacketType>(digit - '0');
  rest_.remove_prefix(1);
  return packet_.type != PacketType::kConnectError || fail(PacketError::kConnectErrorFromPeer);
}

std::optional<std::string_view> PacketScanner::digits(std::size_t longest) {
  std::size_t size = 0;
  while (size < rest_.size() && rest_[size] >= '0' && rest_[size] <= '9') {
    if (++size > longest) return std::nullopt;
  }
  const std::string_view taken = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return taken;
}

bool PacketScanner::attachments() {
  if (packet_.type != PacketType::kBinaryEvent && packet_.type != PacketType::kBinaryAck) return true;
  const auto count = digits(kAttachmentDigits);
  if (!count || count->empty() || !rest_.starts_with('-')) return fail(PacketError::kBadAttachmentCount);
  rest_.remove_prefix(1);
  packet_.attachments = number_from(*count);
  return (packet_.attachments >= 1 && packet_.attachments <= limits_.attachments) ||
         fail(PacketError::kBadAttachmentCount);
}

bool PacketScanner::name_space() {
  if (!rest_.starts_with('/')) return true;
  const std::size_t comma = rest_.find(',');
  packet_.name_space = rest_.substr(0, comma);
  rest_.remove_prefix(comma == std::string_view::npos ? rest_.size() : comma + 1);
  return (packet_.name_space.size() <= limits_.namespace_bytes && base::is_valid_utf8(packet_.name_space)) ||
         fail(PacketError::kBadNamespace);
}

bool PacketScanner::ack_id() {
  const auto id = digits(kAckIdDigits);
  if (!id) return fail(PacketError::kBadAckId);
  if (!id->empty()) packet_.ack_id = number_from(*id);
  return true;
}

bool PacketScanner::payload() {
  if (rest_.empty()) return true;
  has_payload_ = true;
  // Duplicate keys and lone surrogates pass, as on the reference server; the application's own limits are stricter.
  const auto parsed = base::parse_json(rest_, {.depth = limits_.json_depth, .members = limits_.json_members});
  if (!parsed.ok()) return fail(PacketError::kBadJson);
  packet_.payload = *parsed;
  return true;
}

bool PacketScanner::payload_fits_type() {
  const base::JsonValue& json = packet_.payload;
  switch (packet_.type) {
    case PacketType::kConnect:
      return !has_payload_ || json.is_object() || fail(PacketError::kBadPayload);
    case PacketType::kDisconnect:
      return !has_payload_ || fail(PacketError::kBadPayload);
    case PacketType::kAck:
    case PacketType::kBinaryAck:
      if (!json.is_array()) return fail(PacketError::kBadPayload);
      packet_.arguments = inside_after(json.raw(), json.raw().data() + 1);
      return true;
    default:
      break;
  }
  if (!json.is_array()) return fail(PacketError::kBadPayload);
  base::JsonCursor cursor(json);
  base::JsonValue name;
  if (!cursor.next(name)) return fail(PacketError::kBadEventName);
  packet_.arguments = inside_after(json.raw(), name.raw().data() + name.raw().size());
  return event_name(name);
}

bool PacketScanner::event_name(const base::JsonValue& name) {
  if (name.kind() == base::JsonKind::kNumber) {
    packet_.plain_name_ = name.raw();
  } else if (const auto plain = name.as_plain_string_view()) {
    packet_.plain_name_ = *plain;
  } else if (!name.append_string_to(packet_.decoded_name_)) {
    return fail(PacketError::kBadEventName);
  }
  if (packet_.event_name().size() > limits_.event_name_bytes) return fail(PacketError::kBadEventName);
  return !is_reserved_event(packet_.event_name()) || fail(PacketError::kReservedEventName);
}

}  // namespace socketio_codec
