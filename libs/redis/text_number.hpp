#pragma once
// Numbers in what servers and operators write. Inside of this room.

#include <charconv>
#include <string_view>
#include <system_error>

namespace redis {

/// Reads `text` as a decimal number; false if anything of it is no part of one, or it does not fit.
template <class Number>
bool to_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace redis
