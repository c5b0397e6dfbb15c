#pragma once
// One Socket.IO 5 packet (socketio.md §9.1-9.8), the payload of an Engine.IO message:
//
//   packet      = type [attachments "-"] [namespace [","]] [ack-id] [json]   ; attachments: types 5 and 6 only
//   namespace   = "/" *(any but ",")                            ; absent = "/"
//   ack-id      = 1*10 DIGIT
//   types 5, 6 are followed by that many binary messages; {"_placeholder":true,"num":N} in the JSON stands for number N

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/json_reader.hpp"
#include "base/result.hpp"

namespace socketio_codec {

enum class PacketType : std::uint8_t { kConnect, kDisconnect, kEvent, kAck, kConnectError, kBinaryEvent, kBinaryAck };

/// Original clients drop the connection at an eleventh attachment.
inline constexpr std::size_t kMaxAttachments = 10;
/// Some clients read ack ids as signed 32-bit numbers: ids that we give out stay below.
inline constexpr std::uint64_t kAckIdEnd = std::uint64_t{1} << 31;

struct DecodeLimits {
  std::size_t event_name_bytes = 64;  // decoded
  std::size_t namespace_bytes = 128;  // the leading slash included
  std::size_t json_depth = 16;
  std::size_t json_members = 128;  // of one object or array, 0 = no limit
  std::size_t attachments = kMaxAttachments;
  std::size_t attachment_bytes = 64 * 1024;                           // of each
  std::size_t attachments_total_bytes = kMaxAttachments * 64 * 1024;  // of one packet
};

/// All of them close the connection with every namespace on it; the distinction is for logs and counters.
enum class PacketError : std::uint8_t {
  kEmpty,
  kUnknownType,
  kBadAttachmentCount,  // absent, not a number, 0, or above the limit
  kBadNamespace,        // too long, or not UTF-8
  kBadAckId,            // more than ten digits
  kBadJson,
  kBadPayload,    // a JSON form that this type does not allow
  kBadEventName,  // not a string or number, too long
  kReservedEventName,
  kConnectErrorFromPeer,  // only servers send it
  kBadPlaceholder,        // number not an integer in 0..count-1
  kAttachmentTooBig,      // one of them, or all together
  kUnexpectedText,        // while attachments are outstanding
  kUnexpectedBinary,      // while none is
};
std::string_view to_string(PacketError error);

/// Views into the decoded text, valid as long as it is.
struct Packet {
  PacketType type = PacketType::kConnect;
  std::string_view name_space = "/";
  std::optional<std::uint64_t> ack_id;
  std::size_t attachments = 0;  // that follow
  /// The whole JSON payload; `null` when there was none. CONNECT: an object or absent.
  base::JsonValue payload;
  /// Events and acks: the values as JSON text without the array's brackets (and without the event's name): `1,{"a":2}`.
  std::string_view arguments;

  /// Events only. A number as its text.
  [[nodiscard]] std::string_view event_name() const noexcept {
    return decoded_name_.empty() ? plain_name_ : std::string_view(decoded_name_);
  }
  /// fn(JsonValue) for each argument, in order; a bool result `false` stops.
  template <class Fn>
  void for_each_argument(Fn&& fn) const;
  [[nodiscard]] bool is_event() const noexcept {
    return type == PacketType::kEvent || type == PacketType::kBinaryEvent;
  }
  [[nodiscard]] bool is_ack() const noexcept { return type == PacketType::kAck || type == PacketType::kBinaryAck; }

 private:
  friend class PacketScanner;
  std::string_view plain_name_;
  std::string decoded_name_;  // only for a name that was sent with escapes
};

/// `text` must outlive the packet. Placeholders are checked when the attachments are complete (BinaryAssembler).
base::Result<Packet, PacketError> decode_packet(std::string_view text, const DecodeLimits& limits);

/// connect, connect_error, disconnect, disconnecting, newListener, removeListener: refused in both directions.
[[nodiscard]] bool is_reserved_event(std::string_view name) noexcept;

template <class Fn>
void Packet::for_each_argument(Fn&& fn) const {
  if (!payload.is_array()) return;
  base::JsonCursor cursor(payload);
  base::JsonValue value;
  if (is_event()) cursor.next(value);
  while (cursor.next(value)) {
    if constexpr (std::is_same_v<decltype(fn(value)), bool>) {
      if (!fn(value)) return;
    } else {
      fn(value);
    }
  }
}

}  // namespace socketio_codec
