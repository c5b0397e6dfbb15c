#pragma once
#include <charconv>
#include <string_view>
#include <system_error>

namespace base {

/// Reads all of `text` as a decimal number, without locale, white space or '+'. False: it is none, or does not fit;
/// then `number` is as it was, unless `text` begins with one.
template <class Number>
bool read_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

}  // namespace base
