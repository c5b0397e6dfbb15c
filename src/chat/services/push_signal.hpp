#pragma once
// PushSignal: "a push job falls due at this time", from the lane to the outbox; and whatever else wakes the outbox. A
// hint: it may come late or twice, since the store has the jobs. Shared by both, so that neither has to outlive the
// other. Any thread.

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/clock.hpp"

namespace chat {

class PushSignal {
 public:
  void due_at(base::WallTime due) {
    const std::lock_guard lock(mutex_);
    if (due >= due_) return;
    due_ = due;
    changed_.notify_all();
  }
  void wake() {
    const std::lock_guard lock(mutex_);
    woken_ = true;
    changed_.notify_all();
  }
  /// The earliest due that was told since the last call; WallTime::max(): none.
  [[nodiscard]] base::WallTime take_due() {
    const std::lock_guard lock(mutex_);
    return std::exchange(due_, base::WallTime::max());
  }
  /// Until wake() was called since the last return, a due below `known` was told, or the time is over.
  void wait(base::WallTime known, std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, at_most, [&] { return woken_ || due_ < known; });
    woken_ = false;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  base::WallTime due_ = base::WallTime::max();
  bool woken_ = false;
};

}  // namespace chat
