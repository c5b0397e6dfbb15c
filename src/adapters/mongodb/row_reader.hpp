#pragma once
// Reads of rows over the pool. Thread-safe. Inside of this room.

#include <atomic>

#include "adapters/mongodb/connection.hpp"
#include "adapters/mongodb/row_documents.hpp"
#include "chat/ports/mail_store.hpp"

namespace adapters::mongodb {

class RowReader {
 public:
  explicit RowReader(Pool& pool) : pool_(pool) {}

  /// Runs `fn(Connection&)` -> Done; what fails to read reads as kUnavailable.
  template <class Fn>
  base::Result<void, chat::StoreError> with_connection(Fn&& fn) const {
    auto connection = pool_.lease();
    if (!connection) {
      note_failure("no connection");
      return base::fail(chat::StoreError::kUnavailable);
    }
    if (const Done failed = fn(*connection)) {
      note_failure(failed->message);
      return base::fail(chat::StoreError::kUnavailable);
    }
    return {};
  }

  /// The first row, or none. A damaged one reads as kCorrupt.
  template <class Row>
  chat::Read<std::optional<Row>> find_one(const char* collection, const Document& filter,
                                          const Document& options = Document()) const {
    Document all;
    all.merge(options).add("limit", 1);
    auto rows = find_all<Row>(collection, filter, all);
    if (!rows) return base::fail(rows.error());
    if (rows->empty()) return std::optional<Row>();
    return std::optional<Row>(std::move(rows->front()));
  }

  /// All rows; one that is damaged makes the read kCorrupt.
  template <class Row>
  chat::Read<std::vector<Row>> find_all(const char* collection, const Document& filter,
                                        const Document& options = Document()) const {
    bool damaged = false;
    auto rows = gather<Row>(collection, filter, options, damaged);
    if (rows && damaged) return base::fail(chat::StoreError::kCorrupt);
    return rows;
  }

  /// All rows that can be read.
  template <class Row>
  chat::Read<std::vector<Row>> find_readable(const char* collection, const Document& filter,
                                             const Document& options = Document()) const {
    bool ignored = false;
    return gather<Row>(collection, filter, options, ignored);
  }

  void note_damage(std::string_view collection) const;
  void note_failure(std::string_view why) const;
  [[nodiscard]] std::uint64_t damaged_rows() const { return damaged_rows_; }
  [[nodiscard]] std::uint64_t failures() const { return failures_; }

 private:
  template <class Row>
  chat::Read<std::vector<Row>> gather(const char* collection, const Document& filter, const Document& options,
                                      bool& damaged) const {
    std::vector<Row> rows;
    const auto read = with_connection([&](Connection& connection) {
      return connection.find(collection, filter, options, [&](const bson_t* document) {
        Row row;
        if (decode(document, row)) {
          rows.push_back(std::move(row));
        } else {
          damaged = true;
          note_damage(collection);
        }
        return true;
      });
    });
    if (!read) return base::fail(read.error());
    return rows;
  }

  Pool& pool_;
  mutable std::atomic<std::uint64_t> damaged_rows_{0};
  mutable std::atomic<std::uint64_t> failures_{0};
};

}  // namespace adapters::mongodb
