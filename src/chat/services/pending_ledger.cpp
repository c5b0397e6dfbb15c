#include "chat/services/pending_ledger.hpp"

namespace chat {

base::Gauge* PendingLedger::bucket(std::uint64_t pending) const {
  if (pending == 0) return nullptr;
  std::size_t index = 0;
  for (std::uint64_t bound = 10; index < 3 && pending > bound; bound *= 10) ++index;
  return metrics_.pending_users[index];
}

std::uint64_t PendingLedger::of(const UserId& user) const {
  const auto found = pending_.find(user);
  return found == pending_.end() ? 0 : found->second;
}

void PendingLedger::set(const UserId& user, std::uint64_t pending) {
  known_.insert(user);
  const auto before = of(user);
  if (before == pending) return;
  metrics_.pending_messages.add(static_cast<std::int64_t>(pending) - static_cast<std::int64_t>(before));
  auto* const from = bucket(before);
  auto* const to = bucket(pending);
  if (from != to) {
    if (from != nullptr) from->add(-1);
    if (to != nullptr) to->add(1);
  }
  if (pending == 0) {
    pending_.erase(user);
  } else {
    pending_[user] = pending;
  }
}

void PendingLedger::subtract(const UserId& user, std::uint64_t messages) {
  const auto before = of(user);
  set(user, before > messages ? before - messages : 0);
}

void PendingLedger::forget(const UserId& user) {
  set(user, 0);
  known_.erase(user);
}

}  // namespace chat
