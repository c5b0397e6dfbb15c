#pragma once
// The order of all nodes' batches, and whose turn it is. Each batch is one transaction whose first write inserts the
// next number into the commit log: of two nodes that try, one meets the other's document, so the numbers are dense, in
// commit order, and a node that holds number n in an open transaction knows that nobody else can commit. What it has
// not seen of the numbers below it reads before it decides anything. Of the log's oldest numbers, which are deleted,
// a claim learns by the number before it: that one is among the newest, which are kept, or this node has missed more
// than the log holds, and the number that it takes for the next one is only free again.
//
//   commits {_id: number, node, claim, at, …digest}
//
// `claim` is random: a node whose commit was not answered finds out by it whether the number's document is its own.
//
// The lane's thread only. Inside of this room.

#include <optional>
#include <string>
#include <vector>

#include "adapters/mongodb/connection.hpp"
#include "adapters/mongodb/node_registry.hpp"
#include "adapters/mongodb/options.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "chat/ports/commit_log.hpp"

namespace adapters::mongodb {

class CommitTurn {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  CommitTurn(Pool& pool, RowReader& reader, NodeRegistry& registry, const Options& options)
      : pool_(pool), reader_(reader), registry_(registry), options_(options) {}

  /// From now on, nothing of what was before.
  Done start_at_newest();
  /// Waits until this node has claimed the next number and has seen all before it, or knows that it has not
  /// (ForeignCommits::lost). False: not before `deadline`.
  bool claim(Deadline deadline);
  [[nodiscard]] bool claimed() const { return claimed_; }
  /// Of the open transaction.
  [[nodiscard]] Connection& connection() { return *connection_; }
  /// Completes the document of the claimed number.
  Done describe(const chat::CommitBatch& batch);
  /// The transaction was committed.
  void committed();
  /// Gives the number back: aborts what is open.
  void release();
  /// The commit was sent, and nobody knows what became of it. The number is given up.
  void lose();
  /// Of the batch that was lost: true, it is in the log; false, another one has its number, an empty one of this node's
  /// if need be, so that it can never appear. nullopt: not found out before `deadline`, and if it is there, a later
  /// look into the log finds it like another node's; or the log no longer holds its number. Not to be called with a
  /// claimed number; leaves none.
  std::optional<bool> find_lost(Deadline deadline);
  /// Reads what others have committed.
  Done catch_up();
  /// True, once: others have committed what nobody has taken yet.
  [[nodiscard]] bool say_behind() { return std::exchange(behind_, false); }
  [[nodiscard]] chat::ForeignCommits take_foreign() {
    behind_ = false;
    return std::exchange(foreign_, {});
  }
  /// A session that has seen an error of the network is not used again, and what it may have left open is ended before
  /// the next try: it would keep the turn for as long as the server lets an idle transaction live.
  void reconnect();

 private:
  enum class Try : std::uint8_t { kClaimed, kTaken, kMissed, kFailed };
  struct Claim {
    std::uint64_t number = 0;  // 0: none
    std::string mark;
    bool looked_for = false;
    bool found = false;
  };
  Try try_claim();
  Done insert_next(bool& missed);
  Done skip_missed();
  Done open_connection();
  Done end_abandoned();
  void let_others_in();
  bool take_place_of_lost();

  Pool& pool_;
  RowReader& reader_;
  NodeRegistry& registry_;
  const Options& options_;
  std::optional<Connection> connection_;  // kept: its session has been announced
  std::vector<std::string> abandoned_;    // sessions whose transactions may still be open
  std::string mark_;                      // of the claimed number
  Claim lost_;
  std::uint64_t seen_ = 0;  // all numbers up to here
  bool claimed_ = false;
  bool behind_ = false;
  chat::ForeignCommits foreign_;  // seen, and not yet taken
  std::chrono::steady_clock::time_point last_commit_{};
  std::chrono::steady_clock::time_point last_foreign_{};
  std::uint32_t jitter_ = 1;
};

}  // namespace adapters::mongodb
