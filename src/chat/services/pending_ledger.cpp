#include "chat/services/pending_ledger.hpp"

#include <algorithm>

namespace chat {

std::size_t PendingLedger::bucket(std::uint64_t pending) {
  if (pending == 0) return kNoBucket;
  std::size_t index = 0;
  for (std::uint64_t bound = 10; index + 1 < kBuckets && pending > bound; bound *= 10) ++index;
  return index;
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
  const auto from = bucket(before);
  const auto to = bucket(pending);
  if (from != to) {
    if (from != kNoBucket) {
      metrics_.pending_users[from]->add(-1);
      buckets_[from].erase(user);
    }
    if (to != kNoBucket) {
      metrics_.pending_users[to]->add(1);
      buckets_[to].insert(user);
    }
  }
  if (pending == 0) {
    pending_.erase(user);
  } else {
    pending_[user] = pending;
  }
}

std::vector<std::pair<UserId, std::uint64_t>> PendingLedger::top(std::size_t limit) const {
  std::vector<std::pair<UserId, std::uint64_t>> most;
  std::size_t left = kLookedAt;
  for (auto users = buckets_.rbegin(); users != buckets_.rend() && most.size() < limit; ++users) {
    for (const auto& user : *users) {
      if (left == 0) break;
      --left;
      most.emplace_back(user, of(user));
    }
  }
  std::sort(most.begin(), most.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  if (most.size() > limit) most.resize(limit);
  return most;
}

void PendingLedger::subtract(const UserId& user, std::uint64_t messages) {
  const auto before = of(user);
  if (before > 0) set(user, before > messages ? before - messages : 0);
}

void PendingLedger::forget(const UserId& user) {
  set(user, 0);
  known_.erase(user);
}

}  // namespace chat
