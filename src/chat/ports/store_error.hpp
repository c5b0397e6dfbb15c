#pragma once
#include <cstdint>

namespace chat {

enum class StoreError : std::uint8_t {
  kCorrupt,      // a row that cannot be read; the caller names what is lost and goes on
  kUnavailable,  // nothing was read; trying again may help
  kFull,         // commit only: below the guarded free space; nothing was written
  kConflict,     // commit only: another node wrote first; nothing was written: forget what is cached and stage again
  kUnknown,      // commit only: written or not, nobody knows; ask CommitLog::find_outcome() (a cluster's time-out)
  kNoKey,        // of no store: a content that was read is sealed with a key that only other nodes have got
};

}  // namespace chat
