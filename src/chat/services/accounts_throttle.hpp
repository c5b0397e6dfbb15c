#pragma once
// Who asks too often. Two shapes, both in memory (a restart forgives), both bounded in keys, both thread-safe:
// WindowThrottle counts what a key did in any window; FailureThrottle makes a key wait longer with each failure.
// Beyond kMaxKeys the keys that were asked about longest ago are forgotten.

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>

#include "base/clock.hpp"
#include "chat/ports/shared_throttle.hpp"
#include "chat/rules/sliding_window.hpp"
#include "chat/services/recent_keys.hpp"

namespace chat {

// Some 100 bytes each: 6 MB at most. More keys than this within a window is an attack from many addresses, which limits
// per address cannot answer anyway.
inline constexpr std::size_t kMaxKeys = 65'536;

/// At most `limit` in any `window`, by two adjacent windows, the older one weighted by what of it is still in view.
class WindowThrottle {
 public:
  /// limit 0: off.
  WindowThrottle(std::int64_t limit, std::chrono::seconds window) : limit_(limit), window_(window) {}

  /// 0: admitted and counted. Otherwise the whole seconds (rounded up, at least 1) until it would be; not counted.
  [[nodiscard]] std::uint32_t admit(const std::string& key, base::SteadyTime now);
  /// Takes back what was admitted a moment ago.
  void withdraw(const std::string& key);
  /// How often it has said no; for a metric.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  struct Count {
    base::SteadyTime opened;  // of the current window
    WindowCounts counted;
  };
  void roll(Count& count, base::SteadyTime now) const;
  [[nodiscard]] std::uint32_t wait(const Count& count, base::SteadyTime now) const;

  const std::int64_t limit_;
  const std::chrono::seconds window_;
  std::mutex mutex_;
  RecentKeys<Count> counts_{kMaxKeys};
  std::atomic<std::uint64_t> refused_{0};
};

/// Five failures are free, each further one doubles the wait from 5 s to 15 min; never a lock-out. An attempt counts as
/// a failure from its begin, so that a hundred at once are not a hundred guesses.
class FailureThrottle {
 public:
  static constexpr int kFree = 5;
  static constexpr std::chrono::seconds kFirstWait{5};  // long enough to stop guessing, short enough for a typing error
  static constexpr std::chrono::seconds kLongestWait{15 * 60};
  static constexpr std::chrono::seconds kForgetAfter{60 * 60};  // since the last failure

  explicit FailureThrottle(int free = kFree) : free_(free) {}

  /// 0: go ahead. Otherwise the seconds to wait.
  [[nodiscard]] std::uint32_t begin(const std::string& key, base::SteadyTime now);
  void succeeded(const std::string& key);
  /// The attempt was never judged (overload): it does not count.
  void withdrawn(const std::string& key);
  /// What all nodes together know of the key, in place of what was known here.
  void learn(const std::string& key, const SharedThrottle::Attempt& said, base::SteadyTime now);
  /// What counts against the key, attempts that have only begun included.
  [[nodiscard]] int failures(const std::string& key, base::SteadyTime now);
  /// How often somebody had to wait; for a metric.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  struct Record {
    int failures = 0;
    base::SteadyTime last;
    base::SteadyTime blocked_until;
  };
  /// After so many failures.
  [[nodiscard]] std::chrono::seconds wait_after(int failures) const;
  static void block(Record& record, std::chrono::seconds wait);

  const int free_;
  std::mutex mutex_;
  RecentKeys<Record> records_{kMaxKeys};
  std::atomic<std::uint64_t> refused_{0};
};

/// What limits per address are keyed by: an IPv4 address, or the /64 of an IPv6 one (a subscriber has at least that).
[[nodiscard]] std::string address_key(const std::string& address);

}  // namespace chat
