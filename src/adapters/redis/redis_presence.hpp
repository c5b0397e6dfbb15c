#pragma once
// RedisPresence: who is online on any node. In Redis, `online:{user}` is a hash with a field for each connection,
// `<node>:<connection>/<device>` -> end of its lease in milliseconds of Redis' clock (docs/data-model.md, "In Redis").
// A node renews the leases of its connections; those of a node that died run out. All of it is a hint (I8).
//
// Owner: the application. All verbs are for any thread; only look_up() and look_up_devices() wait, at most
// PresenceOptions::answer_within for Redis, and look_up() then for the record if there is one. The constructor returns
// at once, whether or not there is a server; the destructor takes back what this node said, within
// PresenceOptions::farewell and one write of the record.
//
// Redis that has lost its memory (FLUSHALL, a restart) is noticed by the key `restante:presence`, which says when it
// began: the nodes write all their leases again at once, and until all had time to, "absent" is no answer.

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "chat/ports/presence.hpp"
#include "chat/ports/presence_record.hpp"
#include "redis/options.hpp"

namespace adapters::redis {

struct PresenceOptions {
  /// This node's name, unique among the nodes; not empty.
  std::string node;
  ::redis::Options server;
  /// How long a connection counts as alive after its node was last heard.
  std::chrono::milliseconds lease{20'000};
  /// Each lease once in so long, spread evenly: three may be lost before somebody seems to be away.
  std::chrono::milliseconds renew_every{5'000};
  /// A look-up is on somebody's way to an answer: later than this is too late.
  std::chrono::milliseconds answer_within{100};
  /// After an answer that did not come in time nobody asks for so long, unless it comes or a connection is made
  /// meanwhile.
  std::chrono::milliseconds rest_after_silence{1'000};
  /// After a loss of memory or a reconnection: the time in which every node should have written its leases again.
  std::chrono::milliseconds settle{2'000};
  /// Changes for the record are gathered for so long (it may be five seconds old).
  std::chrono::milliseconds record_every{2'000};
  /// The record is compared with this node's connections so often, and put right.
  std::chrono::milliseconds compare_record_every{60'000};
  /// For the destructor.
  std::chrono::milliseconds farewell{1'000};
};

class LeaseTable;
class LeaseWriter;
class PresenceRecorder;

class RedisPresence final : public chat::Presence {
 public:
  /// `record` may be null, else it outlives this: asked when Redis does not answer, and kept up to date.
  RedisPresence(const PresenceOptions& options, chat::PresenceRecord* record);
  ~RedisPresence() override;
  RedisPresence(const RedisPresence&) = delete;
  RedisPresence& operator=(const RedisPresence&) = delete;

  void set_online(const chat::UserId& user, chat::ConnectionId connection, const chat::DeviceId& device) override;
  void clear(const chat::UserId& user, chat::ConnectionId connection) override;
  [[nodiscard]] bool is_online(const chat::UserId& user) const override;
  [[nodiscard]] std::vector<Found> look_up(std::span<const chat::UserId> users) const override;
  /// The record knows no devices: where Redis does not answer, a device is online whose connection is here. One of a
  /// node of an earlier version, which writes no device with its lease, seems to be away.
  [[nodiscard]] std::vector<Found> look_up_devices(const chat::UserId& user,
                                                   std::span<const chat::DeviceId> devices) const override;

  /// Others have declared this node dead and forgotten its users in the record, yet it lives: all are recorded again.
  void record_again();
  /// Users with at least one connection here.
  [[nodiscard]] std::size_t online_users() const;

  // For metrics.
  /// There is a connection to Redis, and it answers in time.
  [[nodiscard]] bool up() const;
  /// Writes of leases that did not succeed: the next renewal makes up for each.
  [[nodiscard]] std::uint64_t renewals_failed() const;
  /// How often the record could not be written when it was due; what was to be written is tried again.
  [[nodiscard]] std::uint64_t record_writes_failed() const;
  /// Look-ups that Redis was asked for, and how long they took in all, answered or not.
  [[nodiscard]] std::uint64_t look_ups() const { return look_ups_.load(std::memory_order_relaxed); }
  [[nodiscard]] std::chrono::microseconds look_up_time() const {
    return std::chrono::microseconds(look_up_microseconds_.load(std::memory_order_relaxed));
  }

 private:
  using Wanted = std::vector<std::size_t>;  // indices into `users`
  /// Those of `wanted` that Redis does not answer.
  template <class Ask>
  auto timed(Ask&& ask) const;
  Wanted ask_redis(std::span<const chat::UserId> users, const Wanted& wanted, std::vector<Found>& found) const;
  void ask_record(std::span<const chat::UserId> users, const Wanted& wanted, std::vector<Found>& found) const;

  const PresenceOptions options_;
  chat::PresenceRecord* const record_;
  std::unique_ptr<LeaseTable> table_;
  std::unique_ptr<LeaseWriter> writer_;
  std::unique_ptr<PresenceRecorder> recorder_;  // null without a record
  mutable std::atomic<std::uint64_t> look_ups_{0};
  mutable std::atomic<std::uint64_t> look_up_microseconds_{0};
};

}  // namespace adapters::redis
