#include "adapters/redis/presence_recorder.hpp"

#include <utility>
#include <vector>

namespace adapters::redis {

namespace {
/// Beyond, changes are no longer remembered one by one: everything is written again.
constexpr std::size_t kMostChanges = 262'144;
/// Of one call of the record.
constexpr std::size_t kBatch = 1'000;
}  // namespace

PresenceRecorder::PresenceRecorder(std::string node, std::chrono::milliseconds every, chat::PresenceRecord& record,
                                   const LeaseTable& table)
    : node_(std::move(node)), every_(every), record_(record), table_(table), thread_([this] { run(); }) {}

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
    const bool done = all ? write_all() : write(users);
    lock.lock();
    if (!done) {
      failed_.fetch_add(1, std::memory_order_relaxed);
      start_over_ = start_over_ || all;
      changed_.merge(users);
    }
    if (done) wake_.wait(lock, [this] { return stopping_ || start_over_ || !changed_.empty(); });
    // Changes gather, and a record that fails is left alone for as long.
    wake_.wait_for(lock, every_, [this] { return stopping_; });
  }
}

/// The table holds those who are here; everybody else is forgotten first.
bool PresenceRecorder::write_all() {
  if (!record_.forget_node(node_)) return false;
  for (std::size_t slice = 0; slice < LeaseTable::kSlices; ++slice) {
    const auto users = table_.users(slice);
    if (!write(Users(users.begin(), users.end()))) return false;
  }
  return true;
}

bool PresenceRecorder::write(const Users& users) {
  std::vector<chat::PresenceChange> changes;
  for (auto user = users.begin(); user != users.end();) {
    changes.clear();
    for (; user != users.end() && changes.size() < kBatch; ++user) {
      changes.push_back({.user = *user, .online = table_.contains(*user)});
    }
    if (!record_.record(node_, changes)) return false;
  }
  return true;
}

}  // namespace adapters::redis
