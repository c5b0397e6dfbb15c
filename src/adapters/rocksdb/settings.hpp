#pragma once
#include <rocksdb/options.h>

#include "adapters/rocksdb/options.hpp"

namespace adapters::rocksdb {

/// RocksDB's options for this store, each with its reason in the body.
::rocksdb::Options settings(const Options& options);

}  // namespace adapters::rocksdb
