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

}  // namespace chat
