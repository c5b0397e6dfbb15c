// Commands on a stopped server's data directory.
#include <iostream>

#include "app/commands.hpp"
#include "app/data_directory.hpp"

namespace app {
namespace {}  // namespace

int new_epoch(const Settings& settings) {
  const base::SystemClock clock;
  const auto directory = open_data_directory(settings, clock);  // opening the store appends an epoch
  if (!directory) return complain(directory.error());
  std::cout << "epoch " << directory->store->epochs().back() << "\n";
  return 0;
}

int rotate_keys(const Settings& settings) {
  using adapters::crypto::KeyPurpose;
  const base::SystemClock clock;
  const auto directory = open_data_directory(settings, clock);
  if (!directory) return complain(directory.error());
  for (const auto& [purpose, name] :
       {std::pair(KeyPurpose::kEpoch, "encryption"), std::pair(KeyPurpose::kToken, "access-token")}) {
    const auto key = directory->keys->rotate(purpose);
    if (!key) return complain(key.error().message);
    std::cout << name << " key " << key->hex() << "\n";
  }
  return 0;
}

}  // namespace app
