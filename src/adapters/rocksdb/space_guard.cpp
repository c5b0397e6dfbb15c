#include "adapters/rocksdb/space_guard.hpp"

#include <sys/statvfs.h>

#include <algorithm>
#include <chrono>
#include <limits>

namespace adapters::rocksdb {

namespace {

constexpr std::uint64_t kDefaultMaximum = 512ull * 1024 * 1024;
constexpr std::uint64_t kDefaultPart = 20;  // 5 %
constexpr std::int64_t kFreshMs = 1000;

std::int64_t steady_ms() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

}  // namespace

SpaceProbe statvfs_probe(std::string path) {
  return [path = std::move(path)]() -> SpaceReading {
    struct statvfs status{};
    if (::statvfs(path.c_str(), &status) != 0) {
      constexpr auto kPlenty = std::numeric_limits<std::uint64_t>::max();
      return {kPlenty, kPlenty};
    }
    return {static_cast<std::uint64_t>(status.f_bavail) * status.f_frsize,
            static_cast<std::uint64_t>(status.f_blocks) * status.f_frsize};
  };
}

std::uint64_t space_limit(std::uint64_t total_bytes, std::optional<std::uint64_t> min_free_bytes) {
  return min_free_bytes.value_or(std::min(total_bytes / kDefaultPart, kDefaultMaximum));
}

SpaceGuard::SpaceGuard(SpaceProbe probe, std::optional<std::uint64_t> min_free_bytes)
    : probe_(std::move(probe)), min_free_bytes_(min_free_bytes) {
  static_cast<void>(current());  // so that no thread ever sees the zeros
}

SpaceReading SpaceGuard::current() const {
  const std::int64_t now = steady_ms();
  std::int64_t fresh_until = fresh_until_ms_.load(std::memory_order_acquire);
  // One thread renews the reading, the others go on with the old one.
  if (now >= fresh_until && fresh_until_ms_.compare_exchange_strong(fresh_until, now + kFreshMs)) {
    written_bytes_.store(0, std::memory_order_relaxed);
    const SpaceReading reading = probe_();
    free_bytes_.store(reading.free_bytes, std::memory_order_relaxed);
    total_bytes_.store(reading.total_bytes, std::memory_order_relaxed);
    return reading;
  }
  const std::uint64_t free = free_bytes_.load(std::memory_order_relaxed);
  return {free - std::min(free, written_bytes_.load(std::memory_order_relaxed)),
          total_bytes_.load(std::memory_order_relaxed)};
}

}  // namespace adapters::rocksdb
