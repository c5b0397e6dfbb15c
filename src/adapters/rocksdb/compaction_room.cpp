#include "adapters/rocksdb/compaction_room.hpp"

#include <rocksdb/env.h>

namespace adapters::rocksdb {

namespace {

// RocksDB knows one bound, of the bytes of all tables. It refuses compactions beyond it, which is what is wanted here,
// and lets a flush that has gone beyond it fail for good, which is not. So both the bound and what a compaction must
// leave are this much larger: flushes never reach it.
constexpr std::uint64_t kOutOfReach = 1ull << 50;
constexpr std::uint64_t kUnknown = 1ull << 60;  // a probe that failed says "plenty"

}  // namespace

CompactionRoom::CompactionRoom(::rocksdb::Env* env, std::uint64_t leave_bytes, std::uint64_t free_bytes)
    : files_(::rocksdb::NewSstFileManager(env != nullptr ? env : ::rocksdb::Env::Default())),
      leave_bytes_(leave_bytes) {
  files_->SetCompactionBufferSize(leave_bytes + kOutOfReach);
  set_free(free_bytes, 0);
}

void CompactionRoom::set_free(std::uint64_t free_bytes, std::uint64_t table_bytes) {
  free_bytes_.store(free_bytes, std::memory_order_relaxed);
  const bool known = free_bytes < kUnknown;
  files_->SetMaxAllowedSpaceUsage(known ? table_bytes + free_bytes + kOutOfReach : 0);  // 0: no bound
}

}  // namespace adapters::rocksdb
