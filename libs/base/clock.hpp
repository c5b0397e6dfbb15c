#pragma once
// Time is handed in, never fetched from a global, so that tests move it. WallTime is for display and expiry; order is
// by number, never by clock. SteadyTime is for deadlines.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using SteadyTime = std::chrono::steady_clock::time_point;

/// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
  [[nodiscard]] virtual SteadyTime steady_now() const = 0;
};

class SystemClock final : public Clock {
 public:
  [[nodiscard]] WallTime wall_now() const override;
  [[nodiscard]] SteadyTime steady_now() const override;
};

/// Stands still until advanced. Not thread-safe: for single-threaded tests.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(WallTime start = WallTime(std::chrono::milliseconds(1'700'000'000'000))) : wall_(start) {}
  [[nodiscard]] WallTime wall_now() const override { return wall_; }
  [[nodiscard]] SteadyTime steady_now() const override { return steady_; }
  void advance(std::chrono::milliseconds by) {
    wall_ += by;
    steady_ += by;
  }
  /// Moves the wall clock alone, also backwards.
  void set_wall(WallTime to) { wall_ = to; }

 private:
  WallTime wall_;
  SteadyTime steady_{std::chrono::hours(1)};
};

/// RFC 3339 UTC with milliseconds: `2026-11-24T09:30:00.123Z`.
std::string to_rfc3339(WallTime time);
/// Appends the same 24 characters without allocating when `out` has room.
void append_rfc3339(std::string& out, WallTime time);
/// Accepts exactly the form that to_rfc3339 writes.
std::optional<WallTime> from_rfc3339(std::string_view text);

}  // namespace base
