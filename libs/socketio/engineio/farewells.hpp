#pragma once
// Farewells: polling sessions that their clients have just ended ("1") while none of their polls was here. A client
// sends that "1" and its last poll on two connections, so the poll may be the later of the two to arrive: it is
// answered as if it had been parked (socketio.md §3.12), once and for a short time. Any later poll is one of an unknown
// session. One shard's thread.

#include <chrono>
#include <cstddef>
#include <deque>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace engineio {

class Farewells {
 public:
  /// Of so many sessions at once; the oldest is forgotten for one more.
  static constexpr std::size_t kMost = 256;
  /// A poll that was sent before the "1" is not later than this.
  static constexpr std::chrono::seconds kLifetime{2};

  void remember(std::string_view sid, base::SteadyTime now);
  /// True once for each session that was remembered less than kLifetime ago.
  [[nodiscard]] bool take(std::string_view sid, base::SteadyTime now);
  [[nodiscard]] std::size_t size() const noexcept { return waiting_.size(); }

 private:
  struct Farewell {
    std::string sid;
    base::SteadyTime until;
  };
  void forget_old(base::SteadyTime now);

  std::deque<Farewell> waiting_;  // in the order of their ends
};

}  // namespace engineio
