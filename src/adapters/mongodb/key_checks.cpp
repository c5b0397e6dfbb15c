// The KeyCheckStore part of MongoStore: one document, which is what makes a change of the list atomic.
//
//   meta   _id:"keyChecks" count checks:[{key check:binary}]
//
// The first one of several nodes that start at once inserts it; the others find that it is there. Later ones append
// only if `count` is still what they have read.

#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

constexpr const char* kChecks = "keyChecks";

struct CheckList {
  std::vector<chat::KeyCheck> checks;
};

bool decode(const bson_t* document, CheckList& out) {
  Fields fields(document);
  fields.each("checks", [&](const bson_t* element) {
    Fields check(element);
    auto& to = out.checks.emplace_back();
    check.get("key", to.key);
    to.check = check.binary("check");
    if (!check.ok() || to.check.empty()) fields.damage();
  });
  return fields.ok() && !out.checks.empty();
}

std::vector<Document> encode(const std::vector<chat::KeyCheck>& checks) {
  std::vector<Document> documents;
  for (const auto& check : checks) {
    documents.emplace_back();
    documents.back().add("key", check.key).add("check", Binary{check.check});
  }
  return documents;
}

/// Appends where the list has `known` elements; `found`: whether it had.
Done append(Connection& connection, std::size_t known, const std::vector<chat::KeyCheck>& fresh, bool& found) {
  const auto count = static_cast<std::uint64_t>(known);
  Document each;
  each.add_array("$each", encode(fresh));
  Document change;
  change.add("$push", Document().add("checks", each))
      .add("$set", Document().add("count", count + static_cast<std::uint64_t>(fresh.size())));
  std::vector<Document> updates(1);
  updates[0].add("q", Document().add("_id", kChecks).add("count", count)).add("u", change);
  Document command;
  command.add("update", kMeta).add_array("updates", updates);
  command.add("writeConcern", Document().add("w", "majority").add("j", true));
  Document reply;
  if (auto failed = connection.run(command, &reply)) return failed;
  std::uint32_t changed = 0;
  Fields(reply.bson()).get("n", changed);
  found = changed == 1;
  return std::nullopt;
}

}  // namespace

chat::Read<std::vector<chat::KeyCheck>> MongoStore::key_checks() const {
  auto list = reader_->find_one<CheckList>(kMeta, Document().add("_id", kChecks));
  if (!list) return base::fail(list.error());
  if (!*list) return std::vector<chat::KeyCheck>();
  return std::move((*list)->checks);
}

base::Result<bool, chat::StoreError> MongoStore::add_key_checks(std::size_t known,
                                                                const std::vector<chat::KeyCheck>& fresh) {
  if (options_.read_only) return base::fail(chat::StoreError::kUnavailable);
  bool added = false;
  const auto done = reader_->with_connection([&](Connection& connection) -> Done {
    Done failed;
    if (known > 0) {
      failed = append(connection, known, fresh, added);
    } else {
      Document list;
      list.add("_id", kChecks)
          .add("count", static_cast<std::uint64_t>(fresh.size()))
          .add_array("checks", encode(fresh));
      failed = connection.insert(kMeta, list);
      added = !failed;
      if (failed && failed->kind == Failure::kConflict) failed.reset();
    }
    connection.remember_time();  // where others were first, the next look waits for a majority to know of it
    return failed;
  });
  if (!done) return base::fail(done.error());
  return added;
}

chat::Read<std::optional<chat::WrappedKey>> MongoStore::newest_key() const {
  Document options;
  options.add("sort", Document().add("_id", -1));
  return reader_->find_one<chat::WrappedKey>(kKeys, Document(), options);
}

}  // namespace adapters::mongodb
