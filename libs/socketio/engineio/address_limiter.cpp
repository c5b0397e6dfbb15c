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
  if (entries_.size() >= sweep_at_) forget_idle(now);
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

template <class Unused>
void AddressLimiter::forget(Unused unused) {
  looked_at_ += entries_.size();
  std::erase_if(entries_, [&](const auto& item) { return item.second.connections == 0 && unused(item.second); });
}

/// Makes so much room, or waits for so many more addresses, that what it costs is little for each of them: all shards
/// wait for it.
void AddressLimiter::forget_idle(base::SteadyTime now) {
  forget([&](Entry entry) {
    const double burst = refill(entry, now);
    return entry.tokens >= burst;
  });
  if (entries_.size() > kMostEntries / 2) forget([](const Entry&) { return true; });
  sweep_at_ = std::max(kMostEntries, 2 * entries_.size());
}

std::uint64_t AddressLimiter::looked_at() const {
  const std::lock_guard lock(mutex_);
  return looked_at_;
}

std::size_t AddressLimiter::tracked() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace engineio
