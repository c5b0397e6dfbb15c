#include "socketio/socketio_codec/packet.hpp"

#include <algorithm>
#include <array>

#include "base/utf8.hpp"
#include "socketio/socketio_codec/packet_scanner.hpp"

namespace socketio_codec {

std::string_view to_string(PacketError error) {
  switch (error) {
    case PacketError::kEmpty:
      return "empty";
    case PacketError::kUnknownType:
      return "unknown type";
    case PacketError::kBadAttachmentCount:
      return "bad attachment count";
    case PacketError::kBadNamespace:
      return "bad namespace";
    case PacketError::kBadAckId:
      return "bad ack id";
    case PacketError::kBadJson:
      return "bad JSON";
    case PacketError::kBadPayload:
      return "bad payload";
    case PacketError::kBadEventName:
      return "bad event name";
    case PacketError::kReservedEventName:
      return "reserved event name";
    case PacketError::kConnectErrorFromPeer:
      return "connect error from peer";
    case PacketError::kBadPlaceholder:
      return "bad placeholder";
    case PacketError::kAttachmentTooBig:
      return "attachment too big";
    case PacketError::kUnexpectedText:
      return "unexpected text";
    case PacketError::kUnexpectedBinary:
      return "unexpected binary";
  }
  return "unknown";
}

bool is_reserved_event(std::string_view name) noexcept {
  constexpr std::array<std::string_view, 6> kReserved{"connect",       "connect_error", "disconnect",
                                                      "disconnecting", "newListener",   "removeListener"};
  return std::find(kReserved.begin(), kReserved.end(), name) != kReserved.end();
}

base::Result<Packet, PacketError> decode_packet(std::string_view text, const DecodeLimits& limits) {
  return PacketScanner(text, limits).scan();
}

}  // namespace socketio_codec
