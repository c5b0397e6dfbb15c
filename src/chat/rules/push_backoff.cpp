#include "chat/rules/push_backoff.hpp"

#include <algorithm>

namespace chat {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// FCM asks for a minute at least when it does not say how long; its collapsible pushes refill at one in three minutes.
constexpr seconds kThrottledFirst{60};
constexpr seconds kThrottledMost{3600};
// An error of theirs that may be bound to this one push: soon again, but not for ever.
constexpr seconds kServerErrorFirst{5};
constexpr seconds kServerErrorMost{300};
constexpr std::uint32_t kServerErrorTries = 5;
// Longer than a message lives, nobody can mean it.
constexpr seconds kMostPatience{86'400};

milliseconds patience(std::optional<seconds> asked, milliseconds otherwise, std::uint64_t random) {
  // What a provider asks for is the least; everybody coming back in the same second is what it wants to avoid.
  return jittered(asked ? milliseconds(std::clamp(*asked, seconds(1), kMostPatience)) : otherwise, random);
}

}  // namespace

milliseconds doubled(milliseconds first, std::uint32_t times, milliseconds most) {
  auto value = std::min(first, most);
  for (std::uint32_t i = 1; i < times && value < most; ++i) value = std::min(2 * value, most);
  return value;
}

milliseconds jittered(milliseconds least, std::uint64_t random) {
  const auto spread = static_cast<std::uint64_t>(least.count() / 2);
  return least + milliseconds(spread == 0 ? 0 : static_cast<std::int64_t>(random % (spread + 1)));
}

PushStep after_push(PushOutcome outcome, std::uint32_t in_a_row, std::optional<seconds> retry_after,
                    std::uint64_t random) {
  switch (outcome) {
    case PushOutcome::kThrottled:
      return {PushNext::kRetry, patience(retry_after, doubled(kThrottledFirst, in_a_row, kThrottledMost), random)};
    case PushOutcome::kServerError:
      if (in_a_row >= kServerErrorTries) return {PushNext::kDrop, {}};
      return {PushNext::kRetry, patience(retry_after, doubled(kServerErrorFirst, in_a_row, kServerErrorMost), random)};
    case PushOutcome::kUnavailable:
      return {PushNext::kRetry, patience(retry_after, doubled(kUnavailableFirst, in_a_row, kUnavailableMost), random)};
    case PushOutcome::kAddressDead:
      return {PushNext::kDeleteAddress, {}};
    case PushOutcome::kPayloadRefused:
      return {PushNext::kDrop, {}};
    case PushOutcome::kLaneStopped:
      return {PushNext::kKeep, {}};
    case PushOutcome::kNone:
    case PushOutcome::kAccepted:
    case PushOutcome::kNotNeeded:
      break;
  }
  return {PushNext::kFinish, {}};
}

}  // namespace chat
