#include "socketio/engineio/address_limiter.hpp"

#include <algorithm>

namespace engineio {

double AddressLimiter::refill(Entry& entry, base::SteadyTime now) const {
  const double rate = static_cast<double>(limits_.connects_per_second);
  const double burst = static_cast<double>(std::max(limits_.connect_burst, limits_.connects_per_second));
  const std::chrono::duration<double> passed = now - entry.refilled;
  entry.tokens = std::min(burst, entry.tokens + passed.count() * rate);
  entry.refilled = now;
  return burst;
}

bool AddressLimiter::admit(const PeerAddress& address, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  if (entries_.size() >= kMostEntries) forget_idle(now);
  auto [found, fresh] = entries_.try_emplace(address.network());
  Entry& entry = found->second;
  if (fresh) {
    entry.refilled = now;
    entry.tokens = static_cast<double>(std::max(limits_.connect_burst, limits_.connects_per_second));
  }
  refill(entry, now);
  if (limits_.connections > 0 && entry.connections >= limits_.connections) return false;
  if (limits_.connects_per_second > 0) {
    if (entry.tokens < 1) return false;
    entry.tokens -= 1;
  }
  ++entry.connections;
  return true;
}

void AddressLimiter::release(const PeerAddress& address) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(address.network());
  if (found == entries_.end() || found->second.connections == 0) return;
  --found->second.connections;
  if (found->second.connections == 0 && limits_.connects_per_second == 0) entries_.erase(found);
}

void AddressLimiter::forget_idle(base::SteadyTime now) {
  bool freed = false;
  for (auto at = entries_.begin(); at != entries_.end();) {
    Entry& entry = at->second;
    const double burst = refill(entry, now);
    const bool unused = entry.connections == 0 && entry.tokens >= burst;
    freed |= unused;
    at = unused ? entries_.erase(at) : std::next(at);
  }
  if (freed) return;
  std::erase_if(entries_, [](const auto& item) { return item.second.connections == 0; });
}

std::size_t AddressLimiter::tracked() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace engineio
