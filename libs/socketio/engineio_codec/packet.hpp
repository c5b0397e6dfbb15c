#pragma once
// One Engine.IO 4 packet (socketio.md §3.1): a type digit and a payload. In text:
//
//   packet  = type payload | "b" base64     ; "b…" is a binary message
//   type    = "0" … "6"
//
// On WebSocket one text message is one packet, and one binary message is the payload of a binary message packet.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace engineio_codec {

enum class PacketType : std::uint8_t { kOpen, kClose, kPing, kPong, kMessage, kUpgrade, kNoop };

struct Packet {
  PacketType type = PacketType::kNoop;
  bool binary = false;       // only kMessage
  std::string_view payload;  // without the type digit; into the input, or into the scratch string for "b…"
};

/// Each closes the session with "parse error".
enum class PacketError : std::uint8_t { kEmpty, kUnknownType, kInvalidUtf8 };

/// One text packet. `scratch` is overwritten when the packet is base64, and then holds its payload. A payload that is
/// not UTF-8 is refused: passed on, it would break the WebSocket of whoever receives it.
base::Result<Packet, PacketError> decode_text(std::string_view text, std::string& scratch);
/// The same for a text that is known to be UTF-8 (a WebSocket message).
base::Result<Packet, PacketError> decode_checked_text(std::string_view text, std::string& scratch);
/// A binary WebSocket message; empty is legal.
inline Packet decode_binary(std::string_view bytes) {
  return {PacketType::kMessage, true, bytes};
}

void append_text_packet(std::string& out, PacketType type, std::string_view payload = {});
/// "b…": on polling, and on a WebSocket whose request asked for b64.
void append_binary_packet(std::string& out, std::string_view bytes);
/// Bytes that the two append.
constexpr std::size_t text_packet_size(std::size_t payload_bytes) {
  return 1 + payload_bytes;
}
constexpr std::size_t binary_packet_size(std::size_t bytes) {
  return 1 + (bytes + 2) / 3 * 4;
}

/// The announcement of the open packet.
struct HandshakeAnswer {
  std::string_view sid;
  bool upgrade_to_websocket = false;  // true on polling (when allowed), false on WebSocket
  std::chrono::milliseconds ping_interval{};
  std::chrono::milliseconds ping_timeout{};
  std::size_t max_payload = 0;
};
/// `0{"sid":…,"upgrades":[…],"pingInterval":…,"pingTimeout":…,"maxPayload":…}`: these five keys, in this order.
void append_handshake(std::string& out, const HandshakeAnswer& answer);

}  // namespace engineio_codec
