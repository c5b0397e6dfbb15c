#pragma once
// The time that was believed last (chat/rules/believed_time.hpp), as one line of a file in the data directory:
//
//   believed SP wall SP doubted LF     milliseconds, the first two since 1970
//
// Only the sweeper's thread uses it. A file that cannot be read believes nothing; one that cannot be written is logged.

#include <string>

#include "chat/ports/witness_store.hpp"

namespace app {

class WitnessFile final : public chat::WitnessStore {
 public:
  explicit WitnessFile(std::string path) : path_(std::move(path)) {}
  [[nodiscard]] std::optional<chat::TimeWitness> load() override;
  void save(const chat::TimeWitness& witness) override;

 private:
  const std::string path_;
};

}  // namespace app
