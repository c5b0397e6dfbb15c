#include "base/json_size.hpp"

#include "base/json_scanner.hpp"

namespace base {

std::size_t json_string_size(std::string_view text) noexcept {
  constexpr std::string_view kShort = "\"\\\b\f\n\r\t";  // their escapes have two bytes, all others six
  std::size_t size = text.size() + 2;
  const char* at = text.data();
  const char* end = at + text.size();
  while ((at = plain_string_end(at, end)) != end) {
    const char c = *at++;
    if (static_cast<unsigned char>(c) < 0x80) size += kShort.find(c) != std::string_view::npos ? 1 : 5;
  }
  return size;
}

}  // namespace base
