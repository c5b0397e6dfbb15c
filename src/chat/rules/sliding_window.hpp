#pragma once
// The arithmetic of every limit "at most so many in any window". Whole milliseconds: a wait that is told is exact, and
// what is asked again after it passes.

#include <chrono>
#include <cstdint>

namespace chat {

/// What was counted in two adjacent windows; the older one is weighted by what of it is still in view.
struct WindowCounts {
  std::int64_t previous = 0;
  std::int64_t current = 0;
};

/// How long, `elapsed` into the current window, until one more is within `limit` (at least 1); 0 or less: it is.
/// Nothing else is counted meanwhile. `limit` times `window` in milliseconds must fit 63 bits.
[[nodiscard]] std::chrono::milliseconds wait_for_room(WindowCounts counts, std::int64_t limit,
                                                      std::chrono::milliseconds window,
                                                      std::chrono::milliseconds elapsed);

/// What a client is told of a wait: whole seconds, rounded up, at least 1.
template <class Duration>
[[nodiscard]] std::uint32_t told_seconds(Duration wait) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(wait).count();
  return seconds < 1 ? 1 : static_cast<std::uint32_t>(seconds);
}

}  // namespace chat
