#include "chat/services/accounts_throttle.hpp"

#include <algorithm>
#include <string_view>
#include <vector>

#include "chat/rules/sliding_window.hpp"

namespace chat {
namespace {

constexpr std::size_t kIpv6Groups = 8;

/// The groups of a piece of an IPv6 address, without leading zeros.
std::vector<std::string> groups_of(std::string_view text) {
  std::vector<std::string> groups;
  while (!text.empty()) {
    const auto colon = text.find(':');
    auto group = text.substr(0, colon);
    while (group.size() > 1 && group.front() == '0') group.remove_prefix(1);
    groups.emplace_back(group);
    text.remove_prefix(colon == std::string_view::npos ? text.size() : colon + 1);
  }
  return groups;
}

}  // namespace

void WindowThrottle::roll(Count& count, base::SteadyTime now) const {
  const auto windows = (now - count.opened) / window_;
  if (windows <= 0) return;
  count.counted = {.previous = windows == 1 ? count.counted.current : 0, .current = 0};
  count.opened += windows * window_;
  if (count.counted.previous == 0) count.opened = now;  // a quiet key opens its own window
}

std::uint32_t WindowThrottle::wait(const Count& count, base::SteadyTime now) const {
  const auto elapsed = std::chrono::floor<std::chrono::milliseconds>(now - count.opened);
  const auto wait = wait_for_room(count.counted, limit_, window_, elapsed);
  return wait > wait.zero() ? told_seconds(wait) : 0;
}

std::uint32_t WindowThrottle::admit(const std::string& key, base::SteadyTime now) {
  if (limit_ <= 0) return 0;
  const std::lock_guard lock(mutex_);
  auto& count = counts_.find_or_add(key, Count{.opened = now, .counted = {}});
  roll(count, now);
  const auto seconds = wait(count, now);
  if (seconds == 0) {
    count.counted.current += 1;
  } else {
    refused_.fetch_add(1, std::memory_order_relaxed);
  }
  return seconds;
}

void WindowThrottle::withdraw(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto* const found = counts_.find(key);
  if (found == nullptr) return;
  auto& counted = found->counted;
  auto& taken = counted.current > 0 ? counted.current : counted.previous;  // its window may have ended meanwhile
  if (taken > 0) --taken;
}

std::chrono::seconds FailureThrottle::wait_after(int failures) const {
  if (failures < free_) return std::chrono::seconds{0};
  const int doublings = std::min(failures - free_, 8);  // 5 s · 2^8 exceeds the longest wait
  return std::min(kFirstWait * (1 << doublings), kLongestWait);
}

void FailureThrottle::block(Record& record, std::chrono::seconds wait) {
  // Nobody waits for no time: another thread's `now` may be a little earlier.
  if (wait.count() > 0) record.blocked_until = record.last + wait;
}

std::uint32_t FailureThrottle::begin(const std::string& key, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  auto& record = records_.find_or_add(key, {});
  if (record.failures > 0 && now - record.last >= kForgetAfter) record = {};
  if (now < record.blocked_until) {
    refused_.fetch_add(1, std::memory_order_relaxed);
    return told_seconds(record.blocked_until - now);
  }
  ++record.failures;
  record.last = now;
  block(record, wait_after(record.failures));
  return 0;
}

void FailureThrottle::learn(const std::string& key, const SharedThrottle::Attempt& said, base::SteadyTime now) {
  constexpr std::uint32_t kMostFailures = 1'000;  // all the same to wait_after()
  const std::lock_guard lock(mutex_);
  auto& record = records_.find_or_add(key, {});
  record.failures = static_cast<int>(std::min(said.failures, kMostFailures));
  record.last = now;
  record.blocked_until = {};
  block(record, said.wait_seconds > 0 ? std::chrono::seconds(said.wait_seconds) : wait_after(record.failures));
}

void FailureThrottle::succeeded(const std::string& key) {
  const std::lock_guard lock(mutex_);
  records_.erase(key);
}

void FailureThrottle::withdrawn(const std::string& key) {
  const std::lock_guard lock(mutex_);
  auto* const found = records_.find(key);
  if (found == nullptr) return;
  found->blocked_until = {};
  if (--found->failures <= 0) records_.erase(key);
}

int FailureThrottle::failures(const std::string& key, base::SteadyTime now) {
  const std::lock_guard lock(mutex_);
  const auto* const found = records_.find(key);
  return found == nullptr || now - found->last >= kForgetAfter ? 0 : found->failures;
}

std::string address_key(const std::string& address) {
  if (address.find(':') == std::string::npos) return address;
  if (address.find('.') != std::string::npos) return address.substr(address.rfind(':') + 1);  // ::ffff:192.0.2.1
  const auto gap = address.find("::");
  auto groups = groups_of(address.substr(0, gap));
  if (gap != std::string::npos) {
    const auto tail = groups_of(address.substr(gap + 2));
    while (groups.size() + tail.size() < kIpv6Groups) groups.emplace_back("0");
    groups.insert(groups.end(), tail.begin(), tail.end());
  }
  groups.resize(kIpv6Groups / 2);
  std::string network;
  for (const auto& group : groups) network += group + ':';
  return network;
}

}  // namespace chat
