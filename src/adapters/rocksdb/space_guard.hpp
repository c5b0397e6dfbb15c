#pragma once
// SpaceGuard: refuses while refusing is still possible. A store that runs into a full disk cannot go on (a failed write
// ends the process, I12), so new content stops at the limit, and everything stops at an eighth of it.

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace adapters::rocksdb {

struct SpaceReading {
  std::uint64_t free_bytes = 0;  // available to this process
  std::uint64_t total_bytes = 0;
};
using SpaceProbe = std::function<SpaceReading()>;

/// statvfs of the file system that holds `path`. A probe that fails reads as plenty: a broken statvfs must not stop
/// mail.
SpaceProbe statvfs_probe(std::string path);

/// Free bytes below which new content is refused: `min_free_bytes`, or min(5 % of the file system, 512 MiB).
[[nodiscard]] std::uint64_t space_limit(std::uint64_t total_bytes, std::optional<std::uint64_t> min_free_bytes);

/// Any thread. Asks the probe at most about once a second; what is written in between counts at once.
class SpaceGuard {
 public:
  SpaceGuard(SpaceProbe probe, std::optional<std::uint64_t> min_free_bytes);

  /// Room for new content.
  [[nodiscard]] bool has_room() const { return current().free_bytes >= limit(); }
  /// Room for anything at all: receipts, positions, trims.
  [[nodiscard]] bool has_reserve() const { return current().free_bytes >= limit() / kReservePart; }
  /// `bytes` were appended to the log, and will be written once more by a flush while the log still exists.
  void note_written(std::uint64_t bytes) { written_bytes_.fetch_add(2 * bytes, std::memory_order_relaxed); }

 private:
  static constexpr std::uint64_t kReservePart = 8;

  [[nodiscard]] SpaceReading current() const;
  [[nodiscard]] std::uint64_t limit() const {
    return space_limit(total_bytes_.load(std::memory_order_relaxed), min_free_bytes_);
  }

  SpaceProbe probe_;
  std::optional<std::uint64_t> min_free_bytes_;
  // Written by whichever thread finds the reading stale; a torn pair of the two is harmless.
  mutable std::atomic<std::uint64_t> free_bytes_{0};
  mutable std::atomic<std::uint64_t> total_bytes_{0};
  mutable std::atomic<std::uint64_t> written_bytes_{0};  // since the reading
  mutable std::atomic<std::int64_t> fresh_until_ms_{0};
};

}  // namespace adapters::rocksdb
