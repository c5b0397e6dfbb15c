#pragma once
// What the commit lane needs of a store: atomic, durable batches and the list of epochs.

#include <string>
#include <vector>

#include "base/result.hpp"
#include "chat/ports/batch_digest.hpp"
#include "chat/ports/commit_batch.hpp"
#include "chat/ports/store_error.hpp"

namespace chat {

enum class Durability : std::uint8_t { kSynced, kBuffered };

/// What other nodes have committed, in the order of their commits.
struct ForeignCommits {
  std::vector<BatchDigest> batches;
  /// More was missed than the log keeps: nothing cached can be trusted, and no session either.
  bool lost = false;
};

class CommitLog {
 public:
  virtual ~CommitLog() = default;

  // A store that several nodes share orders their batches: one node's turn at a time, and a turn begins with what the
  // others have done, so that each lane decides as if it were alone. The lane's thread only. Where nobody else writes
  // there is nothing to do (LoneStore); none has a default, which a store around another would inherit unnoticed.

  /// Several nodes may write. Constant.
  [[nodiscard]] virtual bool shared() const = 0;
  /// Waits for the turn; until commit() or end_turn() nobody else commits. kUnavailable: no turn.
  [[nodiscard]] virtual base::Result<ForeignCommits, StoreError> begin_turn() = 0;
  /// There was nothing to commit.
  virtual void end_turn() = 0;
  /// What begin_turn() would tell, without a turn.
  [[nodiscard]] virtual base::Result<ForeignCommits, StoreError> foreign_commits() = 0;

  /// All rows or none, visible to every read that starts after it returns. kSynced: on stable storage before it returns
  /// ok; a failed sync never returns (it ends the process, I12). Called by one thread at a time. Ends the turn; without
  /// one it takes one, and answers kConflict when others have committed since the last. A shared store also answers
  /// kConflict when a message's (sender, recipient, client id) is there already: the lane does not ask for every one.
  [[nodiscard]] virtual base::Result<void, StoreError> commit(const CommitBatch& batch, Durability durability) = 0;

  /// Directly after commit() has answered kUnknown, what became of that batch: true, it was written; false, it was not
  /// and never will be. Either is durable. kUnavailable: still nobody knows; if it was written, a later turn tells of
  /// it as of another node's batch. Has a time of its own, some seconds longer than commit()'s; ends the turn.
  [[nodiscard]] virtual base::Result<bool, StoreError> find_outcome() = 0;

  /// Random ids (32 hex digits), oldest first; the store appended the last one when it was opened. EpochNumber n is
  /// element n - 1. Any thread.
  [[nodiscard]] virtual std::vector<std::string> epochs() const = 0;

  /// False below the guarded free space (storage.min_free): new content is refused with `storage_full` before it is
  /// numbered. Cheap (cached for about a second). Any thread.
  [[nodiscard]] virtual bool has_room() const = 0;
};

}  // namespace chat
