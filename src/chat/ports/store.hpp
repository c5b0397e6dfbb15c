#pragma once
#include "chat/ports/account_store.hpp"
#include "chat/ports/commit_log.hpp"
#include "chat/ports/mail_store.hpp"
#include "chat/ports/push_store.hpp"

namespace chat {

/// One durable truth that plays all four parts (they share atomic batches).
class Store : public CommitLog, public MailStore, public AccountStore, public PushStore {
 public:
  /// Rows that could not be decoded since the store was opened, repeats included: for a metric and an alert. Any
  /// thread.
  [[nodiscard]] virtual std::uint64_t damaged_rows() const { return 0; }
};

/// A store that nobody else writes: it is always this node's turn, and commit() itself tells the outcome.
class LoneStore : public Store {
 public:
  [[nodiscard]] bool shared() const override { return false; }
  [[nodiscard]] base::Result<ForeignCommits, StoreError> begin_turn() override { return ForeignCommits{}; }
  void end_turn() override {}
  [[nodiscard]] base::Result<ForeignCommits, StoreError> foreign_commits() override { return ForeignCommits{}; }
  [[nodiscard]] base::Result<bool, StoreError> find_outcome() override { return base::fail(StoreError::kUnavailable); }
};

}  // namespace chat
