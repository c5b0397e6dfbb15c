#pragma once
#include <cstdint>

#include "base/clock.hpp"

namespace chat {

/// Bytes per second with a burst of one second's worth. A text larger than the burst passes when the bucket is full
/// and leaves a debt, so that a small rate slows down but never blocks for ever. Starts full.
class ByteBucket {
 public:
  struct Verdict {
    bool allowed = true;
    std::uint32_t retry_after_seconds = 0;  // >= 1 when refused
  };
  /// Takes the bytes if they are allowed. `rate` 0: off.
  [[nodiscard]] Verdict take(base::SteadyTime now, std::size_t bytes, std::uint32_t rate);
  /// Bytes that were taken a moment ago turn out not to count.
  void give_back(std::size_t bytes);

 private:
  std::int64_t level_ = 0;  // micro-bytes missing to full (<= 0 is full)
  base::SteadyTime at_{};
};

}  // namespace chat
