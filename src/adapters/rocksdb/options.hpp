#pragma once
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "adapters/rocksdb/space_guard.hpp"
#include "chat/ports/key_checks.hpp"

namespace rocksdb {
class Env;
}

namespace adapters::rocksdb {

struct Options {
  /// Blocks, indices and filters of the files; what does not fit is read from the page cache or the disk.
  std::size_t cache_bytes = 64 * 1024 * 1024;
  /// What a restart after a crash replays is at most about this much of log (P8), and what a flush writes.
  std::size_t memtable_bytes = 24 * 1024 * 1024;
  /// Free space below which new content is refused; nullopt: min(5 % of the file system, 512 MiB).
  std::optional<std::uint64_t> min_free_bytes;
  /// May the store be opened with the keys at hand? Empty: whoever opens it seals nothing. Not asked for reading only.
  chat::KeyAdmission admit;

  // For tests.
  /// Called at the named points of commit(): "store.before_write", "store.after_write_before_return".
  std::function<void(std::string_view point)> at_point;
  SpaceProbe space_probe;         // empty: statvfs of the directory
  ::rocksdb::Env* env = nullptr;  // borrowed; nullptr: the operating system
};

/// Why a store does not open. `message` tells an operator what to do.
struct OpenError {
  enum Cause : std::uint8_t {
    kInUse,        // another process, or another store of this one, has the directory
    kWrongFormat,  // made by another version, or not a store of ours
    kCorrupt,      // damaged beyond what recovery may repair
    kUnavailable,  // the directory cannot be made, read or written
    kNotAdmitted,  // Options::admit
  };
  Cause cause = kUnavailable;
  std::string message;
};

}  // namespace adapters::rocksdb
