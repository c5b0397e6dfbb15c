#pragma once
// What the commit lane needs of a store: atomic, durable batches and the list of epochs.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "chat/ports/commit_batch.hpp"
#include "chat/ports/store_error.hpp"

namespace chat {

enum class Durability : std::uint8_t { kSynced, kBuffered };

class CommitLog {
 public:
  virtual ~CommitLog() = default;

  /// All rows or none, visible to every read that starts after it returns. kSynced: on stable storage before it returns
  /// ok; a failed sync never returns (it ends the process, I12). Called by one thread at a time.
  [[nodiscard]] virtual base::Result<void, StoreError> commit(const CommitBatch& batch, Durability durability) = 0;

  /// Random ids (32 hex digits), oldest first; the store appended the last one when it was opened. EpochNumber n is
  /// element n - 1. Any thread.
  [[nodiscard]] virtual std::vector<std::string> epochs() const = 0;

  /// False below the guarded free space (storage.min_free): new content is refused with `storage_full` before it is
  /// numbered. Cheap (cached for about a second). Any thread.
  [[nodiscard]] virtual bool has_room() const = 0;
};

}  // namespace chat
