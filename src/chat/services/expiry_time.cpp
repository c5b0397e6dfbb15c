#include "chat/services/expiry_time.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace chat {

std::optional<base::WallTime> ExpiryTime::wall_now() const {
  if (shared_ == nullptr) return clock_.wall_now();
  const auto shared = shared_->shared_now();
  if (!shared) return std::nullopt;
  return std::min(*shared, clock_.wall_now());
}

std::optional<base::WallTime> ExpiryTime::read() {
  const auto wall = wall_now();
  if (!wall) return std::nullopt;
  const auto steady = clock_.steady_now();
  const bool expires = life_.count() != 0;
  if (!time_) {
    time_.emplace(std::max(life_, std::chrono::seconds(1)), expires ? witness_.load() : std::nullopt, *wall, steady);
  }
  const auto now = time_->advance(*wall, steady);
  if (!expires) return now;
  witness_.save(time_->witness());
  const bool doubts = time_->doubt() > BelievedTime::kJump;
  if (doubts && !doubted_) {
    base::log::warning("the clock was set ahead: until uptime confirms it, messages expire by the time before",
                       {{"seconds", time_->doubt().count() / 1000}});
  }
  doubted_ = doubts;
  return now;
}

}  // namespace chat
