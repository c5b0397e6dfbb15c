#pragma once
// Inbox: messages of Redis that wait until the shards have served enough of those before them. Its bytes are bounded;
// what finds no room is lost. No I/O; one thread.

#include <cstddef>
#include <deque>
#include <string>

#include "redis/subscriber.hpp"

namespace broadcaster_redis {

class Inbox {
 public:
  struct Letter {
    redis::SubscriptionKind kind;
    std::string pattern;
    std::string channel;
    std::string payload;
    [[nodiscard]] redis::Message message() const { return {kind, pattern, channel, payload}; }
  };

  explicit Inbox(std::size_t max_bytes) : max_bytes_(max_bytes) {}
  [[nodiscard]] bool empty() const { return letters_.empty(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  /// False: no room.
  bool push(const redis::Message& message);
  /// The oldest; there is one.
  Letter pop();

 private:
  static std::size_t size_of(const redis::Message& message);

  const std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::deque<Letter> letters_;
};

}  // namespace broadcaster_redis
