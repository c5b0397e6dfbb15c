#include "adapters/rocksdb/staged_rows.hpp"

#include <algorithm>

namespace adapters::rocksdb {

namespace {

std::uint64_t prefix_of(std::string_view key) {
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    prefix = (prefix << 8) | (i < key.size() ? static_cast<unsigned char>(key[i]) : 0u);
  }
  return prefix;
}

}  // namespace

void StagedRows::clear() {
  bytes_.clear();
  operations_.clear();
}

void StagedRows::add(std::string_view key, std::string_view row, bool removes) {
  operations_.push_back({.prefix = prefix_of(key),
                         .order = static_cast<std::uint32_t>(operations_.size()),
                         .key_size = static_cast<std::uint32_t>(key.size()),
                         .offset = bytes_.size(),
                         .row_size = static_cast<std::uint32_t>(row.size()),
                         .removes = removes});
  bytes_ += key;
  bytes_ += row;
}

void StagedRows::write_to(::rocksdb::WriteBatch& batch) {
  std::sort(operations_.begin(), operations_.end(), [this](const Operation& a, const Operation& b) {
    if (a.prefix != b.prefix) return a.prefix < b.prefix;
    const int order = key_of(a).compare(key_of(b));
    return order != 0 ? order < 0 : a.order < b.order;
  });
  for (std::size_t i = 0; i < operations_.size(); ++i) {
    const Operation& operation = operations_[i];
    const std::string_view key = key_of(operation);
    if (i + 1 < operations_.size() && key_of(operations_[i + 1]) == key) continue;  // a later one decides
    const ::rocksdb::Slice slice(key.data(), key.size());
    if (operation.removes) {
      batch.Delete(slice);
    } else {
      batch.Put(slice, {key.data() + key.size(), operation.row_size});
    }
  }
}

}  // namespace adapters::rocksdb
