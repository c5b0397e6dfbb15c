#pragma once
// What runs inside Redis, where the one clock is that all nodes share. Each script touches one key, so that the keys
// may lie on different servers. Redis 7.0 has no expiry for a field of a hash: a field holds the end of its lease.
// Inside of this room.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/model/ids.hpp"

namespace adapters::redis {

/// Names the memory in which this Redis keeps leases, and says since when it may be complete; whoever finds it missing
/// writes it.
inline constexpr std::string_view kMarkKey = "restante:presence";

/// Stands between connection and device in the name of a field, and in neither of them.
inline constexpr char kBeforeDevice = '/';

inline std::string lease_key(const chat::UserId& user) {
  return "online:" + user.hex();
}

enum class Script : std::uint8_t {
  /// KEYS[1]: the user's hash. ARGV: "<node>:", the lease in milliseconds, all fields that this node has for the user
  /// now. Deletes this node's other fields, and everybody's whose lease has run out.
  kWrite,
  /// KEYS[1]: the user's hash -> 1: there is a lease that has not run out; else 0.
  kLookUp,
  /// KEYS[1]: the user's hash -> the devices that have a lease that has not run out, some perhaps twice. Fields without
  /// a device, as nodes of an earlier version write them, say nothing here.
  kLookUpDevices,
  /// KEYS[1]: kMarkKey. ARGV[1]: the name of a new memory, should there be none; empty: only read. ARGV[2]: "1": not
  /// yet
  /// complete, some of our leases are missing. -> {name, milliseconds since it may be complete}, or {"", 0}.
  kMark,
};
inline constexpr std::size_t kScripts = 4;

std::string_view text_of(Script script);

}  // namespace adapters::redis
