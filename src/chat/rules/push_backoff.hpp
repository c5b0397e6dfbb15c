#pragma once
// What follows from a provider's answer, for one device's job (the table: docs/push.md).

#include <chrono>
#include <cstdint>
#include <optional>

#include "chat/model/push.hpp"

namespace chat {

/// A service that is down is asked again after this much, doubling up to the second.
inline constexpr std::chrono::seconds kUnavailableFirst{10};
inline constexpr std::chrono::seconds kUnavailableMost{600};

enum class PushNext : std::uint8_t {
  kFinish,         // the job is done
  kDrop,           // it is given up: trying again would not help
  kRetry,          // it falls due again
  kDeleteAddress,  // and the job with it
  kKeep,           // the lane stops, not the job
};

struct PushStep {
  PushNext next = PushNext::kFinish;
  std::chrono::milliseconds after{};  // kRetry
};

/// `in_a_row`: answers of this kind that the device has now had without another one between them, this one included.
/// `random`: any number; spreads what would come back at once.
[[nodiscard]] PushStep after_push(PushOutcome outcome, std::uint32_t in_a_row,
                                  std::optional<std::chrono::seconds> retry_after, std::uint64_t random);

/// `first` doubled (times - 1) times, at most `most`.
[[nodiscard]] std::chrono::milliseconds doubled(std::chrono::milliseconds first, std::uint32_t times,
                                                std::chrono::milliseconds most);
/// `least` and up to half of it again.
[[nodiscard]] std::chrono::milliseconds jittered(std::chrono::milliseconds least, std::uint64_t random);

}  // namespace chat
