#include "chat/rules/believed_time.hpp"

#include <algorithm>

namespace chat {
namespace {

constexpr int kGainDivisor = 100;       // 1 % faster than uptime
constexpr int kTolerancesPerLife = 10;  // short lives, as tests have them, tolerate less

}  // namespace

BelievedTime::BelievedTime(std::chrono::milliseconds life, std::optional<TimeWitness> saved, base::WallTime wall,
                           base::SteadyTime steady)
    : life_(life), steady_(steady), now_{wall, wall, {}} {
  if (!saved) return;
  const auto absence = std::min(kRestart, life_ / kTolerancesPerLife);
  now_.believed = std::min(wall, saved->believed + absence);
  const bool jumped = wall - saved->wall > absence;
  if (now_.believed < wall && !jumped) now_.doubted = saved->doubted;
}

base::WallTime BelievedTime::advance(base::WallTime wall, base::SteadyTime steady) {
  const auto up =
      std::max(std::chrono::milliseconds{}, std::chrono::duration_cast<std::chrono::milliseconds>(steady - steady_));
  const bool jumped = (wall - now_.wall) - up > std::min(kJump, life_ / kTolerancesPerLife);
  steady_ += up;  // fractions of a millisecond count at the next call
  now_.doubted = jumped ? std::chrono::milliseconds{} : now_.doubted + up;
  now_.wall = wall;
  const auto credible = now_.believed + up + up / kGainDivisor;
  if (wall <= credible || now_.doubted >= life_) {
    now_.believed = wall;
    now_.doubted = {};
  } else {
    now_.believed = credible;
  }
  return now_.believed;
}

}  // namespace chat
