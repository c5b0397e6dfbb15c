#pragma once
// StagedRows: the puts and deletes of one batch, written out in key order with one operation a key.
//
// Problem: RocksDB's memtable is a skip list. Rows of one message belong to five tables far apart, so that each insert
// searches from the top through cold memory: most of the cost of a commit. Answer: sort first; then neighbours follow
// each other, the list goes on from where it was, and what a batch writes twice (positions, floors) is written once.

#include <rocksdb/write_batch.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace adapters::rocksdb {

/// Its memory is reused from batch to batch. One thread.
class StagedRows {
 public:
  void clear();
  void put(std::string_view key, std::string_view row) { add(key, row, false); }
  void remove(std::string_view key) { add(key, {}, true); }
  /// Appends the operations; of several for one key only the last.
  void write_to(::rocksdb::WriteBatch& batch);

 private:
  struct Operation {
    std::uint64_t prefix;  // first eight bytes of the key, big-endian: decides most comparisons
    std::uint32_t order;   // of arrival
    std::uint32_t key_size;
    std::size_t offset;  // of the key in bytes_; the row follows
    std::uint32_t row_size;
    bool removes;
  };

  void add(std::string_view key, std::string_view row, bool removes);
  [[nodiscard]] std::string_view key_of(const Operation& operation) const {
    return std::string_view(bytes_).substr(operation.offset, operation.key_size);
  }

  std::string bytes_;
  std::vector<Operation> operations_;
};

}  // namespace adapters::rocksdb
