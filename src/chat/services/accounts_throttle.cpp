#include "chat/services/accounts_throttle.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cmath>

namespace chat {
namespace {

// Some 100 bytes each: 6 MB at most. More keys than this within a window is an attack from many addresses, which limits
// per address cannot answer anyway.
constexpr std::size_t kMaxKeys = 65'536;

std::uint32_t whole_seconds(std::chrono::duration<double> wait) {
  return static_cast<std::uint32_t>(std::max(1.0, std::ceil(wait.count())));
}

}  // namespace

void WindowThrottle::roll(Count& count, base::SteadyTime now) const {
  const auto windows = (now - count.opened) / window_;
  if (windows <= 0) return;
  count.previous = windows == 1 ? count.current : 0;
  count.current = 0;
  count.opened += windows * window_;
  if (count.previous == 0) count.opened = now;  // a quiet key opens its own window
}

std::uint32_t WindowThrottle::wait(const Count& count, base::SteadyTime now) const {
  const std::chrono::duration<double> window = window_;
  const double passed = std::chrono::duration<double>(now - count.opened) / window;
  const double room = static_cast<double>(limit_) - 1;
  if (count.previous * (1 - passed) + count.current <= room) return 0;
  if (count.current <= room) return whole_seconds((1 - (room - count.current) / count.previous - passed) * window);
  return whole_seconds((1 - passed + (1 - room / count.current)) * window);
}

void WindowThrottle::make_room(base::SteadyTime now) {
  if (counts_.size() < kMaxKeys) return;
  std::erase_if(counts_, [&](const auto& entry) { return now - entry.second.opened >= 2 * window_; });
  if (counts_.size() >= kMaxKeys) counts_.erase(counts_.begin());
}

std::uint32_t WindowThrottle::admit(const std::string& key, base::SteadyTime now) {
  if (limit_ <= 0) return 0;
  const std::lock_guard lock(mutex_);
  auto found = counts_.find(key);
  if (found == counts_.end()) {
    make_room(now);
    found = counts_.emplace(key, Count{now, 0, 0}).first;
  }
  roll(found->second, now);
  const auto seconds = wait(found->second, now);
  if (seconds == 0) found->second.current += 1;
  return seconds;
}

void FailureThrottle::make_room(base::SteadyTime now) {
  if (records_.size() < kMaxKeys) return;
  std::erase_if(records_, [&](const auto& entry) { return now - entry.second.last >= kForgetAfter; });
  if (records_.size() >= kMaxKeys) records_.erase(records_.begin());
}

std::uint32_t FailureThrottle::begin(const std::string& key, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  auto found = records_.find(key);
  if (found == records_.end()) {
    make_room(now);
    found = records_.emplace(key, Record{}).first;
  }
  auto& record = found->second;
  if (record.failures > 0 && now - record.last >= kForgetAfter) record = {};
  if (now < record.blocked_until) return whole_seconds(record.blocked_until - now);
  ++record.failures;
  record.last = now;
  if (record.failures >= kFree) {
    const int doublings = std::min(record.failures - kFree, 8);  // 5 s · 2^8 exceeds the longest wait
    record.blocked_until = now + std::min(kFirstWait * (1 << doublings), kLongestWait);
  }
  return 0;
}

void FailureThrottle::succeeded(const std::string& key) {
  const std::lock_guard lock(mutex_);
  records_.erase(key);
}

void FailureThrottle::withdrawn(const std::string& key) {
  const std::lock_guard lock(mutex_);
  const auto found = records_.find(key);
  if (found == records_.end()) return;
  found->second.blocked_until = {};
  if (--found->second.failures <= 0) records_.erase(found);
}

std::string address_key(const std::string& address) {
  in6_addr parsed{};
  if (inet_pton(AF_INET6, address.c_str(), &parsed) != 1) return address;
  constexpr std::size_t kPrefixBytes = 8;
  if (IN6_IS_ADDR_V4MAPPED(&parsed)) {
    return std::string("v4:") + std::string(reinterpret_cast<const char*>(parsed.s6_addr) + 12, 4);
  }
  return std::string("v6:") + std::string(reinterpret_cast<const char*>(parsed.s6_addr), kPrefixBytes);
}

}  // namespace chat
