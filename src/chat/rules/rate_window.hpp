#pragma once
#include <cstdint>

#include "base/clock.hpp"

namespace chat {

/// Sliding-window counter over one minute: the count of the running window plus the share of the previous one that
/// still lies within the last 60 s. The first event of a quiet subject opens the window, so that a limit of n means
/// exactly n events from then on. 24 bytes per subject; a refused event costs nothing.
class RateWindow {
 public:
  struct Verdict {
    bool allowed = true;
    std::uint32_t retry_after_seconds = 0;  // whole seconds, rounded up, >= 1; after it one event is allowed
  };
  /// Counts the event if it is allowed. `limit` 0: off.
  [[nodiscard]] Verdict take(base::SteadyTime now, std::uint32_t limit);
  /// An event that was counted a moment ago turns out not to count.
  void give_back();

 private:
  void roll(base::SteadyTime now);

  base::SteadyTime start_{};
  std::uint32_t previous_ = 0;
  std::uint32_t current_ = 0;
};

}  // namespace chat
