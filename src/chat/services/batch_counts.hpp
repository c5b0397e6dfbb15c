#pragma once
// BatchCounts: what a batch changes of what is counted. Told when it is committed; what fails has not happened, and is
// counted when it is staged again. Lane thread only.

#include <optional>
#include <vector>

#include "chat/services/pending_ledger.hpp"

namespace chat {

class BatchCounts {
 public:
  void add(base::Counter& counter, std::uint64_t by = 1) { counts_.emplace_back(&counter, by); }
  void more_pending(const UserId& user, std::uint64_t messages) { pending_.push_back({user, messages, Change::kMore}); }
  void less_pending(const UserId& user, std::uint64_t messages) { pending_.push_back({user, messages, Change::kLess}); }
  void none_pending(const UserId& user) { pending_.push_back({user, 0, Change::kNone}); }

  void tell(PendingLedger& ledger) const {
    for (const auto& [counter, by] : counts_) counter->add(by);
    for (const auto& [user, messages, change] : pending_) {
      if (change == Change::kMore) ledger.add(user, messages);
      if (change == Change::kLess) ledger.subtract(user, messages);
      if (change == Change::kNone) ledger.set(user, 0);
    }
  }
  void clear() {
    counts_.clear();
    pending_.clear();
  }

 private:
  enum class Change : std::uint8_t { kMore, kLess, kNone };
  struct Pending {
    UserId user;
    std::uint64_t messages;
    Change change;
  };
  std::vector<std::pair<base::Counter*, std::uint64_t>> counts_;
  std::vector<Pending> pending_;  // in the order of the commands
};

}  // namespace chat
