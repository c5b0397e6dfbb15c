#include "app/witness_file.hpp"

#include <sstream>

#include "adapters/crypto/secret_file.hpp"
#include "base/log.hpp"

namespace app {

std::optional<chat::TimeWitness> WitnessFile::load() {
  constexpr std::size_t kMostBytes = 128;  // three numbers
  const auto text = adapters::crypto::read_secret_file(path_, kMostBytes);
  if (text && !text.value()) return std::nullopt;
  std::int64_t believed = 0, wall = 0, doubted = 0;
  std::istringstream in(text ? **text : std::string());
  if (!(in >> believed >> wall >> doubted)) {
    base::log::warning("the file of the believed time cannot be read; messages expire by uptime alone for a while",
                       {{"why", text ? "it is damaged" : text.error().message}});
    return chat::TimeWitness{};
  }
  using std::chrono::milliseconds;
  return chat::TimeWitness{base::WallTime(milliseconds(believed)), base::WallTime(milliseconds(wall)),
                           milliseconds(doubted)};
}

void WitnessFile::save(const chat::TimeWitness& witness) {
  const auto text = std::to_string(witness.believed.time_since_epoch().count()) + ' ' +
                    std::to_string(witness.wall.time_since_epoch().count()) + ' ' +
                    std::to_string(witness.doubted.count()) + '\n';
  const auto done = adapters::crypto::write_secret_file(path_, text, false);
  if (!done) base::log::warning("the believed time cannot be kept", {{"why", done.error().message}});
}

}  // namespace app
