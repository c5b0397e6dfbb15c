#include "app/data_directory.hpp"

#include <filesystem>
#include <system_error>

#include "adapters/crypto/key_admission.hpp"
#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "app/operator_store.hpp"

namespace app {

namespace {

using Opened = base::Result<void, std::string>;

Opened open_rocksdb(const Settings& settings, chat::KeyAdmission admit, DataDirectory& to) {
  adapters::rocksdb::Options options;
  options.cache_bytes = static_cast<std::size_t>(settings.storage.block_cache_bytes);
  options.memtable_bytes = static_cast<std::size_t>(settings.storage.write_buffer_bytes);
  if (settings.storage.min_free >= 0) options.min_free_bytes = static_cast<std::uint64_t>(settings.storage.min_free);
  options.admit = std::move(admit);
  auto store = adapters::rocksdb::RocksDbStore::open(std::filesystem::path(settings.storage.path) / "store", options);
  if (!store) return base::fail(store.error().message);
  to.store = std::move(*store);
  return {};
}

Opened open_mongodb(const Settings& settings, chat::KeyAdmission admit, DataDirectory& to) {
  auto options = mongodb_options(settings);
  if (!options) return base::fail(options.error());
  // What a majority has journaled does not roll back when a node starts: epochs are the operator's there (ADR 0009).
  options->append_epoch = false;
  options->admit = std::move(admit);
  auto store = adapters::mongodb::MongoStore::open(*options);
  if (!store) return base::fail(store.error().message);
  to.mongodb = store->get();
  to.store = std::move(*store);
  return {};
}

}  // namespace

base::Result<DataDirectory, std::string> open_data_directory(const Settings& settings, const base::Clock& clock) {
  if (auto why = refuse_storage(settings)) return base::fail(*why);
  const std::filesystem::path directory(settings.storage.path);
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(directory, error);
  if (error) return base::fail("data directory " + directory.string() + ": " + error.message());
  if (fresh) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);

  auto lock = DirectoryLock::take(directory.string());
  if (!lock) return base::fail(lock.error());
  DataDirectory data;
  data.lock = std::move(*lock);
  // An existing store whose keys are missing must not get new ones, and one whose keys are others must not be touched:
  // they could not read what the right ones sealed.
  const auto admit = [&](chat::KeyCheckStore& store, bool created) -> std::optional<std::string> {
    auto keys = adapters::crypto::KeyRing::open(
        {.directory = directory.string(), .master = std::nullopt, .create = created}, clock);
    if (!keys) return keys.error().message;
    data.keys = std::move(*keys);
    return adapters::crypto::refuse_ring(*data.keys, store, directory.string());
  };
  const auto opened = is_mongodb(settings) ? open_mongodb(settings, admit, data) : open_rocksdb(settings, admit, data);
  if (!opened) return base::fail(opened.error());
  return data;
}

}  // namespace app
