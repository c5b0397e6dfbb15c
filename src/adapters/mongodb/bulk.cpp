#include "adapters/mongodb/bulk.hpp"

#include <utility>

#include "base/check.hpp"

namespace adapters::mongodb {

namespace {

/// The driver refuses only malformed documents, and ours are not.
void staged(bool done) {
  CHECK(done);
}

const Document& upsert() {
  static const Document options = [] {
    Document made;
    made.add("upsert", true);
    return made;
  }();
  return options;
}

}  // namespace

Bulk::Bulk(Connection& connection, const char* collection, Order order)
    : name_(collection), collection_(connection.open_collection(collection)) {
  Document options;
  if (order == Order::kAny) options.add("ordered", false);
  connection.join_session(options);
  bulk_ = mongoc_collection_create_bulk_operation_with_opts(collection_, options.bson());
}

Bulk::Bulk(Bulk&& other) noexcept
    : name_(other.name_),
      collection_(std::exchange(other.collection_, nullptr)),
      bulk_(std::exchange(other.bulk_, nullptr)) {}

Bulk::~Bulk() {
  if (bulk_ != nullptr) mongoc_bulk_operation_destroy(bulk_);
  if (collection_ != nullptr) mongoc_collection_destroy(collection_);
}

void Bulk::insert(const Document& row) {
  bson_error_t error;
  staged(mongoc_bulk_operation_insert_with_opts(bulk_, row.bson(), nullptr, &error));
}
void Bulk::put(const Document& key, const Document& row) {
  bson_error_t error;
  staged(mongoc_bulk_operation_replace_one_with_opts(bulk_, key.bson(), row.bson(), upsert().bson(), &error));
}
void Bulk::update(const Document& filter, const Document& change, bool insert_if_absent) {
  bson_error_t error;
  const bson_t* const options = insert_if_absent ? upsert().bson() : nullptr;
  staged(mongoc_bulk_operation_update_one_with_opts(bulk_, filter.bson(), change.bson(), options, &error));
}
void Bulk::update_many(const Document& filter, const Document& change) {
  bson_error_t error;
  staged(mongoc_bulk_operation_update_many_with_opts(bulk_, filter.bson(), change.bson(), nullptr, &error));
}
void Bulk::remove(const Document& filter) {
  bson_error_t error;
  staged(mongoc_bulk_operation_remove_one_with_opts(bulk_, filter.bson(), nullptr, &error));
}
void Bulk::remove_many(const Document& filter) {
  bson_error_t error;
  staged(mongoc_bulk_operation_remove_many_with_opts(bulk_, filter.bson(), nullptr, &error));
}

Done Bulk::run(std::uint64_t* matched) {
  bson_t reply;
  bson_error_t error;
  const bool done = mongoc_bulk_operation_execute(bulk_, &reply, &error) != 0;
  Done failure;
  if (!done) failure = failure_of(error, &reply);
  if (matched != nullptr) Fields(&reply).get("nMatched", *matched);
  bson_destroy(&reply);
  return failure;
}

Bulk& BulkWrites::on(const char* collection) {
  for (auto& bulk : bulks_) {
    if (bulk.is_on(collection)) return bulk;
  }
  return bulks_.emplace_back(connection_, collection);
}

Done BulkWrites::run() {
  for (auto& bulk : bulks_) {
    if (auto failed = bulk.run()) return failed;
  }
  bulks_.clear();
  return std::nullopt;
}

}  // namespace adapters::mongodb
