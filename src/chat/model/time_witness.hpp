#pragma once
#include <chrono>

#include "base/clock.hpp"

namespace chat {

/// What a restart has to know of the time that was believed before it (rules/believed_time.hpp).
struct TimeWitness {
  base::WallTime believed{};
  base::WallTime wall{};                // the wall clock at the same moment
  std::chrono::milliseconds doubted{};  // uptime since the wall clock was last seen to jump ahead
};

}  // namespace chat
