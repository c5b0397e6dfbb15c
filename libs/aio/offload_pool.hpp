#pragma once
// OffloadPool: a few threads for calls that block (Argon2, reads that may miss the cache). Its queue is bounded and a
// full queue is an answer, not a wait: the caller tells its client `overloaded`. Results go home by Shard::post.

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "base/task.hpp"

namespace aio {

class OffloadPool {
 public:
  struct Options {
    std::size_t threads = 2;
    std::size_t queue_limit = 1024;  // tasks waiting, not counting those that run
  };
  explicit OffloadPool(Options options);
  /// Runs what is queued, then joins.
  ~OffloadPool();
  OffloadPool(const OffloadPool&) = delete;
  OffloadPool& operator=(const OffloadPool&) = delete;

  /// Any thread. False: full or stopping, and the task was destroyed unrun. Not a base::Executor for that reason.
  [[nodiscard]] bool try_submit(base::Task task);
  /// Refuses new tasks, runs what is queued, joins. Idempotent; not from a task.
  void stop();
  /// Tasks waiting now. Any thread, no lock: for a metric.
  [[nodiscard]] std::size_t queued() const noexcept { return queued_.load(std::memory_order_relaxed); }
  /// Tasks that try_submit has refused, ever. Likewise.
  [[nodiscard]] std::uint64_t refused() const noexcept { return refused_.load(std::memory_order_relaxed); }

 private:
  void run();

  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<base::Task> queue_;
  bool stopping_ = false;
  std::atomic<std::size_t> queued_{0};  // queue_.size(), for those without the lock
  std::atomic<std::uint64_t> refused_{0};
  std::vector<std::thread> threads_;
};

}  // namespace aio
