#pragma once
// LeaseWriter: the thread that keeps this node's leases in Redis and asks for those of others.
//
// What is written of a user is what LeaseTable says at that moment, all of it: changes of a turn become one write, and
// the last write wins; of one user one write at a time is under way. Each slice of the table is renewed in its turn.
// Nothing is kept for a server that is not there, except who is gone: a new connection begins with all leases.
//
// Owner: RedisPresence. changed(), ask() and the counters are for any thread, the rest happens on the shard. The
// destructor deletes all fields of this node, within PresenceOptions::farewell. Inside of this room.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "adapters/redis/lease_keys.hpp"
#include "adapters/redis/lease_table.hpp"
#include "adapters/redis/redis_presence.hpp"
#include "adapters/redis/script_connection.hpp"
#include "aio/shard.hpp"

namespace adapters::redis {

class LeaseQuestion;

class LeaseWriter {
 public:
  LeaseWriter(const PresenceOptions& options, const LeaseTable& table);
  ~LeaseWriter();
  LeaseWriter(const LeaseWriter&) = delete;
  LeaseWriter& operator=(const LeaseWriter&) = delete;

  /// The table says something new of this user. Never waits.
  void changed(const chat::UserId& user);

  enum class Answer : std::uint8_t { kUnknown, kAbsent, kOnline };
  /// One answer for each of `users`; nullopt: Redis is not there, or has not answered in time. Waits, but at once down.
  std::optional<std::vector<Answer>> ask(std::vector<chat::UserId> users);

  struct Devices {
    std::vector<chat::DeviceId> live;
    /// False: some may be missing.
    bool complete = false;
  };
  /// The devices of `user` that hold a lease, on any node; nullopt as in ask(). Waits, but at once down.
  std::optional<Devices> ask_devices(const chat::UserId& user);

  [[nodiscard]] bool up() const;
  [[nodiscard]] std::uint64_t failed() const { return failed_.load(std::memory_order_relaxed); }

 private:
  using Outcome = base::Result<::redis::Reply, ::redis::CommandError>;

  void on_state(bool ready);
  void flush_changes();
  void queue(const chat::UserId& user);
  void queue_slice(std::size_t slice);
  void queue_all();
  void queue_missed();
  /// False: none of our leases belong there.
  bool queue_memory(std::size_t memory);
  void write_more();
  void write(const chat::UserId& user);
  void written(const chat::UserId& user, const Outcome& outcome);
  void on_renewal();
  void check_marks(std::size_t count);
  void check_mark(std::size_t memory);
  void marked(std::size_t memory, const std::string& mark);
  /// What Redis says of the mark of this memory -> whether an absent lease is an answer.
  bool believe_absence(std::size_t memory, const Outcome& outcome);
  /// False: no answer in time, or no connection.
  bool pose(const std::shared_ptr<LeaseQuestion>& question);
  void send(const std::shared_ptr<LeaseQuestion>& question);
  void ask_mark(std::size_t memory, const std::shared_ptr<LeaseQuestion>& question);
  void note_farewell();
  [[nodiscard]] bool resting() const;

  const PresenceOptions options_;
  const LeaseTable& table_;
  const std::string prefix_;  // of this node's fields
  const std::string lease_;
  const LeaseKeys keys_;

  std::mutex changes_mutex_;
  std::unordered_set<chat::UserId> changes_;  // guarded; empty or a flush is posted

  std::atomic<bool> ready_{false};
  std::atomic<base::SteadyTime> rest_until_{base::SteadyTime{}};
  std::atomic<std::uint64_t> failed_{0};

  // On the shard.
  std::deque<chat::UserId> queue_;
  std::unordered_set<chat::UserId> queued_;           // the same, each once
  std::unordered_map<chat::UserId, bool> under_way_;  // true: once more after this write
  std::unordered_set<chat::UserId> missed_;           // gone, and Redis could not be told
  std::size_t next_slice_ = 0;
  struct Memory {
    std::string mark;        // of the memory that holds our leases; empty: unknown
    bool refilling = false;  // it lacks some of our leases
  };
  std::vector<Memory> memories_;  // one for each mark
  std::size_t next_mark_ = 0;
  base::SteadyTime settled_from_{};
  bool was_ready_ = false;
  bool leaving_ = false;

  std::mutex farewell_mutex_;
  std::condition_variable farewell_;
  bool gone_ = false;  // guarded

  base::SystemClock clock_;
  aio::Shard shard_;
  aio::Timer renewal_;
  ScriptConnection connection_;  // destroyed first, after the shard has stopped
};

}  // namespace adapters::redis
