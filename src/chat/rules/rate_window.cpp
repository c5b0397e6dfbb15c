#include "chat/rules/rate_window.hpp"

#include "chat/rules/sliding_window.hpp"

namespace chat {
namespace {

using std::chrono::milliseconds;
constexpr milliseconds kWindow{60'000};

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
  const auto elapsed = std::chrono::floor<milliseconds>(now - start_);
  const auto wait = wait_for_room({.previous = previous_, .current = current_}, limit, kWindow, elapsed);
  if (wait > milliseconds::zero()) return {.allowed = false, .retry_after_seconds = told_seconds(wait)};
  ++current_;
  return {};
}

void RateWindow::give_back() {
  auto& counted = current_ > 0 ? current_ : previous_;
  if (counted > 0) --counted;
}

}  // namespace chat
