#pragma once
#include <cstdint>
#include <limits>
#include <optional>

#include "base/json_reader.hpp"

namespace base {

/// JsonValue::as_uint64(), and the largest for a number above its range, in whatever form (1e21): for what is clamped
/// anyway. nullopt: no number, a negative one, or one in the range that is not written in digits only.
[[nodiscard]] inline std::optional<std::uint64_t> clamped_uint64(const JsonValue& value) noexcept {
  constexpr double kAbove = 18446744073709551616.0;  // 2^64; no double from there on has a fraction
  if (const auto number = value.as_uint64()) return number;
  const auto number = value.as_double();
  if (!number || *number < kAbove) return std::nullopt;
  return std::numeric_limits<std::uint64_t>::max();
}

}  // namespace base
