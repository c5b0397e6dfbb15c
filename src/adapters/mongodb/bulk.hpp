#pragma once
// Writes of one transaction, gathered per collection: one command a collection and kind, whatever the number of rows.
// Inside of this room.

#include <vector>

#include "adapters/mongodb/connection.hpp"

namespace adapters::mongodb {

/// The writes to one collection, in order.
class Bulk {
 public:
  /// kAny: rows that do not depend on each other; one that fails does not keep the others from being written.
  enum class Order : std::uint8_t { kAsAdded, kAny };
  Bulk(Connection& connection, const char* collection, Order order = Order::kAsAdded);
  Bulk(Bulk&& other) noexcept;
  Bulk& operator=(Bulk&&) = delete;
  ~Bulk();

  [[nodiscard]] bool is_on(const char* collection) const { return name_ == collection; }
  void insert(const Document& row);
  /// Replaces the row of this key, or inserts it.
  void put(const Document& key, const Document& row);
  void update(const Document& filter, const Document& change, bool insert_if_absent = false);
  void update_many(const Document& filter, const Document& change);
  void remove(const Document& filter);
  void remove_many(const Document& filter);
  /// `matched`: rows that were there for the replacements and updates, whether they changed or not.
  Done run(std::uint64_t* matched = nullptr);

 private:
  const char* name_;
  mongoc_collection_t* collection_;
  mongoc_bulk_operation_t* bulk_;
};

/// Several of them; run() sends what was gathered, collection after collection in the order of their first use.
class BulkWrites {
 public:
  explicit BulkWrites(Connection& connection) : connection_(connection) {}
  Bulk& on(const char* collection);
  Done run();

 private:
  Connection& connection_;
  std::vector<Bulk> bulks_;
};

}  // namespace adapters::mongodb
