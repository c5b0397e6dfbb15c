#include "socketio/socketio_codec/encoder.hpp"

#include <charconv>

#include "base/check.hpp"
#include "base/json_writer.hpp"

namespace socketio_codec {
namespace {

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];  // of 2^64
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

void append_type(std::string& out, PacketType type) {
  out += static_cast<char>('0' + static_cast<int>(type));
}

// Always with the comma: one client refuses packets without it.
void append_namespace(std::string& out, std::string_view name_space) {
  if (name_space == "/") return;
  out.append(name_space) += ',';
}

void append_header(std::string& out, PacketType plain, PacketType binary, const Envelope& envelope) {
  CHECK(envelope.attachments <= kMaxAttachments);
  append_type(out, envelope.attachments > 0 ? binary : plain);
  if (envelope.attachments > 0) {
    append_number(out, envelope.attachments);
    out += '-';
  }
  append_namespace(out, envelope.name_space);
  if (envelope.ack_id) append_number(out, *envelope.ack_id);
}

}  // namespace

void append_connect(std::string& out, std::string_view name_space, const Accepted& accepted) {
  append_type(out, PacketType::kConnect);
  append_namespace(out, name_space);
  base::JsonWriter json(out);
  json.begin_object().member("sid", accepted.sid);
  if (!accepted.pid.empty()) json.member("pid", accepted.pid);
  json.end_object();
}

void append_connect_error(std::string& out, std::string_view name_space, const Refused& refused) {
  append_type(out, PacketType::kConnectError);
  append_namespace(out, name_space);
  base::JsonWriter json(out);
  json.begin_object().member("message", refused.message);
  if (!refused.data.empty()) json.raw_member("data", refused.data);
  json.end_object();
}

void append_disconnect(std::string& out, std::string_view name_space) {
  append_type(out, PacketType::kDisconnect);
  append_namespace(out, name_space);
}

void append_event(std::string& out, const Envelope& envelope, const EventBody& event) {
  CHECK(!is_reserved_event(event.name));
  CHECK(!envelope.ack_id || *envelope.ack_id < kAckIdEnd);
  append_header(out, PacketType::kEvent, PacketType::kBinaryEvent, envelope);
  out += '[';
  base::append_json_string(out, event.name);
  if (!event.arguments.empty()) out.append(1, ',').append(event.arguments);
  out += ']';
}

void append_ack(std::string& out, const Envelope& envelope, std::string_view arguments) {
  CHECK(envelope.ack_id.has_value());
  append_header(out, PacketType::kAck, PacketType::kBinaryAck, envelope);
  out.append(1, '[').append(arguments) += ']';
}

void append_placeholder(std::string& out, std::size_t index) {
  out += R"({"_placeholder":true,"num":)";
  append_number(out, index);
  out += '}';
}

}  // namespace socketio_codec
