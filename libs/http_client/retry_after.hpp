#pragma once
// Retry-After (RFC 9110 §10.2.3): how long a server wants to be left alone.

#include <chrono>
#include <optional>
#include <string_view>

#include "base/clock.hpp"

namespace http_client {

/// More is taken as this much: no answer may silence a sender for good.
inline constexpr std::chrono::seconds kMaxRetryAfter = std::chrono::hours(24);

/// `value` is a number of seconds, or one of the three forms of an HTTP-date (RFC 9110 §5.6.7), rounded up; a time that
/// has passed is 0. nullopt: neither.
[[nodiscard]] std::optional<std::chrono::seconds> parse_retry_after(std::string_view value, base::WallTime now);

}  // namespace http_client
