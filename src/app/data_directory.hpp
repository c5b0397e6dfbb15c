#pragma once
// The data directory: secrets and store, opened together.
//
//   DIR/master.key, DIR/keys   secrets (adapters/crypto/key_ring.hpp); keep them off the backups of the store
//   DIR/store/                 the embedded store (docs/data-model.md)

#include <memory>
#include <string>

#include "adapters/crypto/key_ring.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "app/settings.hpp"

namespace app {

struct DataDirectory {
  std::unique_ptr<adapters::rocksdb::RocksDbStore> store;
  std::unique_ptr<adapters::crypto::KeyRing> keys;
};

/// Opens it, or makes it (mode 0700). The error is one line that tells an operator what to do. A directory in use is
/// left as it is. `clock` must outlive the result.
base::Result<DataDirectory, std::string> open_data_directory(const Settings& settings, const base::Clock& clock);

}  // namespace app
