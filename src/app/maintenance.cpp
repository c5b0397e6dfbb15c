// Commands on what belongs to stopped servers.
#include <iostream>

#include "adapters/mongodb/mongo_store.hpp"
#include "app/commands.hpp"
#include "app/data_directory.hpp"
#include "app/directory_check.hpp"
#include "app/operator_store.hpp"

namespace app {
namespace {

int new_mongodb_epoch(const Settings& settings) {
  const auto options = mongodb_options(settings);
  if (!options) return complain(options.error());
  const auto epoch = adapters::mongodb::MongoStore::start_epoch(*options);
  if (!epoch) return complain(epoch.error().message);
  std::cout << "epoch " << *epoch << "\n";
  return 0;
}

}  // namespace

int new_epoch(const Settings& settings) {
  if (is_mongodb(settings)) return new_mongodb_epoch(settings);
  const base::SystemClock clock;
  const auto directory = open_data_directory(settings, clock);
  if (!directory) return complain(directory.error());
  std::cout << "epoch " << directory->store->epochs().back() << "\n"
            << "every opening of the embedded store appends one, also that of serve: no need for this command\n";
  return 0;
}

int rotate_keys(const Settings& settings) {
  using adapters::crypto::KeyPurpose;
  if (auto refused = refuse_new_installation(settings)) return complain(*refused);
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
