#pragma once
#include <string>
#include <string_view>

#include "base/json_reader.hpp"

namespace adapters::fcm {

/// Empty when it is absent or not a string.
inline std::string text_of(const base::JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  return member ? member->as_string().value_or("") : "";
}

}  // namespace adapters::fcm
