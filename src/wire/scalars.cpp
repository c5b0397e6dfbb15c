#include "wire/scalars.hpp"

#include <charconv>

#include "base/clock.hpp"

namespace wire {

void append_hex(std::string& out, std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 0xF];
  }
}

void append_time(std::string& out, chat::WallTime time) {
  out += '"';
  base::append_rfc3339(out, time);
  out += '"';
}

void append_number(std::string& out, std::uint64_t number) {
  char digits[20];  // 2^64 - 1 has twenty
  const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
  out.append(digits, end);
}

}  // namespace wire
