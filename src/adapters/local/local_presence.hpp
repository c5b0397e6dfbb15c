#pragma once
// LocalPresence: users online on this node, each with its live connections.
//
// Nearly every user has one connection, so a row is the user and that one; further connections of a user (a second
// device) go to a side table. Sharded by user: a lock is held for one look-up.

#include <array>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "chat/ports/presence.hpp"

namespace adapters::local {

class LocalPresence final : public chat::Presence {
 public:
  void set_online(const chat::UserId& user, chat::ConnectionId connection, const chat::DeviceId& device) override;
  void clear(const chat::UserId& user, chat::ConnectionId connection) override;
  [[nodiscard]] bool is_online(const chat::UserId& user) const override;
  [[nodiscard]] std::vector<Found> look_up_devices(const chat::UserId& user,
                                                   std::span<const chat::DeviceId> devices) const override;

  /// Users with at least one connection, for a metric.
  [[nodiscard]] std::size_t online_users() const;

 private:
  struct Connection {
    chat::ConnectionId id;
    chat::DeviceId device;
  };
  struct Shard {
    mutable std::mutex mutex;
    std::unordered_map<chat::UserId, Connection> first;                // one connection of everyone online
    std::unordered_map<chat::UserId, std::vector<Connection>> others;  // the rest; never empty vectors
  };
  static constexpr std::size_t kShards = 16;  // far more than threads that would meet in one

  Shard& shard_of(const chat::UserId& user) const { return shards_[user.bytes.back() % kShards]; }

  mutable std::array<Shard, kShards> shards_;
};

}  // namespace adapters::local
