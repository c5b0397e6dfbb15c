#include "socketio/websocket_codec/frame.hpp"

#include <algorithm>
#include <cstring>

#include "base/check.hpp"
#include "base/utf8.hpp"
#include "socketio/websocket_codec/frame_bits.hpp"

namespace websocket_codec {
namespace {

// Writes the two fixed bytes and the extended length; returns how many.
std::uint8_t put_header(char* to, std::uint8_t first, std::uint8_t mask_bit, std::uint64_t length) {
  to[0] = static_cast<char>(first);
  const auto put_length = [&](std::uint8_t form, int bytes) {
    to[1] = static_cast<char>(mask_bit | form);
    for (int i = 0; i < bytes; ++i) to[2 + i] = static_cast<char>(length >> (8 * (bytes - 1 - i)));
    return static_cast<std::uint8_t>(2 + bytes);
  };
  if (length < kLength16) return put_length(static_cast<std::uint8_t>(length), 0);
  if (length <= 0xFFFF) return put_length(kLength16, 2);
  return put_length(kLength64, 8);
}

bool is_control(Opcode opcode) {
  return static_cast<std::uint8_t>(opcode) >= 8;
}

}  // namespace

bool is_close_code(std::uint16_t code) noexcept {
  constexpr std::uint16_t kLastRegistered = 1014;  // IANA registry; 1004 is reserved, 1005, 1006 and 1015 are local
  return (code >= 1000 && code <= kLastRegistered && code != 1004 && code != 1005 && code != 1006) ||
         (code >= 3000 && code <= 4999);
}

FrameHeader frame_header(Opcode opcode, std::size_t payload_bytes) noexcept {
  CHECK(!is_control(opcode) || payload_bytes <= kMaxControlPayload);
  FrameHeader header;
  const auto first = static_cast<std::uint8_t>(kFinal | static_cast<std::uint8_t>(opcode));
  header.size = put_header(header.bytes.data(), first, 0, payload_bytes);
  return header;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload) {
  const FrameHeader header = frame_header(opcode, payload.size());
  out.reserve(out.size() + header.size + payload.size());
  out.append(header.view()).append(payload);
}

void append_close(std::string& out, std::optional<std::uint16_t> code, std::string_view reason) {
  if (!code) return append_frame(out, Opcode::kClose, {});
  CHECK(is_close_code(*code));
  reason = reason.substr(0, kMaxControlPayload - 2);
  // Not in the middle of a character: the peer would answer 1007.
  while (!base::is_valid_utf8(reason) && !reason.empty()) reason.remove_suffix(1);
  std::string body;
  body += static_cast<char>(*code >> 8);
  body += static_cast<char>(*code & 0xFF);
  append_frame(out, Opcode::kClose, body.append(reason));
}

void append_masked_frame(std::string& out, const ClientFrame& frame, std::string_view payload) {
  char header[kMaxClientHeader];
  const auto first =
      static_cast<std::uint8_t>((frame.final_fragment ? kFinal : 0) | static_cast<std::uint8_t>(frame.opcode));
  const std::size_t size = put_header(header, first, kMasked, payload.size());
  out.append(header, size);
  for (const std::uint8_t byte : frame.mask) out += static_cast<char>(byte);
  const std::size_t start = out.size();
  out.append(payload);
  apply_mask({out.data() + start, payload.size()}, frame.mask);
}

void apply_mask(std::span<char> bytes, Mask mask) noexcept {
  std::uint64_t wide;
  std::memcpy(&wide, mask.data(), mask.size());
  std::memcpy(reinterpret_cast<char*>(&wide) + mask.size(), mask.data(), mask.size());
  char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= sizeof wide; at += sizeof wide, left -= sizeof wide) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    word ^= wide;
    std::memcpy(at, &word, sizeof word);
  }
  for (std::size_t i = 0; i < left; ++i) at[i] = static_cast<char>(at[i] ^ static_cast<char>(mask[i % 4]));
}

}  // namespace websocket_codec
