#pragma once
#include <optional>

#include "chat/model/time_witness.hpp"

namespace chat {

/// Keeps one TimeWitness across restarts. One thread; may block. Losing what was saved last costs nothing but a little
/// patience.
class WitnessStore {
 public:
  virtual ~WitnessStore() = default;
  /// nullopt: nothing was ever saved. What cannot be read is a witness of all zeros: believed least.
  [[nodiscard]] virtual std::optional<TimeWitness> load() = 0;
  virtual void save(const TimeWitness& witness) = 0;
};

}  // namespace chat
