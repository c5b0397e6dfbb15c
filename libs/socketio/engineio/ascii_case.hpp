#pragma once
// Names of fields, codings and schemes mean the same in capitals (RFC 9110 §§5.1, 4.2.3); only ASCII letters have any.

#include <algorithm>
#include <string_view>

namespace engineio {

/// `lower`: in lower case.
inline bool equals_ignoring_case(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

}  // namespace engineio
