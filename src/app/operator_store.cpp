#include "app/operator_store.hpp"

#include <filesystem>

#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"

namespace app {
namespace {

using OpenedStore = base::Result<std::unique_ptr<chat::Store>, std::string>;

std::string rocksdb_path(const Settings& settings) {
  return (std::filesystem::path(settings.storage.path) / "store").string();
}

}  // namespace

bool is_mongodb(const Settings& settings) {
  return settings.storage.engine == "mongodb";
}

base::Result<adapters::mongodb::Options, std::string> mongodb_options(const Settings& settings) {
  if (settings.storage.mongodb_uri.empty()) {
    return base::fail(std::string("storage.engine is mongodb, so storage.mongodb_uri has to say where it is"));
  }
  adapters::mongodb::Options options;
  options.uri = settings.storage.mongodb_uri;
  return options;
}

std::optional<std::string> refuse_storage(const Settings& settings) {
  if (!is_mongodb(settings)) return std::nullopt;
  const auto options = mongodb_options(settings);
  if (!options) return options.error();
  const auto refused = adapters::mongodb::refuse_uri(*options);
  return refused ? std::optional(refused->message) : std::nullopt;
}

OpenedStore open_store_read_only(const Settings& settings) {
  if (!is_mongodb(settings)) {
    auto store = adapters::rocksdb::RocksDbStore::open_read_only(rocksdb_path(settings));
    if (!store) return base::fail(store.error().message);
    return std::unique_ptr<chat::Store>(std::move(*store));
  }
  auto options = mongodb_options(settings);
  if (!options) return base::fail(options.error());
  auto store = adapters::mongodb::MongoStore::open_read_only(std::move(*options));
  if (!store) return base::fail(store.error().message);
  return std::unique_ptr<chat::Store>(std::move(*store));
}

std::string store_in_words(const Settings& settings) {
  return is_mongodb(settings) ? "the database of storage.mongodb_uri" : "the store in " + rocksdb_path(settings);
}

}  // namespace app
