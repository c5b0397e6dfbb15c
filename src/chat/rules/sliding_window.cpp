#include "chat/rules/sliding_window.hpp"

namespace chat {
namespace {

using std::chrono::milliseconds;

/// How far into a window `previous` weighs so little that one more fits: the smallest e with
/// previous * (window - e) / window + current + 1 <= limit. Needs current + 1 <= limit.
milliseconds fits_after(WindowCounts counts, std::int64_t limit, milliseconds window) {
  const auto room = limit - counts.current - 1;
  if (room >= counts.previous) return {};
  return window - room * window / counts.previous;  // the share is rounded down: the wait is rounded up
}

}  // namespace

milliseconds wait_for_room(WindowCounts counts, std::int64_t limit, milliseconds window, milliseconds elapsed) {
  if (counts.current < limit) return fits_after(counts, limit, window) - elapsed;
  // Full by itself: the window has to end, and then this count is the previous one.
  return window - elapsed + fits_after({.previous = counts.current, .current = 0}, limit, window);
}

}  // namespace chat
