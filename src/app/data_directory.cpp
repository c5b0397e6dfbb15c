#include "app/data_directory.hpp"

#include <filesystem>
#include <system_error>

namespace app {

base::Result<DataDirectory, std::string> open_data_directory(const Settings& settings, const base::Clock& clock) {
  const std::filesystem::path directory(settings.storage.path);
  std::error_code error;
  const bool fresh = std::filesystem::create_directories(directory, error);
  if (error) return base::fail("data directory " + directory.string() + ": " + error.message());
  if (fresh) std::filesystem::permissions(directory, std::filesystem::perms::owner_all, error);

  // An existing store whose keys are missing must not get new ones: they could not read what the lost ones sealed.
  const auto store_path = directory / "store";
  const bool existing = std::filesystem::exists(store_path / "CURRENT", error);
  adapters::rocksdb::Options options;
  options.cache_bytes = static_cast<std::size_t>(settings.storage.block_cache_bytes);
  options.memtable_bytes = static_cast<std::size_t>(settings.storage.write_buffer_bytes);
  if (settings.storage.min_free >= 0) options.min_free_bytes = static_cast<std::uint64_t>(settings.storage.min_free);
  auto store = adapters::rocksdb::RocksDbStore::open(store_path.string(), options);  // takes the lock of the directory
  if (!store) return base::fail(store.error().message);
  auto keys = adapters::crypto::KeyRing::open(
      {.directory = directory.string(), .master = std::nullopt, .create = !existing}, clock);
  if (!keys) return base::fail(keys.error().message);
  return DataDirectory{std::move(*store), std::move(*keys)};
}

}  // namespace app
