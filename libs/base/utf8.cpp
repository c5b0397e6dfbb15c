#include "base/utf8.hpp"

#include <cstring>

namespace base {
namespace {

struct Lead {
  std::uint8_t missing;  // 0: not a lead byte
  std::uint8_t lowest;
  std::uint8_t highest;
};

// The table of well-formed sequences of the Unicode standard (3-7), by lead byte.
constexpr Lead lead_of(std::uint8_t byte) {
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {1, 0x80, 0xBF};
  if (byte == 0xE0) return {2, 0xA0, 0xBF};
  if (byte == 0xED) return {2, 0x80, 0x9F};
  if (byte < 0xF0) return {2, 0x80, 0xBF};
  if (byte == 0xF0) return {3, 0x90, 0xBF};
  if (byte < 0xF4) return {3, 0x80, 0xBF};
  if (byte == 0xF4) return {3, 0x80, 0x8F};
  return {0, 0, 0};
}

}  // namespace

std::size_t ascii_prefix(std::string_view bytes) noexcept {
  std::size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data() + at, sizeof word);
    if ((word & 0x8080808080808080ull) != 0) break;
  }
  while (at < bytes.size() && static_cast<std::uint8_t>(bytes[at]) < 0x80) ++at;
  return at;
}

bool Utf8Stream::feed(std::string_view bytes) noexcept {
  std::size_t at = 0;
  while (at < bytes.size()) {
    if (missing_ == 0) {
      at += ascii_prefix(bytes.substr(at));
      if (at == bytes.size()) return true;
      const Lead lead = lead_of(static_cast<std::uint8_t>(bytes[at++]));
      if (lead.missing == 0) return false;
      missing_ = lead.missing;
      lowest_ = lead.lowest;
      highest_ = lead.highest;
      continue;
    }
    const auto byte = static_cast<std::uint8_t>(bytes[at++]);
    if (byte < lowest_ || byte > highest_) return false;
    --missing_;
    lowest_ = 0x80;
    highest_ = 0xBF;
  }
  return true;
}

bool is_valid_utf8(std::string_view bytes) noexcept {
  Utf8Stream stream;
  return stream.feed(bytes) && stream.complete();
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  constexpr std::uint32_t kReplacement = 0xFFFD;
  if (code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF)) code_point = kReplacement;
  const auto tail = [&](unsigned shift) { return static_cast<char>(0x80u | ((code_point >> shift) & 0x3Fu)); };
  if (code_point < 0x80) {
    out += static_cast<char>(code_point);
  } else if (code_point < 0x800) {
    out += static_cast<char>(0xC0u | (code_point >> 6));
    out += tail(0);
  } else if (code_point < 0x10000) {
    out += static_cast<char>(0xE0u | (code_point >> 12));
    out += tail(6);
    out += tail(0);
  } else {
    out += static_cast<char>(0xF0u | (code_point >> 18));
    out += tail(12);
    out += tail(6);
    out += tail(0);
  }
}

}  // namespace base
