#include "socketio/engineio_codec/packet.hpp"

#include "base/base64.hpp"
#include "base/json_writer.hpp"
#include "base/utf8.hpp"

namespace engineio_codec {

base::Result<Packet, PacketError> decode_checked_text(std::string_view text, std::string& scratch) {
  if (text.empty()) return base::fail(PacketError::kEmpty);
  const char type = text.front();
  const std::string_view payload = text.substr(1);
  if (type == 'b') {
    scratch.clear();
    base::append_base64_decoded(scratch, payload);
    return Packet{PacketType::kMessage, true, scratch};
  }
  if (type < '0' || type > '6') return base::fail(PacketError::kUnknownType);
  return Packet{static_cast<PacketType>(type - '0'), false, payload};
}

base::Result<Packet, PacketError> decode_text(std::string_view text, std::string& scratch) {
  auto packet = decode_checked_text(text, scratch);
  if (packet.ok() && !packet->binary && !base::is_valid_utf8(packet->payload)) {
    return base::fail(PacketError::kInvalidUtf8);
  }
  return packet;
}

void append_text_packet(std::string& out, PacketType type, std::string_view payload) {
  out += static_cast<char>('0' + static_cast<int>(type));
  out += payload;
}

void append_binary_packet(std::string& out, std::string_view bytes) {
  out += 'b';
  base::append_base64(out, bytes);
}

void append_handshake(std::string& out, const HandshakeAnswer& answer) {
  append_text_packet(out, PacketType::kOpen);
  base::JsonWriter(out)
      .begin_object()
      .member("sid", answer.sid)
      .raw_member("upgrades", answer.upgrade_to_websocket ? R"(["websocket"])" : "[]")
      .member("pingInterval", answer.ping_interval.count())
      .member("pingTimeout", answer.ping_timeout.count())
      .member("maxPayload", answer.max_payload)
      .end_object();
}

}  // namespace engineio_codec
