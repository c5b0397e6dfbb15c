#include "base/base64.hpp"

#include <array>
#include <cstdint>

namespace base {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNone = 0xFF;

constexpr auto kValues = [] {
  std::array<std::uint8_t, 256> values{};
  values.fill(kNone);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    values[static_cast<unsigned char>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  values['-'] = 62;
  values['_'] = 63;
  return values;
}();

std::uint32_t byte_at(std::string_view bytes, std::size_t at) {
  return static_cast<unsigned char>(bytes[at]);
}

std::uint32_t value_at(std::string_view text, std::size_t at) {
  return kValues[static_cast<unsigned char>(text[at])];
}

// Whole groups of four without anything odd, the form that every client sends; returns the characters used.
std::size_t decode_groups(char*& to, std::string_view text) {
  std::size_t at = 0;
  for (; at + 4 <= text.size(); at += 4) {
    const std::uint32_t a = value_at(text, at);
    const std::uint32_t b = value_at(text, at + 1);
    const std::uint32_t c = value_at(text, at + 2);
    const std::uint32_t d = value_at(text, at + 3);
    if ((a | b | c | d) > 63) break;
    const std::uint32_t bits = (a << 18) | (b << 12) | (c << 6) | d;
    *to++ = static_cast<char>(bits >> 16);
    *to++ = static_cast<char>(bits >> 8);
    *to++ = static_cast<char>(bits);
  }
  return at;
}

}  // namespace

void append_base64(std::string& out, std::string_view bytes) {
  const std::size_t start = out.size();
  out.resize(start + base64_size(bytes.size()));
  char* to = out.data() + start;
  std::size_t at = 0;
  const auto digit = [](std::uint32_t bits) { return kAlphabet[bits & 63u]; };
  for (; at + 3 <= bytes.size(); at += 3) {
    const std::uint32_t bits = (byte_at(bytes, at) << 16) | (byte_at(bytes, at + 1) << 8) | byte_at(bytes, at + 2);
    *to++ = digit(bits >> 18);
    *to++ = digit(bits >> 12);
    *to++ = digit(bits >> 6);
    *to++ = digit(bits);
  }
  const std::size_t rest = bytes.size() - at;
  if (rest == 0) return;
  const std::uint32_t bits = (byte_at(bytes, at) << 16) | (rest == 2 ? byte_at(bytes, at + 1) << 8 : 0u);
  *to++ = digit(bits >> 18);
  *to++ = digit(bits >> 12);
  *to++ = rest == 2 ? digit(bits >> 6) : '=';
  *to++ = '=';
}

void append_base64_decoded(std::string& out, std::string_view text) {
  const std::size_t start = out.size();
  out.resize(start + text.size() / 4 * 3 + 3);
  char* to = out.data() + start;
  std::uint32_t bits = 0;
  int held = 0;
  for (std::size_t at = decode_groups(to, text); at < text.size() && text[at] != '='; ++at) {
    const std::uint32_t value = value_at(text, at);
    if (value == kNone) continue;
    bits = (bits << 6) | value;
    held += 6;
    if (held >= 8) {
      held -= 8;
      *to++ = static_cast<char>(bits >> held);
    }
  }
  out.resize(static_cast<std::size_t>(to - out.data()));
}

}  // namespace base
