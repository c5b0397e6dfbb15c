#pragma once
// ExpiryTime: what the sweeper (expiry.hpp) takes for now. It reads the clocks for rules/believed_time.hpp and keeps
// the witness.
//
// Where several nodes share a store the wall clock is the earlier one of two, this node's and the one that all share:
// what one node's sweep finds old fails for everybody, and a node that starts for the first time believes its wall
// clock. So nothing expires early unless both are ahead. Each node sweeps for itself all the same: if only one did, a
// clock that is behind there would keep everything alive.

#include <chrono>
#include <optional>

#include "base/clock.hpp"
#include "chat/ports/shared_clock.hpp"
#include "chat/ports/witness_store.hpp"
#include "chat/rules/believed_time.hpp"

namespace chat {

/// One thread.
class ExpiryTime {
 public:
  /// `life` of a message; 0: nothing expires, and the witness is left alone. `shared`: null where nobody else has the
  /// store. All of them must outlive it.
  ExpiryTime(std::chrono::seconds life, const base::Clock& clock, const SharedClock* shared, WitnessStore& witness)
      : life_(life), clock_(clock), shared_(shared), witness_(witness) {}

  /// Call it often compared with `life`; may wait for the shared clock. nullopt: that one does not answer, and nothing
  /// was learnt.
  [[nodiscard]] std::optional<base::WallTime> read();

 private:
  [[nodiscard]] std::optional<base::WallTime> wall_now() const;

  const std::chrono::seconds life_;
  const base::Clock& clock_;
  const SharedClock* const shared_;
  WitnessStore& witness_;
  std::optional<BelievedTime> time_;  // since the first answer
  bool doubted_ = false;
};

}  // namespace chat
