#pragma once
// Strict UTF-8 (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF), checked in pieces. Any thread;
// each object belongs to one caller.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace base {

/// Checks a text that arrives in pieces. It fails on the first byte that no continuation could make valid.
class Utf8Stream {
 public:
  /// False: these bytes, after the earlier ones, are not UTF-8; the stream is then of no more use until reset().
  bool feed(std::string_view bytes) noexcept;
  /// True when no character is cut at the end of what was fed.
  [[nodiscard]] bool complete() const noexcept { return missing_ == 0; }
  void reset() noexcept { *this = Utf8Stream(); }

 private:
  std::uint8_t missing_ = 0;    // continuation bytes still to come
  std::uint8_t lowest_ = 0x80;  // bounds of the next one: the second byte of some characters is restricted
  std::uint8_t highest_ = 0xBF;
};

[[nodiscard]] bool is_valid_utf8(std::string_view bytes) noexcept;

/// Appends one code point; surrogates and values above U+10FFFF become U+FFFD.
void append_utf8(std::string& out, std::uint32_t code_point);

/// Number of leading bytes that are ASCII.
[[nodiscard]] std::size_t ascii_prefix(std::string_view bytes) noexcept;

}  // namespace base
