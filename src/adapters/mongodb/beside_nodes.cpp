// What an operator does with a store beside the nodes that have it open, or while none has.

#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/mongodb/node_registry.hpp"
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

/// Nodes would go on with the old epoch, and with what they remember of the time before a restore.
std::optional<OpenError> refuse_running_nodes(Connection& connection, std::chrono::milliseconds lease) {
  std::string node;
  auto running = lease_compared("$gt", lease);
  running.add("buriedBy", Document().add("$exists", false));  // else it is the lease of whoever settles its affairs
  const auto failed = connection.find(kNodes, running, Document(), [&](const bson_t* row) {
    Fields(row).get("_id", node);
    return false;
  });
  if (failed) return OpenError{OpenError::kUnavailable, "MongoDB does not answer as it should: " + failed->message};
  if (node.empty()) return std::nullopt;
  return OpenError{OpenError::kUnavailable, "node " + node + " has the database open; stop all nodes first (one that " +
                                                "was killed counts for some seconds)"};
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

std::optional<OpenError> refuse_uri(const Options& options) {
  const auto pool = Pool::create(options);
  return pool ? std::nullopt : std::optional(pool.error());
}

base::Result<std::string, OpenError> MongoStore::start_epoch(const Options& options) {
  auto pool = Pool::create(options);
  if (!pool) return base::fail(pool.error());
  auto connection = connect(**pool);
  if (!connection) return base::fail(connection.error());
  if (auto error = refuse_running_nodes(*connection, options.node_lease)) return base::fail(std::move(*error));
  auto epochs = open_epochs(*connection, true);
  if (!epochs) return base::fail(epochs.error());
  return std::move(epochs->back());
}

}  // namespace adapters::mongodb
