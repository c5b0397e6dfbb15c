#pragma once
// PresenceRecorder: a thread that keeps chat::PresenceRecord up to date, late by PresenceOptions::record_every. It
// remembers who has changed, not how: what is written is what LeaseTable says at that moment. What cannot be written
// waits for the next time.
//
// Owner: RedisPresence. Everything is for any thread and does not wait. It begins with forgetting what an earlier life
// of this node has left, and the destructor ends with forgetting this one: one write, bounded by the record's own
// time-outs. Inside of this room.

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_set>

#include "adapters/redis/lease_table.hpp"
#include "chat/ports/presence_record.hpp"

namespace adapters::redis {

class PresenceRecorder {
 public:
  PresenceRecorder(std::string node, std::chrono::milliseconds every, chat::PresenceRecord& record,
                   const LeaseTable& table);
  ~PresenceRecorder();
  PresenceRecorder(const PresenceRecorder&) = delete;
  PresenceRecorder& operator=(const PresenceRecorder&) = delete;

  /// The user came, or is gone.
  void changed(const chat::UserId& user);
  /// The record is wrong about this node: everything is written again.
  void start_over();
  [[nodiscard]] std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  using Users = std::unordered_set<chat::UserId>;
  void run();
  bool write_all();
  bool write(const Users& users);

  const std::string node_;
  const std::chrono::milliseconds every_;
  chat::PresenceRecord& record_;
  const LeaseTable& table_;
  std::mutex mutex_;
  std::condition_variable wake_;
  Users changed_;           // guarded
  bool start_over_ = true;  // guarded
  bool stopping_ = false;   // guarded
  std::atomic<std::uint64_t> failed_{0};
  std::thread thread_;
};

}  // namespace adapters::redis
