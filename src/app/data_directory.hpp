#pragma once
// The data directory: secrets and store, opened together.
//
//   DIR/master.key, DIR/keys   secrets (adapters/crypto/key_ring.hpp); keep them off the backups of the store
//   DIR/store/                 the embedded store (docs/data-model.md); with storage.engine = "mongodb" there is none

#include <memory>
#include <string>

#include "adapters/crypto/key_ring.hpp"
#include "app/directory_lock.hpp"
#include "app/settings.hpp"
#include "chat/ports/store.hpp"

namespace adapters::mongodb {
class MongoStore;
}

namespace app {

struct DataDirectory {
  DirectoryLock lock;  // the last one to go
  std::unique_ptr<chat::Store> store;
  adapters::mongodb::MongoStore* mongodb = nullptr;  // the same store, when it is one that several nodes share
  std::unique_ptr<adapters::crypto::KeyRing> keys;
};

/// Opens it, or makes it (mode 0700). The error is one line that tells an operator what to do. A directory in use is
/// left as it is, and none is made for settings with which there can be no store. `clock` must outlive the result.
base::Result<DataDirectory, std::string> open_data_directory(const Settings& settings, const base::Clock& clock);

}  // namespace app
