// What `./run --cluster` asks of the binary before the nodes start.
#include <iostream>

#include "adapters/mongodb/replica_set.hpp"
#include "app/commands.hpp"
#include "app/server.hpp"

namespace app {

int check(const Settings& settings, const std::vector<std::string>& keys) {
  if (auto why = refuse_to_start(settings)) return complain(*why);
  for (const auto& key : keys) {
    const auto value = value_of(settings, key);
    if (!value) return complain("unknown setting \"" + key + "\" (docs/configuration.md lists them)");
    std::cout << key << "=" << *value << "\n";
  }
  return 0;
}

int prepare_replica_set(const std::vector<std::string>& members) {
  const auto done = adapters::mongodb::prepare_replica_set({.members = members});
  return done ? 0 : complain(done.error());
}

}  // namespace app
