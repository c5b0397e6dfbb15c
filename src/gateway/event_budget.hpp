#pragma once
// EventBudget: the rate of one socket's events (security.md §3). A token bucket of five seconds' worth; what is above
// it is answered `rate_limited`, and whoever stays above it for 30 s is cut off. No ban: a client that flushes its
// offline buffer is no attacker.

#include <algorithm>
#include <chrono>
#include <cstdint>

#include "base/clock.hpp"

namespace gateway {

enum class BudgetVerdict : std::uint8_t { kGranted, kExceeded, kHopeless };

class EventBudget {
 public:
  BudgetVerdict spend(std::int64_t per_second, base::SteadyTime now) {
    if (per_second <= 0) return BudgetVerdict::kGranted;
    const auto rate = static_cast<double>(per_second);
    const double burst = rate * kBurstSeconds;
    if (last_ == base::SteadyTime{}) {
      left_ = static_cast<float>(burst);
    } else {
      const double elapsed = std::chrono::duration<double>(now - last_).count();
      left_ = static_cast<float>(std::min(burst, static_cast<double>(left_) + elapsed * rate));
    }
    last_ = now;
    if (left_ >= 1) {
      left_ -= 1;
      // Above the rate all the time means: the bucket never fills up again.
      if (static_cast<double>(left_) > burst / 2) exceeded_since_ = {};
      return BudgetVerdict::kGranted;
    }
    if (exceeded_since_ == base::SteadyTime{}) exceeded_since_ = now;
    return now - exceeded_since_ >= kPatience ? BudgetVerdict::kHopeless : BudgetVerdict::kExceeded;
  }

 private:
  static constexpr double kBurstSeconds = 5;
  static constexpr std::chrono::seconds kPatience{30};
  base::SteadyTime last_{};
  base::SteadyTime exceeded_since_{};
  float left_ = 0;
};

}  // namespace gateway
