#pragma once
// Collector: gathers parts from several shards and hands the whole over once, where the caller wants it. Internal; any
// thread. Cold path (fetch_sockets, broadcasts with acks): here, and only here, shards meet at a mutex.

#include <cstddef>
#include <memory>
#include <mutex>
#include <utility>

#include "base/check.hpp"
#include "base/executor.hpp"
#include "base/task.hpp"

namespace socketio {

template <class Whole>
class Collector {
 public:
  /// Waits for `parts` calls of finish(), more after expect().
  Collector(std::size_t parts, base::Executor& reply_to, base::Function<void(Whole)> done)
      : open_(parts), reply_to_(reply_to), done_(std::move(done)) {}

  /// `more` further parts will come; called while a part of the caller's own is open.
  template <class Change>
  void expect(std::size_t more, Change&& change) {
    const std::lock_guard lock(mutex_);
    open_ += more;
    change(whole_);
  }
  /// One part is there; `change` puts it into the whole.
  template <class Change>
  void finish(Change&& change) {
    const std::lock_guard lock(mutex_);
    CHECK(open_ > 0);
    change(whole_);
    if (--open_ > 0) return;
    reply_to_.post([done = std::move(done_), whole = std::move(whole_)]() mutable { done(std::move(whole)); });
  }

 private:
  std::mutex mutex_;
  std::size_t open_;
  Whole whole_;
  base::Executor& reply_to_;
  base::Function<void(Whole)> done_;
};

}  // namespace socketio
