#pragma once
// CompactionRoom: a compaction writes its result before it deletes what it read, so on a disk that is nearly full it
// would take the last bytes from the log, and a failed append to the log ends the process (I12). Compactions therefore
// begin only where they leave some; those that do not fit wait for space, and RocksDB asks again by itself.

#include <rocksdb/sst_file_manager.h>

#include <atomic>
#include <cstdint>
#include <memory>

namespace adapters::rocksdb {

/// Any thread.
class CompactionRoom {
 public:
  /// For a database in `env` (nullptr: the operating system); a compaction leaves `leave_bytes` of the disk. While the
  /// database is being opened and its tables are still counted, only the smallest begin.
  CompactionRoom(::rocksdb::Env* env, std::uint64_t leave_bytes, std::uint64_t free_bytes);

  /// Once the database is open.
  void set_free(std::uint64_t free_bytes) { set_free(free_bytes, files_->GetTotalSize()); }
  /// A compaction of tables of so many bytes may begin.
  [[nodiscard]] bool fits(std::uint64_t bytes) const {
    return bytes + leave_bytes_ <= free_bytes_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] const std::shared_ptr<::rocksdb::SstFileManager>& files() const { return files_; }

 private:
  void set_free(std::uint64_t free_bytes, std::uint64_t table_bytes);

  std::shared_ptr<::rocksdb::SstFileManager> files_;
  const std::uint64_t leave_bytes_;
  std::atomic<std::uint64_t> free_bytes_{0};
};

}  // namespace adapters::rocksdb
