#pragma once
#include <rocksdb/options.h>

#include "adapters/rocksdb/options.hpp"

namespace adapters::rocksdb {

/// Tables that no compaction has taken yet, beyond which RocksDB slows writes down.
inline constexpr int kMostFreshTables = 40;
/// The bytes of the level below them, in tables.
inline constexpr int kTablesBelow = 4;

/// RocksDB's options for this store on a disk of `disk_bytes`, each with its reason in the body.
::rocksdb::Options settings(const Options& options, std::uint64_t disk_bytes);
/// The same for a reader beside another process that writes.
::rocksdb::Options read_only_settings(const Options& options);

}  // namespace adapters::rocksdb
