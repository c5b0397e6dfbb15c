#include "chat/rules/rate_window.hpp"

#include <algorithm>

namespace chat {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kWindow{60'000};

std::uint32_t seconds_up(std::int64_t ms) {
  constexpr std::int64_t kSecond = 1000;
  return static_cast<std::uint32_t>(std::max<std::int64_t>(1, (ms + kSecond - 1) / kSecond));
}

/// Milliseconds into a window after which `previous` weighs so little that one more fits: the smallest e with
/// previous * (window - e) / window + current + 1 <= limit. Needs current + 1 <= limit.
std::int64_t fits_after(std::uint32_t previous, std::uint32_t current, std::uint32_t limit) {
  const std::int64_t room = static_cast<std::int64_t>(limit) - current - 1;
  if (previous == 0 || room >= previous) return 0;
  const std::int64_t weight_ms = room * kWindow.count() / previous;  // rounded down: the wait is rounded up
  return kWindow.count() - weight_ms;
}

}  // namespace

void RateWindow::roll(base::SteadyTime now) {
  const auto age = now - start_;
  if (age >= 2 * kWindow || (previous_ == 0 && current_ == 0)) {
    start_ = now;
    previous_ = current_ = 0;
  } else if (age >= kWindow) {
    start_ += kWindow;
    previous_ = current_;
    current_ = 0;
  }
}

RateWindow::Verdict RateWindow::take(base::SteadyTime now, std::uint32_t limit) {
  if (limit == 0) return {};
  roll(now);
  const auto elapsed = std::chrono::duration_cast<milliseconds>(now - start_).count();
  if (current_ + 1 > limit) {
    // Full by itself: the window has to end, and then this count is the previous one.
    const auto wait = kWindow.count() - elapsed + fits_after(current_, 0, limit);
    return {.allowed = false, .retry_after_seconds = seconds_up(wait)};
  }
  const auto fits = fits_after(previous_, current_, limit);
  if (elapsed < fits) return {.allowed = false, .retry_after_seconds = seconds_up(fits - elapsed)};
  ++current_;
  return {};
}

void RateWindow::give_back() {
  auto& counted = current_ > 0 ? current_ : previous_;
  if (counted > 0) --counted;
}

}  // namespace chat
