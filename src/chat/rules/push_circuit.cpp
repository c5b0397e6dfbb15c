#include "chat/rules/push_circuit.hpp"

#include <algorithm>

#include "chat/rules/push_backoff.hpp"

namespace chat {
namespace {

using std::chrono::seconds;

// Credentials are set right by people: asking more often would only fill two logs.
constexpr seconds kStoppedPause{600};
// One device may be throttled for itself; that many in a row mean all of us.
constexpr std::uint32_t kThrottledInARow = 10;
constexpr seconds kThrottledPause{60};
constexpr seconds kLongestPause{3600};

}  // namespace

void PushCircuit::shut(std::chrono::milliseconds patience, SteadyTime now, std::uint64_t random) {
  shut_ = true;
  since_ = now;
  until_ = now + jittered(patience, random);
}

void PushCircuit::answered(PushOutcome outcome, std::optional<seconds> retry_after, SteadyTime sent, SteadyTime now,
                           std::uint64_t random) {
  if (shut_ && sent <= since_) return;
  const auto asked = [&](std::chrono::milliseconds otherwise) {
    return retry_after ? std::chrono::milliseconds(std::clamp(*retry_after, seconds(1), kLongestPause)) : otherwise;
  };
  switch (outcome) {
    case PushOutcome::kUnavailable:
      return shut(asked(doubled(kUnavailableFirst, ++failures_, kUnavailableMost)), now, random);
    case PushOutcome::kLaneStopped:
      stopped_ = true;
      return shut(kStoppedPause, now, random);
    case PushOutcome::kThrottled:
      if (++throttled_ >= kThrottledInARow || shut_) shut(asked(kThrottledPause), now, random);
      return;
    default:
      *this = PushCircuit();
  }
}

}  // namespace chat
