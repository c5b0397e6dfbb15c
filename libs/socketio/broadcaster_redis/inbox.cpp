#include "socketio/broadcaster_redis/inbox.hpp"

#include <utility>

#include "base/check.hpp"

namespace broadcaster_redis {

std::size_t Inbox::size_of(const redis::Message& message) {
  return sizeof(Letter) + message.pattern.size() + message.channel.size() + message.payload.size();
}

bool Inbox::push(const redis::Message& message) {
  const std::size_t size = size_of(message);
  if (bytes_ + size > max_bytes_) return false;
  bytes_ += size;
  letters_.push_back({.kind = message.kind,
                      .pattern = std::string(message.pattern),
                      .channel = std::string(message.channel),
                      .payload = std::string(message.payload)});
  return true;
}

Inbox::Letter Inbox::pop() {
  CHECK(!letters_.empty());
  Letter oldest = std::move(letters_.front());
  letters_.pop_front();
  bytes_ -= size_of(oldest.message());
  return oldest;
}

}  // namespace broadcaster_redis
