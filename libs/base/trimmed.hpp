#pragma once
#include <string_view>

namespace base {

/// Without the optional white space around it that header fields may have: spaces and tabs (RFC 9110 §5.6.3).
constexpr std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t";
  const auto first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

}  // namespace base
