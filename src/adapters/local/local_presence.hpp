#pragma once
// LocalPresence: users online on this node, each with its live connections.
//
// Nearly every user has one connection, so a row is the user and one number; further connections of a user (a second
// device) go to a side table. Sharded by user: a lock is held for one look-up.

#include <array>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "chat/ports/presence.hpp"

namespace adapters::local {

class LocalPresence final : public chat::Presence {
 public:
  void set_online(const chat::UserId& user, chat::ConnectionId connection) override;
  void clear(const chat::UserId& user, chat::ConnectionId connection) override;
  [[nodiscard]] bool is_online(const chat::UserId& user) const override;

  /// Users with at least one connection, for a metric.
  [[nodiscard]] std::size_t online_users() const;

 private:
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<chat::UserId, chat::ConnectionId> first;                // one connection of everyone online
    std::unordered_map<chat::UserId, std::vector<chat::ConnectionId>> others;  // the rest; never empty vectors
  };
  static constexpr std::size_t kShards = 16;  // far more than threads that would meet in one

  Shard& shard_of(const chat::UserId& user) const { return shards_[user.bytes.back() % kShards]; }

  mutable std::array<Shard, kShards> shards_;
};

}  // namespace adapters::local
