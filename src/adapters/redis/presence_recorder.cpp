#include "adapters/redis/presence_recorder.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace adapters::redis {

namespace {
/// Beyond, changes are no longer remembered one by one: everything is written again.
constexpr std::size_t kMostChanges = 262'144;
/// Of one call of the record.
constexpr std::size_t kBatch = 1'000;
using Clock = std::chrono::steady_clock;
}  // namespace

PresenceRecorder::PresenceRecorder(std::string node, Pace pace, chat::PresenceRecord& record, const LeaseTable& table)
    : node_(std::move(node)), pace_(pace), record_(record), table_(table), thread_([this] { run(); }) {}

PresenceRecorder::~PresenceRecorder() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  thread_.join();
  static_cast<void>(record_.forget_node(node_));
}

void PresenceRecorder::changed(const chat::UserId& user) {
  const std::lock_guard lock(mutex_);
  if (changed_.size() >= kMostChanges) {
    changed_.clear();
    start_over_ = true;
  }
  changed_.insert(user);
  if (changed_.size() == 1) wake_.notify_one();
}

void PresenceRecorder::start_over() {
  const std::lock_guard lock(mutex_);
  start_over_ = true;
  wake_.notify_one();
}

void PresenceRecorder::run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    auto users = std::exchange(changed_, {});
    const bool all = std::exchange(start_over_, false);
    lock.unlock();
    bool done = all ? write_all() : write(users);
    if (done && !all && Clock::now() >= compare_at_) {
      done = compare();
      compare_at_ = Clock::now() + pace_.compare_every;
    }
    if (all) compare_at_ = Clock::now() + pace_.compare_every / 6;
    lock.lock();
    if (!done) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      start_over_ = start_over_ || all;
      changed_.merge(users);
    }
    if (done) wake_.wait_until(lock, compare_at_, [this] { return stopping_ || start_over_ || !changed_.empty(); });
    // Changes gather, and a record that fails is left alone for as long.
    wake_.wait_for(lock, pace_.every, [this] { return stopping_; });
  }
}

/// The table holds those who are here; everybody else is forgotten first.
bool PresenceRecorder::write_all() {
  if (!record_.forget_node(node_)) return false;
  if (!strays_gone_ && !record_.forget_strays(node_)) return false;
  strays_gone_ = true;
  for (std::size_t slice = 0; slice < LeaseTable::kSlices; ++slice) {
    const auto users = table_.users(slice);
    if (!write(Users(users.begin(), users.end()))) return false;
  }
  return true;
}

bool PresenceRecorder::compare() {
  const auto recorded = record_.recorded_by(node_);
  if (!recorded) return false;
  const Users known(recorded->begin(), recorded->end());
  Users wrong;
  for (const auto& user : known) {
    if (!table_.contains(user)) wrong.insert(user);
  }
  for (std::size_t slice = 0; slice < LeaseTable::kSlices; ++slice) {
    for (const auto& user : table_.users(slice)) {
      if (!known.contains(user)) wrong.insert(user);
    }
  }
  return write(wrong);
}

bool PresenceRecorder::write(const Users& users) {
  std::vector<chat::PresenceChange> changes;
  for (auto user = users.begin(); user != users.end();) {
    changes.clear();
    for (; user != users.end() && changes.size() < kBatch; ++user) {
      changes.push_back({.user = *user, .online = table_.contains(*user)});
    }
    // By this node's clock, and rising even where that does not.
    const auto now = std::chrono::time_point_cast<chat::WallTime::duration>(std::chrono::system_clock::now());
    said_ = std::max(chat::WallTime(now.time_since_epoch()), said_ + chat::WallTime::duration(1));
    if (!record_.record(node_, said_, changes)) return false;
  }
  return true;
}

}  // namespace adapters::redis
