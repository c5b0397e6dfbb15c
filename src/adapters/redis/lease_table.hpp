#pragma once
// LeaseTable: the live connections of this node, by user. Nearly every user has one connection, so a row is the user
// and that one; further ones go to a side table. Split into slices by user: a lock is held for one look-up, and the
// leases are renewed a slice at a time. Thread-safe. Inside of this room.

#include <array>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "chat/ports/presence.hpp"

namespace adapters::redis {

class LeaseTable {
 public:
  /// A renewal takes one at a time: more than threads that would meet in one, few enough to keep bursts rare.
  static constexpr std::size_t kSlices = 16;

  struct Connection {
    chat::ConnectionId id;
    chat::DeviceId device;
  };
  enum class Effect : std::uint8_t {
    kNothing,
    kConnections,  // the user has others
    kUser,         // the user came, or is gone
  };
  Effect add(const chat::UserId& user, chat::ConnectionId connection, const chat::DeviceId& device);
  /// This connection only.
  Effect remove(const chat::UserId& user, chat::ConnectionId connection);

  [[nodiscard]] bool contains(const chat::UserId& user) const;
  [[nodiscard]] std::vector<Connection> connections(const chat::UserId& user) const;
  [[nodiscard]] std::vector<chat::UserId> users(std::size_t slice) const;
  [[nodiscard]] std::size_t size() const;

 private:
  struct Slice {
    mutable std::mutex mutex;
    std::unordered_map<chat::UserId, Connection> first;                // one connection of everyone here
    std::unordered_map<chat::UserId, std::vector<Connection>> others;  // the rest; never empty vectors
  };
  Slice& slice_of(const chat::UserId& user) { return slices_[user.bytes.back() % kSlices]; }
  const Slice& slice_of(const chat::UserId& user) const { return slices_[user.bytes.back() % kSlices]; }

  std::array<Slice, kSlices> slices_;
};

}  // namespace adapters::redis
