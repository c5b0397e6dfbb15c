#include "app/data_directory.hpp"

#include <filesystem>
#include <system_error>

#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "app/operator_store.hpp"

namespace app {

namespace {

/// A store with the answer to whether anything can have been sealed in it.
struct Opened {
  std::unique_ptr<chat::Store> store;
  adapters::mongodb::MongoStore* mongodb = nullptr;
  bool existing = false;
};
using OpenResult = base::Result<Opened, std::string>;

OpenResult open_rocksdb(const Settings& settings, const std::filesystem::path& path) {
  Opened opened;
  std::error_code error;
  opened.existing = std::filesystem::exists(path / "CURRENT", error);
  adapters::rocksdb::Options options;
  options.cache_bytes = static_cast<std::size_t>(settings.storage.block_cache_bytes);
  options.memtable_bytes = static_cast<std::size_t>(settings.storage.write_buffer_bytes);
  if (settings.storage.min_free >= 0) options.min_free_bytes = static_cast<std::uint64_t>(settings.storage.min_free);
  auto store = adapters::rocksdb::RocksDbStore::open(path.string(), options);  // takes the lock of the directory
  if (!store) return base::fail(store.error().message);
  opened.store = std::move(*store);
  return opened;
}

OpenResult open_mongodb(const Settings& settings) {
  auto options = mongodb_options(settings);
  if (!options) return base::fail(options.error());
  // What a majority has journaled does not roll back when a node starts: epochs are the operator's there (ADR 0009).
  options->append_epoch = false;
  auto store = adapters::mongodb::MongoStore::open(*options);
  if (!store) return base::fail(store.error().message);
  Opened opened;
  opened.existing = !(*store)->created();
  opened.mongodb = store->get();
  opened.store = std::move(*store);
  return opened;
}

}  // namespace

base::Result<DataDirectory, std::string> open_data_directory(const Settings& settings, const base::Clock& clock) {
  const std::filesystem::path directory(settings.storage.path);
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(directory, error);
  if (error) return base::fail("data directory " + directory.string() + ": " + error.message());
  if (fresh) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);

  // An existing store whose keys are missing must not get new ones: they could not read what the lost ones sealed.
  auto opened =
      settings.storage.engine == "mongodb" ? open_mongodb(settings) : open_rocksdb(settings, directory / "store");
  if (!opened) return base::fail(opened.error());
  auto keys = adapters::crypto::KeyRing::open(
      {.directory = directory.string(), .master = std::nullopt, .create = !opened->existing}, clock);
  if (!keys) return base::fail(keys.error().message);
  return DataDirectory{std::move(opened->store), opened->mongodb, std::move(*keys)};
}

}  // namespace app
