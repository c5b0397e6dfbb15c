#pragma once
// BelievedTime: the time by which messages grow old.
//
// Problem: age is wall time minus wall time, and wall clocks jump: a clock that is set an hour or ten years ahead, at
// run time or while the server is down, must not make everything look old at once; neither must a clock that was years
// behind and is set right, because what was stamped meanwhile then looks years old.
//
// Answer: a time of our own that is never later than the wall clock and gains on it only by uptime.
//   - The wall clock is behind it or level: it is believed at once. What was stamped later than that waits longer.
//   - The wall clock is ahead: the believed time runs on by uptime, 1 % faster, so that small corrections wear off.
//   - The wall clock is ahead and has run evenly for a whole `life` of uptime: it is believed. Everything stamped
//   before
//     the jump has lived a life by uptime alone then, and everything stamped after it carries the new clock's stamps.
// So a message whose stamp is `life` or more before the believed time has lived at least 99 % of a life, whatever the
// clock did; only the server's uptime counts where the clock cannot be trusted, never less than that.
//
// A restart may cost a little (`kRestart`, or a tenth of a life); a longer absence cannot be told from a jump: what
// waits then lives longer by the absence, in which nobody could have fetched it anyway.
//
// Pure: the caller reads the clocks. A first start believes the wall clock.

#include <optional>

#include "chat/model/time_witness.hpp"

namespace chat {

class BelievedTime {
 public:
  static constexpr std::chrono::milliseconds kRestart = std::chrono::minutes(10);  // a deployment, a reboot
  static constexpr std::chrono::milliseconds kJump = std::chrono::minutes(1);  // more than a clock drifts in a sweep

  /// `life` > 0: of a message.
  BelievedTime(std::chrono::milliseconds life, std::optional<TimeWitness> saved, base::WallTime wall,
               base::SteadyTime steady);

  /// Call it often compared with `life`, both clocks read at about the same moment. Returns the believed time.
  base::WallTime advance(base::WallTime wall, base::SteadyTime steady);

  [[nodiscard]] base::WallTime now() const { return now_.believed; }
  /// How far the wall clock is ahead.
  [[nodiscard]] std::chrono::milliseconds doubt() const { return now_.wall - now_.believed; }
  [[nodiscard]] const TimeWitness& witness() const { return now_; }

 private:
  const std::chrono::milliseconds life_;
  base::SteadyTime steady_;
  TimeWitness now_;
};

}  // namespace chat
