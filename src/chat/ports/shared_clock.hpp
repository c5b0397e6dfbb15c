#pragma once
#include <optional>

#include "base/clock.hpp"

namespace chat {

/// The one clock that all nodes of a shared store can ask.
class SharedClock {
 public:
  virtual ~SharedClock() = default;
  /// A wall time between the call and its return. nullopt: it does not answer. Any thread; may wait for the network.
  [[nodiscard]] virtual std::optional<base::WallTime> shared_now() const = 0;
};

}  // namespace chat
