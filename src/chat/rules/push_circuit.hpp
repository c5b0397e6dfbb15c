#pragma once
// PushCircuit: whether one push service is asked at all. A service that is down, that throttles everything or that
// refuses this server is left alone for a while, then asked with one push; its answer opens or shuts the door again.

#include <chrono>
#include <cstdint>
#include <optional>

#include "chat/model/push.hpp"

namespace chat {

class PushCircuit {
 public:
  enum class Door : std::uint8_t { kOpen, kOne, kShut };

  [[nodiscard]] Door door(SteadyTime now) const {
    if (!shut_) return Door::kOpen;
    return now < until_ ? Door::kShut : Door::kOne;
  }
  /// When one may be asked again, while it is shut.
  [[nodiscard]] SteadyTime reopens() const { return until_; }
  /// The service refuses this server itself (kLaneStopped was its last word).
  [[nodiscard]] bool stopped() const { return stopped_; }
  /// Nothing is remembered that a fresh one would not know.
  [[nodiscard]] bool fresh() const { return !shut_ && throttled_ == 0; }

  /// What the service answered to a push that was sent at `sent`. Those under way when the door fell shut say nothing
  /// new.
  void answered(PushOutcome outcome, std::optional<std::chrono::seconds> retry_after, SteadyTime sent, SteadyTime now,
                std::uint64_t random);

 private:
  void shut(std::chrono::milliseconds patience, SteadyTime now, std::uint64_t random);

  bool shut_ = false;
  bool stopped_ = false;
  std::uint32_t failures_ = 0;   // in a row
  std::uint32_t throttled_ = 0;  // in a row
  SteadyTime since_{};           // of the last shutting
  SteadyTime until_{};
};

}  // namespace chat
