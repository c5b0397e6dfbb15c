#include "aio/shard.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <chrono>

#include "base/check.hpp"

namespace aio {

namespace {
/// Handlers of one turn before the writes go out: under a flood of posts no connection may starve.
constexpr int kHandlersPerTurn = 256;
/// The longest sleep; nothing depends on it, it only keeps arithmetic on far deadlines out of the kernel's way.
constexpr std::chrono::seconds kLongestSleep{3600};
}  // namespace

/// Couples the readiness set to the io_context: one descriptor that is waited for once per sleep.
struct Shard::Waiter {
  Waiter(boost::asio::io_context& io, int descriptor) : set(io, descriptor) {}
  ~Waiter() { set.release(); }  // the descriptor belongs to the ReadinessSet
  void arm() {
    if (waiting) return;
    waiting = true;
    set.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [this](boost::system::error_code) { waiting = false; });
  }
  boost::asio::posix::stream_descriptor set;
  bool waiting = false;
};

Shard::Shard(ShardIndex index, const base::Clock& clock)
    : index_(index),
      clock_(clock),
      io_(std::make_unique<boost::asio::io_context>(1)),
      waiter_(std::make_unique<Waiter>(*io_, readiness_.descriptor())),
      timers_(clock) {}

Shard::~Shard() {
  stop();
  // Tasks and handlers may own what uses timers or posts: they go while everything is still here.
  end_of_turn_.clear();
  std::vector<base::Task> unrun;
  {
    const std::lock_guard lock(posted_mutex_);
    unrun.swap(posted_);
  }
  unrun.clear();
  waiter_.reset();
  io_.reset();
}

void Shard::start() {
  CHECK(!thread_.joinable());
  thread_ = std::thread([this] { run(); });
}

void Shard::stop() {
  if (!thread_.joinable()) return;
  CHECK(!on_this_thread());
  post([this] { leaving_ = true; });
  thread_.join();
}

void Shard::post(base::Task task) {
  bool wake = false;
  {
    const std::lock_guard lock(posted_mutex_);
    posted_.push_back(std::move(task));
    posts_waiting_.store(posted_.size(), std::memory_order_relaxed);
    wake = !std::exchange(wake_up_pending_, true);
  }
  if (wake) wake_up();
}

void Shard::post_all(std::vector<base::Task>& tasks) {
  if (tasks.empty()) return;
  bool wake = false;
  {
    const std::lock_guard lock(posted_mutex_);
    for (auto& task : tasks) posted_.push_back(std::move(task));
    posts_waiting_.store(posted_.size(), std::memory_order_relaxed);
    wake = !std::exchange(wake_up_pending_, true);
  }
  tasks.clear();
  if (wake) wake_up();
}

void Shard::wake_up() {
  boost::asio::post(*io_, [this] { run_posted(); });
}

void Shard::run_posted() {
  {
    const std::lock_guard lock(posted_mutex_);
    running_.swap(posted_);
    posts_waiting_.store(0, std::memory_order_relaxed);
    wake_up_pending_ = false;
  }
  for (auto& task : running_) task();
  running_.clear();
}

void Shard::at_end_of_turn(base::Task task) {
  end_of_turn_.push_back(std::move(task));
}

void Shard::run_end_of_turn() {
  end_of_turn_running_.swap(end_of_turn_);
  for (auto& task : end_of_turn_running_) task();
  end_of_turn_running_.clear();
}

void Shard::run() {
  auto work = boost::asio::make_work_guard(*io_);
  while (!leaving_) {
    wait();
    run_turn();
  }
  run_end_of_turn();
}

void Shard::run_turn() {
  for (int handled = 0; handled < kHandlersPerTurn && io_->poll_one() != 0; ++handled) {
  }
  readiness_.dispatch();
  timers_.advance(clock_.steady_now());
  run_end_of_turn();
}

void Shard::wait() {
  if (!end_of_turn_.empty()) return;  // the last turn's end asked for another
  waiter_->arm();
  const auto due = timers_.next_due();
  const auto now = clock_.steady_now();
  if (due && *due <= now) return;
  const auto longest = base::SteadyTime::duration(kLongestSleep);
  io_->run_one_for(due ? std::min(*due - now, longest) : longest);
}

}  // namespace aio
