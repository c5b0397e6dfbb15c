#pragma once
// Subscriber: a connection that only listens. What is subscribed to is remembered and asked for again after every
// reconnection; what was published meanwhile is lost, as always with Redis. Shard thread only; destroyed there, or
// after the shard has stopped.

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "aio/timer_wheel.hpp"
#include "base/task.hpp"
#include "redis/link.hpp"
#include "redis/options.hpp"

namespace redis {

/// kSharded needs Redis 7 and a server that has all slots: of a Redis Cluster any node is listened to, which hears the
/// other two kinds from everywhere, and of the sharded channels those of its own slots only.
enum class SubscriptionKind : std::uint8_t { kChannel, kPattern, kSharded };

struct Message {
  SubscriptionKind kind;
  std::string_view pattern;  // kPattern only
  std::string_view channel;
  std::string_view payload;
};

class Subscriber final : private Link::Owner {
 public:
  using MessageCallback = base::Function<void(const Message& message)>;
  /// `live`: all that was asked for is confirmed by the server. False: the connection was lost.
  using StateCallback = base::Function<void(bool live)>;

  Subscriber(aio::Shard& shard, const Options& options, MessageCallback on_message, StateCallback on_state);
  ~Subscriber() override;
  Subscriber(const Subscriber&) = delete;
  Subscriber& operator=(const Subscriber&) = delete;

  void start() { link_->start(); }
  void subscribe(SubscriptionKind kind, std::string_view name);
  void unsubscribe(SubscriptionKind kind, std::string_view name);
  [[nodiscard]] bool live() const { return link_->ready() && unconfirmed_ == 0; }
  /// The server has confirmed this one on the connection of now.
  [[nodiscard]] bool listens(SubscriptionKind kind, std::string_view name) const;

 private:
  void on_ready() override;
  void on_lost() override;
  void on_reply(Reply reply) override;
  void on_keepalive();
  void ask(std::string_view command, std::string_view name);
  void confirmed(SubscriptionKind kind, const std::string& name, bool subscribed);

  aio::Shard& shard_;
  const Options options_;
  MessageCallback on_message_;
  StateCallback on_state_;
  // Wanted -> confirmed by the server.
  std::map<std::pair<SubscriptionKind, std::string>, bool> wanted_;
  std::size_t unconfirmed_ = 0;
  bool heard_ = false;  // anything since the last sign of life was asked for
  aio::Timer keepalive_;
  std::shared_ptr<Link> link_;
};

}  // namespace redis
