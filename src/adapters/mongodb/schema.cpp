#include "adapters/mongodb/schema.hpp"

#include <array>

#include "base/hex.hpp"
#include "base/random.hpp"

namespace adapters::mongodb {

namespace {

constexpr std::string_view kFormat = "restante-mongodb 1";
constexpr std::size_t kEpochBytes = 16;  // 32 hex digits

struct Index {
  const char* collection;
  std::array<const char*, 4> fields;  // unused ones are null
  bool unique = false;
  const char* where_present = nullptr;  // only documents that have this field
};

// The order of a shard key comes first in every unique index, so that a sharded collection can keep it.
const Index kIndexes[] = {
    // The founding index: what is pending for somebody, oldest first.
    {.collection = kMessages, .fields = {"recipient", "status", "timestamp"}},
    {.collection = kMessages, .fields = {"conversation", "seq"}, .unique = true},
    {.collection = kMessages,
     .fields = {"conversation", "sender", "clientId"},
     .unique = true,
     .where_present = "clientId"},
    {.collection = kEntries, .fields = {"owner", "position"}, .unique = true},
    {.collection = kPositions, .fields = {"user", "device"}, .unique = true},
    {.collection = kWatermarks, .fields = {"author", "reader", "kind", "upTo"}, .unique = true},
    {.collection = kConversations, .fields = {"low"}},
    {.collection = kConversations, .fields = {"high"}},
    {.collection = kKeys, .fields = {"conversation"}},
    {.collection = kUsers, .fields = {"usernameKey"}, .unique = true, .where_present = "usernameKey"},
    {.collection = kUsers, .fields = {"emailKey"}, .unique = true, .where_present = "emailKey"},
    {.collection = kUsers, .fields = {"onlineNodes.node"}, .where_present = "onlineNodes.node"},
    {.collection = kUsers, .fields = {"onlineNode"}, .where_present = "onlineNode"},  // of an earlier version
    {.collection = kDevices, .fields = {"user", "device"}, .unique = true},
    {.collection = kLogins, .fields = {"user"}},
    {.collection = kRelations, .fields = {"low"}},
    {.collection = kRelations, .fields = {"high"}},
    {.collection = kPushJobs, .fields = {"user", "device"}, .unique = true},
    {.collection = kPushJobs, .fields = {"kind", "due"}},
    {.collection = kDeviceTraces, .fields = {"user", "device"}, .unique = true},
};

Document describe(const Index& index) {
  Document keys;
  std::string name;
  for (const char* const field : index.fields) {
    if (field == nullptr) break;
    keys.add(field, 1);
    // As every driver names them, so that an application that declares the founding index finds its own.
    name += (name.empty() ? "" : "_") + std::string(field) + "_1";
  }
  Document described;
  described.add("key", keys).add("name", name);
  if (index.unique) described.add("unique", true);
  if (index.where_present != nullptr) {
    described.add("partialFilterExpression", Document().add(index.where_present, Document().add("$exists", true)));
  }
  return described;
}

OpenError unavailable(const Failure& failure) {
  return {OpenError::kUnavailable, "MongoDB does not answer as it should: " + failure.message};
}

std::optional<OpenError> check_server(Connection& connection) {
  Document hello;
  if (auto failed = connection.run(Document().add("hello", 1), &hello)) return unavailable(*failed);
  Fields fields(hello.bson());
  if (fields.has("setName") || fields.text("msg") == "isdbgrid") return std::nullopt;
  return OpenError{OpenError::kWrongFormat,
                   "MongoDB has to run as a replica set (one member is enough): a stand-alone server has no "
                   "transactions; start it with --replSet and run rs.initiate()"};
}

/// `found` stays empty where there is no mark.
Done read_format(Connection& connection, std::string& found) {
  return connection.find(kMeta, Document().add("_id", "format"), Document(), [&](const bson_t* row) {
    Fields(row).get("value", found);
    return true;
  });
}

OpenError other_version(const std::string& format) {
  return {OpenError::kWrongFormat, "the database was made by another version of Restante (" + format + ")"};
}

std::optional<OpenError> ensure_format(Connection& connection) {
  std::string found;
  if (auto failed = read_format(connection, found)) return unavailable(*failed);
  if (found.empty()) {
    auto failed = connection.insert(kMeta, Document().add("_id", "format").add("value", kFormat));
    if (failed && failed->kind == Failure::kConflict) failed = read_format(connection, found);  // another that starts
    if (failed) return unavailable(*failed);
    return std::nullopt;
  }
  if (found == kFormat) return std::nullopt;
  return other_version(found);
}

Document majority() {
  Document concern;
  concern.add("w", "majority");
  return concern;
}

/// It has no index that would make it. Left to the first transaction, as everything that transactions write, it would
/// be made by all nodes of a new cluster at once, and they would fail each other's first commits.
std::optional<OpenError> create_log(Connection& connection) {
  constexpr int kNamespaceExists = 48;
  const auto failed = connection.run(Document().add("create", kCommits).add("writeConcern", majority()));
  if (failed && failed->code != kNamespaceExists) return unavailable(*failed);
  return std::nullopt;
}

std::optional<OpenError> create_indexes(Connection& connection) {
  std::vector<Document> group;
  const auto count = std::size(kIndexes);
  for (std::size_t i = 0; i < count; ++i) {
    group.push_back(describe(kIndexes[i]));
    if (i + 1 < count && std::string_view(kIndexes[i + 1].collection) == kIndexes[i].collection) continue;
    Document command;
    command.add("createIndexes", kIndexes[i].collection).add_array("indexes", group).add("writeConcern", majority());
    if (auto failed = connection.run(command)) return unavailable(*failed);
    group.clear();
  }
  return std::nullopt;
}

/// The list in order of number; a number that is missing or damaged reads as "unreadable", so that the others keep
/// theirs.
Done read_epochs(Connection& connection, std::vector<std::string>& epochs) {
  epochs.clear();
  constexpr std::uint64_t kMostEpochs = 1'000'000;  // a damaged number must not fill the memory
  return connection.find(kEpochs, Document(), Document().add("sort", Document().add("_id", 1)), [&](const bson_t* row) {
    std::uint64_t number = 0;
    std::string epoch;
    Fields fields(row);
    fields.get("_id", number).get("epoch", epoch);
    if (number == 0 || number > kMostEpochs) return true;
    epochs.resize(number, "unreadable");
    if (fields.ok()) epochs.back() = epoch;
    return true;
  });
}

}  // namespace

std::optional<OpenError> prepare_database(Connection& connection) {
  if (auto error = check_server(connection)) return error;
  if (auto error = ensure_format(connection)) return error;
  if (auto error = create_log(connection)) return error;
  return create_indexes(connection);
}

std::optional<OpenError> check_database(Connection& connection) {
  if (auto error = check_server(connection)) return error;
  std::string found;
  if (auto failed = read_format(connection, found)) return unavailable(*failed);
  if (found == kFormat) return std::nullopt;
  if (!found.empty()) return other_version(found);
  return OpenError{OpenError::kWrongFormat, "there is no store of Restante in the database of storage.mongodb_uri"};
}

base::Result<std::vector<std::string>, OpenError> existing_epochs(Connection& connection) {
  std::vector<std::string> epochs;
  if (auto failed = read_epochs(connection, epochs)) return base::fail(unavailable(*failed));
  return epochs;
}

base::Result<std::vector<std::string>, OpenError> open_epochs(Connection& connection, bool append) {
  constexpr int kTries = 20;  // nodes that start at the same moment take numbers from each other
  std::vector<std::string> epochs;
  base::SecureRandom random;
  for (int attempt = 0; attempt < kTries; ++attempt) {
    if (auto failed = read_epochs(connection, epochs)) return base::fail(unavailable(*failed));
    if (!append && !epochs.empty()) return epochs;
    const auto epoch = base::to_hex(random.bytes(kEpochBytes));
    Document row;
    row.add("_id", static_cast<std::uint64_t>(epochs.size() + 1)).add("epoch", epoch);
    const auto failed = connection.insert(kEpochs, row);
    if (!failed) {
      epochs.push_back(epoch);
      return epochs;
    }
    if (failed->kind != Failure::kConflict) return base::fail(unavailable(*failed));
  }
  return base::fail(OpenError{OpenError::kUnavailable, "too many nodes open the database at the same moment"});
}

}  // namespace adapters::mongodb
