#pragma once
// Enumerations as words, so that a document explains itself. Inside of row_documents*.cpp.

#include <array>
#include <string_view>
#include <utility>

namespace adapters::mongodb {

template <class Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

/// Every value has its word in the table.
template <class Enum, std::size_t N>
std::string_view word(const Names<Enum, N>& names, Enum value) {
  for (const auto& [each, text] : names) {
    if (each == value) return text;
  }
  return "unknown";
}

template <class Enum, std::size_t N>
bool value_of(const Names<Enum, N>& names, std::string_view text, Enum& out) {
  for (const auto& [each, name] : names) {
    if (name == text) {
      out = each;
      return true;
    }
  }
  return false;
}

}  // namespace adapters::mongodb
