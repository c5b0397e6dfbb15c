#pragma once
// Listening sockets: one per shard on the same address, by SO_REUSEPORT.

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "socketio/engineio/server.hpp"

namespace engineio {

struct Listeners {
  std::vector<int> descriptors;  // non-blocking, listening; the caller's to close
  std::uint16_t port = 0;
};

/// All or none. A port in use is found by an exclusive bind first: SO_REUSEPORT would share it with another process of
/// the same user without a word.
base::Result<Listeners, ListenError> open_listeners(const std::string& host, std::uint16_t port, std::size_t count);

}  // namespace engineio
