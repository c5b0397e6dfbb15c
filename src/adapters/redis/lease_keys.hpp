#pragma once
// Where the leases of a user lie, and which mark names the memory that holds them. A single server has one memory and
// one mark. In a Redis Cluster each master has a memory of its own, and any of them may be lost alone: there users are
// spread over kMarks hash tags, and each has a mark in the same slot, hence always on the same master, wherever that
// slot is moved to. Inside of this room.

#include <cstddef>
#include <string>
#include <string_view>

#include "adapters/redis/lease_scripts.hpp"
#include "base/hex.hpp"

namespace adapters::redis {

class LeaseKeys {
 public:
  /// Enough to spread over the masters of a large cluster; each is asked for at least every two seconds.
  static constexpr std::size_t kMarks = 64;

  explicit LeaseKeys(bool in_cluster) : in_cluster_(in_cluster) {}

  [[nodiscard]] std::size_t marks() const { return in_cluster_ ? kMarks : 1; }
  /// Below marks(). The last byte of an id counts.
  [[nodiscard]] std::size_t mark_of(const chat::UserId& user) const {
    return in_cluster_ ? user.bytes.back() % kMarks : 0;
  }
  [[nodiscard]] std::string mark_key(std::size_t mark) const {
    return in_cluster_ ? std::string(kMarkKey) + tag(mark) : std::string(kMarkKey);
  }
  [[nodiscard]] std::string user_key(const chat::UserId& user) const {
    return in_cluster_ ? "online:" + tag(mark_of(user)) + user.hex() : lease_key(user);
  }

 private:
  static std::string tag(std::size_t mark) { return "{" + base::to_hex(std::string(1, static_cast<char>(mark))) + "}"; }

  const bool in_cluster_;
};

}  // namespace adapters::redis
