#include "chat/rules/byte_bucket.hpp"

#include <algorithm>

namespace chat {
namespace {
constexpr std::int64_t kMicro = 1'000'000;
}

ByteBucket::Verdict ByteBucket::take(base::SteadyTime now, std::size_t bytes, std::uint32_t rate) {
  if (rate == 0) return {};
  const auto passed = std::chrono::duration_cast<std::chrono::microseconds>(now - at_).count();
  at_ = now;
  // level_ is a debt in byte-microseconds / rate: after `passed` µs it shrinks by passed * rate micro-bytes. A debt is
  // at most a few seconds' worth, so a minute of silence clears it and the product cannot overflow.
  constexpr std::int64_t kLongEnough = 60 * kMicro;
  level_ = passed >= kLongEnough ? 0 : std::max<std::int64_t>(0, level_ - passed * rate);
  const std::int64_t burst = static_cast<std::int64_t>(rate) * kMicro;
  const std::int64_t cost = static_cast<std::int64_t>(bytes) * kMicro;
  const std::int64_t missing = level_ + std::min(cost, burst) - burst;
  if (missing > 0) {
    const auto wait = (missing + burst - 1) / burst;
    return {.allowed = false, .retry_after_seconds = static_cast<std::uint32_t>(std::max<std::int64_t>(1, wait))};
  }
  level_ += cost;
  return {};
}

void ByteBucket::give_back(std::size_t bytes) {
  level_ = std::max<std::int64_t>(0, level_ - static_cast<std::int64_t>(bytes) * kMicro);
}

}  // namespace chat
