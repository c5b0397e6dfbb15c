#pragma once
#include <charconv>
#include <string>

namespace base {

/// The shortest text that reads back as the same number. Needs a finite one where the text is JSON.
template <class Number>
void append_number(std::string& out, Number number) {
  char digits[32];  // longest: a double of 24 characters
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

}  // namespace base
