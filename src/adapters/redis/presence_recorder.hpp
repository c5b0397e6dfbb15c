#pragma once
// PresenceRecorder: a thread that keeps chat::PresenceRecord up to date, late by PresenceOptions::record_every. It
// remembers who has changed, not how: what is written is what LeaseTable says at that moment. What cannot be written
// waits for the next time. From time to time it compares the record with the table, whatever has made them differ:
// another node that was late to take this one for dead, an older version, a restored backup.
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
  struct Pace {
    std::chrono::milliseconds every;          // changes are gathered for so long
    std::chrono::milliseconds compare_every;  // after starting over a sixth of it: that is when others are late
  };
  PresenceRecorder(std::string node, Pace pace, chat::PresenceRecord& record, const LeaseTable& table);
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
  bool compare();

  const std::string node_;
  const Pace pace_;
  chat::PresenceRecord& record_;
  const LeaseTable& table_;
  // Of the thread.
  chat::WallTime said_{};  // of the last write
  bool strays_gone_ = false;
  std::chrono::steady_clock::time_point compare_at_{};

  std::mutex mutex_;
  std::condition_variable wake_;
  Users changed_;           // guarded
  bool start_over_ = true;  // guarded
  bool stopping_ = false;   // guarded
  std::atomic<std::uint64_t> failed_{0};
  std::thread thread_;
};

}  // namespace adapters::redis
