#pragma once
// Database: RocksDB with our settings, our error words and our way to fail. The rest of this room sees keys and rows.
// Thread-safe but for write(), which is for one thread at a time.

#include <rocksdb/db.h>
#include <rocksdb/iterator.h>
#include <rocksdb/write_batch.h>

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/rocksdb/compaction_room.hpp"
#include "adapters/rocksdb/options.hpp"
#include "base/result.hpp"
#include "chat/ports/store_error.hpp"

namespace adapters::rocksdb {

inline ::rocksdb::Slice slice(std::string_view view) {
  return {view.data(), view.size()};
}
inline std::string_view view(const ::rocksdb::Slice& slice) {
  return {slice.data(), slice.size()};
}

/// kCorrupt for damage, kUnavailable for all else.
chat::StoreError read_error(const ::rocksdb::Status& status);

class Database;

/// An iterator over [lower, upper), one instant of the store. Owns its bounds.
class Range {
 public:
  Range(const Database& database, ::rocksdb::DB& db, std::string lower, std::string upper);
  Range(const Range&) = delete;
  Range& operator=(const Range&) = delete;

  [[nodiscard]] bool valid() const { return iterator_->Valid(); }
  [[nodiscard]] std::string_view key() const { return view(iterator_->key()); }
  [[nodiscard]] std::string_view row() const { return view(iterator_->value()); }
  void to_first() { iterator_->SeekToFirst(); }
  void to_last() { iterator_->SeekToLast(); }
  /// First key >= `key`.
  void seek(std::string_view key) { iterator_->Seek(slice(key)); }
  /// Last key <= `key`.
  void seek_back(std::string_view key) { iterator_->SeekForPrev(slice(key)); }
  // Only while valid().
  void next() { iterator_->Next(); }
  void previous() { iterator_->Prev(); }
  /// Set when the walk ended by an error and not by the bound. Damage is counted at each call.
  [[nodiscard]] std::optional<chat::StoreError> error() const;

 private:
  const Database& database_;
  std::string lower_;
  std::string upper_;
  ::rocksdb::Slice lower_slice_;
  ::rocksdb::Slice upper_slice_;
  std::unique_ptr<::rocksdb::Iterator> iterator_;
};

class Database {
 public:
  /// Opens or creates; checks the format. Whoever goes on with it calls append_epoch().
  static base::Result<std::unique_ptr<Database>, OpenError> open(const std::string& path, const Options& options);
  /// What the directory holds at this moment, also while another process writes it. Changes nothing, not even the list
  /// of epochs; write() is not for it.
  static base::Result<std::unique_ptr<Database>, OpenError> open_read_only(const std::string& path,
                                                                           const Options& options);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// The row of `key` as a T, read by `decode(key, row, T&) -> bool`; nullopt: no such row.
  template <class T, class Decode>
  [[nodiscard]] base::Result<std::optional<T>, chat::StoreError> find(std::string_view key, Decode&& decode) const {
    ::rocksdb::PinnableSlice row;
    const auto status = db_->Get(::rocksdb::ReadOptions(), db_->DefaultColumnFamily(), slice(key), &row);
    if (status.IsNotFound()) return std::optional<T>();
    if (!status.ok()) {
      if (status.IsCorruption()) note_damage(key);  // of the block around the row
      return base::fail(read_error(status));
    }
    std::optional<T> found(std::in_place);
    if (decode(key, view(row), *found)) return found;
    note_damage(key);
    return base::fail(chat::StoreError::kCorrupt);
  }
  [[nodiscard]] Range range(std::string lower, std::string upper) const {
    return {*this, *db_, std::move(lower), std::move(upper)};
  }
  /// All keys that begin with `prefix`.
  [[nodiscard]] Range prefix(std::string_view prefix) const;
  /// Returns when written (and, with `sync`, on stable storage). A failure ends the process (I12).
  void write(::rocksdb::WriteBatch& batch, bool sync);
  /// Synced. Before anybody else uses this object.
  void append_epoch();
  /// What new rows may take of the disk: what is free, less what memory will flush while its log still exists. Tells
  /// compactions what is free. Any thread.
  [[nodiscard]] SpaceReading space() const;
  [[nodiscard]] bool writable() const { return access_ == Access::kReadWrite; }
  [[nodiscard]] const std::vector<std::string>& epochs() const { return epochs_; }
  /// A row that does not decode, or cannot be read because of what surrounds it: counted, and named in the log by its
  /// table only.
  void note_damage(std::string_view key) const;
  [[nodiscard]] std::uint64_t damaged_rows() const { return damaged_rows_.load(std::memory_order_relaxed); }

 private:
  enum class Access : std::uint8_t { kReadOnly, kReadWrite };

  Database(std::unique_ptr<::rocksdb::DB> db, Access access, SpaceProbe disk, std::unique_ptr<CompactionRoom> room)
      : disk_(std::move(disk)), room_(std::move(room)), db_(std::move(db)), access_(access) {}
  [[nodiscard]] bool is_clogged() const;
  std::optional<OpenError> check_format(const std::string& path);
  std::optional<OpenError> read_epochs();

  SpaceProbe disk_;
  std::unique_ptr<CompactionRoom> room_;  // nullptr: read only
  std::uint64_t table_bytes_ = 0;
  std::unique_ptr<::rocksdb::DB> db_;
  Access access_;
  std::vector<std::string> epochs_;
  mutable std::atomic<std::uint64_t> damaged_rows_{0};
};

}  // namespace adapters::rocksdb
