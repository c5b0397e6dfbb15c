#pragma once
#include <vector>

#include "base/task.hpp"

namespace base {

/// Runs tasks later on a place of its own: a shard's thread, a pool, a test's queue. `post` may be called from any
/// thread, never runs the task inside the call, and keeps the order of one caller's tasks.
class Executor {
 public:
  virtual ~Executor() = default;
  virtual void post(Task task) = 0;
  /// One wake-up for all of them; the vector is left empty (its capacity stays with the caller).
  virtual void post_all(std::vector<Task>& tasks) {
    for (auto& task : tasks) post(std::move(task));
    tasks.clear();
  }
};

}  // namespace base
