// What an operator does with a store beside the nodes that have it open, or while none has.

#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

/// A connection to a database that is ours already.
base::Result<Connection, OpenError> connect(Pool& pool) {
  auto connection = pool.lease();
  if (!connection) return base::fail(OpenError{OpenError::kUnavailable, "no server of storage.mongodb_uri answers"});
  if (auto error = check_database(*connection)) return base::fail(std::move(*error));
  return std::move(*connection);
}

}  // namespace

base::Result<std::unique_ptr<MongoStore>, OpenError> MongoStore::open_read_only(Options options) {
  options.read_only = true;
  auto pool = Pool::create(options);
  if (!pool) return base::fail(pool.error());
  auto epochs = [&]() -> base::Result<std::vector<std::string>, OpenError> {
    auto connection = connect(**pool);
    if (!connection) return base::fail(connection.error());
    return existing_epochs(*connection);
  }();
  if (!epochs) return base::fail(epochs.error());
  return std::unique_ptr<MongoStore>(new MongoStore(options, std::move(*pool), std::move(*epochs)));
}

base::Result<std::string, OpenError> MongoStore::start_epoch(const Options& options) {
  auto pool = Pool::create(options);
  if (!pool) return base::fail(pool.error());
  auto connection = connect(**pool);
  if (!connection) return base::fail(connection.error());
  auto epochs = open_epochs(*connection, true);
  if (!epochs) return base::fail(epochs.error());
  return std::move(epochs->back());
}

}  // namespace adapters::mongodb
