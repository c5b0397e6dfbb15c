#pragma once
// How long the questions of this room wait for a Redis that may be gone: whoever asks has another answer meanwhile, so
// a lost server is looked for often, and a silent one is left soon. Inside of this room.

#include <algorithm>
#include <chrono>

#include "redis/options.hpp"

namespace adapters::redis {

/// `options` with these waits, unless they are shorter already.
inline ::redis::Options impatient(::redis::Options options) {
  constexpr std::chrono::milliseconds kReconnectLast{1'000};
  constexpr std::chrono::milliseconds kCommandTimeout{2'000};
  options.reconnect_last = std::min(options.reconnect_last, kReconnectLast);
  options.command_timeout = std::min(options.command_timeout, kCommandTimeout);
  return options;
}

}  // namespace adapters::redis
