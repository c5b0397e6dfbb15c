#include "socketio/engineio/farewells.hpp"

#include <algorithm>

namespace engineio {

void Farewells::remember(std::string_view sid, base::SteadyTime now) {
  forget_old(now);
  if (waiting_.size() >= kMost) waiting_.pop_front();
  waiting_.push_back({std::string(sid), now + kLifetime});
}

bool Farewells::take(std::string_view sid, base::SteadyTime now) {
  forget_old(now);
  const auto found = std::find_if(waiting_.begin(), waiting_.end(), [&](const Farewell& f) { return f.sid == sid; });
  if (found == waiting_.end()) return false;
  waiting_.erase(found);
  return true;
}

void Farewells::forget_old(base::SteadyTime now) {
  while (!waiting_.empty() && waiting_.front().until <= now) waiting_.pop_front();
}

}  // namespace engineio
