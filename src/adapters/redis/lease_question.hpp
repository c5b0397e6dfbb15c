#pragma once
// LeaseQuestion: one look-up, between the thread that waits for it and the shard that gathers the answers. Both hold
// it: whoever has stopped waiting leaves the rest to the shard. Inside of this room.

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "adapters/redis/lease_writer.hpp"

namespace adapters::redis {

class LeaseQuestion {
 public:
  using Answer = LeaseWriter::Answer;
  /// `which`: kLookUp, or kLookUpDevices for one user.
  LeaseQuestion(std::vector<chat::UserId> about, Script which)
      : users(std::move(about)),
        script(which),
        answers(users.size(), Answer::kUnknown),
        believed(users.size(), false) {}

  /// On the shard: one of the replies has come; the last one wakes the thread that waits.
  void one_more() {
    if (--missing > 0) return;
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i] == Answer::kAbsent && !believed[i]) answers[i] = Answer::kUnknown;
    }
    const std::lock_guard lock(mutex_);
    complete_ = true;
    done_.notify_one();
  }
  /// False: too late, and the answers may still change.
  bool wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    return done_.wait_for(lock, at_most, [this] { return complete_; });
  }

  const std::vector<chat::UserId> users;
  const Script script;
  std::vector<Answer> answers;          // the shard's until wait() is true
  std::vector<chat::DeviceId> devices;  // likewise; with a lease, of kLookUpDevices
  std::vector<bool> believed;           // of each user: an absent lease is an answer; the shard's until wait() is true
  std::size_t missing = 1;              // replies: one a user, and the marks; the shard's
  bool failed = false;                  // there is no connection; the shard's until wait() is true

 private:
  std::mutex mutex_;
  std::condition_variable done_;
  bool complete_ = false;  // guarded
};

}  // namespace adapters::redis
