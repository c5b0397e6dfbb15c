#pragma once
// Writing frames (RFC 6455 §5.2), and the words that reading and writing share. Extensions are not supported.
//
//   frame   = %b FIN 000 opcode(4)  MASK length(7)  [length16 / length64]  [mask(4 bytes)]  payload
//   MASK    = set from client to server, clear from server to client

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace websocket_codec {

enum class Opcode : std::uint8_t { kContinuation = 0, kText = 1, kBinary = 2, kClose = 8, kPing = 9, kPong = 10 };

/// RFC 6455 §7.4.1: the codes that this library sends itself.
enum class CloseCode : std::uint16_t {
  kNormal = 1000,
  kGoingAway = 1001,
  kProtocolError = 1002,
  kInvalidUtf8 = 1007,
  kPolicy = 1008,
  kTooBig = 1009,
  kInternalError = 1011,
};

/// True for codes that may stand in a close frame (§7.4: registered, or 3000..4999).
[[nodiscard]] bool is_close_code(std::uint16_t code) noexcept;

inline constexpr std::size_t kMaxServerHeader = 10;
inline constexpr std::size_t kMaxClientHeader = 14;
/// Payload of a control frame (§5.5).
inline constexpr std::size_t kMaxControlPayload = 125;

/// An unmasked header, in place: an array on the stack for a gathering write.
struct FrameHeader {
  std::array<char, kMaxServerHeader> bytes;
  std::uint8_t size;
  [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};
/// Header of one whole message of `payload_bytes` (§5.2, the shortest length form).
[[nodiscard]] FrameHeader frame_header(Opcode opcode, std::size_t payload_bytes) noexcept;

/// A whole unmasked frame. Control payloads above kMaxControlPayload are our own mistake (CHECK).
void append_frame(std::string& out, Opcode opcode, std::string_view payload);
/// A close frame; without a code its body is empty (the peer then reports 1005). Reasons are cut at 123 bytes.
void append_close(std::string& out, std::optional<std::uint16_t> code = std::nullopt, std::string_view reason = {});

using Mask = std::array<std::uint8_t, 4>;

struct ClientFrame {
  Opcode opcode = Opcode::kText;
  bool final_fragment = true;
  Mask mask{};
};
/// What a client writes; for tests and load generators.
void append_masked_frame(std::string& out, const ClientFrame& frame, std::string_view payload);

/// Applies or removes a mask in place; `bytes` start at a multiple of four in the payload.
void apply_mask(std::span<char> bytes, Mask mask) noexcept;

}  // namespace websocket_codec
