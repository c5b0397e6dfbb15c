#pragma once
// Shard: one thread with one io_context. A connection lives and dies on the shard that accepted it (a polling session
// that is met on another shard's connection moves that connection to its own shard), so the rooms above need neither
// strand nor mutex. Between shards only values travel, only by post().
//
// A turn: everything that is ready is handled (sockets, posted tasks, timers), then the end-of-turn tasks run, then the
// thread waits. What a turn produced for one connection therefore leaves in one system call.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "aio/readiness.hpp"
#include "aio/timer_wheel.hpp"
#include "base/clock.hpp"
#include "base/executor.hpp"

namespace boost::asio {
class io_context;
}

namespace aio {

struct ShardIndex {
  std::uint16_t value = 0;
  friend auto operator<=>(ShardIndex, ShardIndex) = default;
};

class Shard final : public base::Executor {
 public:
  /// `clock` must outlive the shard. A running shard sleeps in real time: give it a clock that moves by itself.
  Shard(ShardIndex index, const base::Clock& clock);
  /// Stops and joins; tasks that did not run are destroyed.
  ~Shard() override;
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  /// Starts the thread. Called once.
  void start();
  /// Asks the thread to leave after the handlers that are ready; joins it. Idempotent; not from the shard's own thread.
  void stop();
  /// False before start() and after stop(): nobody runs posted tasks then.
  [[nodiscard]] bool running() const noexcept { return thread_.joinable(); }

  /// Any thread. Tasks of one caller keep their order; many posts share one wake-up of the shard.
  void post(base::Task task) override;
  void post_all(std::vector<base::Task>& tasks) override;

  /// Runs `task` on this shard after everything that is ready now has been handled: the end of the turn. Shard thread
  /// only. Connections use it to gather all writes of a turn into one system call.
  void at_end_of_turn(base::Task task);

  /// Posted tasks that wait for their turn. Any thread, no lock: for a metric.
  [[nodiscard]] std::size_t posts_waiting() const noexcept { return posts_waiting_.load(std::memory_order_relaxed); }

  [[nodiscard]] ShardIndex index() const noexcept { return index_; }
  /// Shard thread only, as the three that follow. Include <boost/asio/io_context.hpp> to use it.
  [[nodiscard]] boost::asio::io_context& io() noexcept { return *io_; }
  /// Sockets by the ten thousand wait here, not in an Asio operation each.
  [[nodiscard]] ReadinessSet& readiness() noexcept { return readiness_; }
  [[nodiscard]] TimerWheel& timers() noexcept { return timers_; }
  [[nodiscard]] const base::Clock& clock() const noexcept { return clock_; }
  [[nodiscard]] bool on_this_thread() const noexcept { return std::this_thread::get_id() == thread_.get_id(); }

 private:
  struct Waiter;
  void run();
  void run_turn();
  void wait();
  void run_posted();
  void run_end_of_turn();
  void wake_up();

  ShardIndex index_;
  const base::Clock& clock_;
  std::unique_ptr<boost::asio::io_context> io_;
  ReadinessSet readiness_;
  std::unique_ptr<Waiter> waiter_;
  TimerWheel timers_;
  std::mutex posted_mutex_;
  std::vector<base::Task> posted_;
  std::vector<base::Task> running_;            // posted_'s twin: the two swap, so that neither allocates again
  std::atomic<std::size_t> posts_waiting_{0};  // posted_.size(), for those without the lock
  bool wake_up_pending_ = false;
  bool leaving_ = false;
  std::vector<base::Task> end_of_turn_;
  std::vector<base::Task> end_of_turn_running_;
  std::thread thread_;
};

}  // namespace aio
