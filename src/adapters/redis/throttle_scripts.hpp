#pragma once
// What counts inside Redis, where the one clock is that all nodes share: the rules of the services' throttles, with a
// hash in place of a node's record. Each script touches one key, so that the keys may lie on different servers. Times
// are milliseconds of Redis' clock; a clock that was set back makes nobody wait longer than the rule says. Inside of
// this room.

#include <cstdint>
#include <string>
#include <string_view>

namespace adapters::redis {

/// The braces make the name all that a Redis Cluster looks at.
inline std::string throttle_key(std::string_view name) {
  return "restante:limit:{" + std::string(name) + "}";
}

enum class ThrottleScript : std::uint8_t {
  /// KEYS[1]: {opened, current, previous}. ARGV: limit, window in milliseconds -> 0: counted; else the seconds to wait.
  /// The key goes with the last window that matters.
  kAdmit,
  /// KEYS[1]: {failures, last, until}. ARGV: free failures, then milliseconds: first wait, longest wait, forget after
  /// -> {0 or the seconds to wait, failures}. The key goes when the failures are forgotten.
  kBegin,
  /// KEYS[1]: as kBegin. One failure less, and nobody waits -> 1.
  kWithdraw,
};
inline constexpr std::size_t kThrottleScripts = 3;

std::string_view text_of(ThrottleScript script);

}  // namespace adapters::redis
