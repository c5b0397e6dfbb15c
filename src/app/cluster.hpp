#pragma once
// Cluster: this node among others. Presence, the bus and the limits that all count together over Redis where there is
// one (redis.uri), and what the store says of nodes that die. Without Redis, and with the embedded store, it is the
// local presence and nothing else.
//
// Owner: Server. Made before the lane, which uses it, and destroyed after it.

#include <memory>
#include <string>

#include "adapters/crypto/key_ring.hpp"
#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/redis/redis_bus.hpp"
#include "adapters/redis/redis_presence.hpp"
#include "adapters/redis/redis_throttle.hpp"
#include "app/settings.hpp"
#include "base/metrics.hpp"
#include "chat/services/lane.hpp"

namespace app {

/// Why redis.uri cannot be used; nullopt: it can, or is empty.
std::optional<std::string> refuse_redis(const Settings& settings);

class Cluster {
 public:
  /// `store`: null with the embedded store; outlives this. `keys`: those that all nodes have in common.
  Cluster(const Settings& settings, const adapters::crypto::KeyRing& keys, adapters::mongodb::MongoStore* store);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  [[nodiscard]] chat::Presence& presence() { return *presence_; }
  /// Null: there is nobody to talk to.
  [[nodiscard]] chat::NodeBus* bus() { return bus_.get(); }
  /// Null: there is nobody to count with.
  [[nodiscard]] chat::SharedThrottle* shared_limits() { return throttle_.get(); }
  /// Of those that share the store, the one that does what only one has to do.
  [[nodiscard]] bool leads() const { return store_ == nullptr || store_->leads(); }
  [[nodiscard]] bool has_peers() const { return store_ != nullptr; }

  /// From now on the lane hears what others tell.
  void connect(chat::Lane& lane);
  /// Nobody waits for the shared limits any more, and none of their answers comes later. While the pools still run.
  void stop_limits();
  /// Returns when nothing calls the lane any more.
  void disconnect();
  void export_metrics(base::Registry& registry);

 private:
  struct Ear;

  adapters::mongodb::MongoStore* const store_;
  std::shared_ptr<Ear> ear_;
  std::unique_ptr<chat::Presence> presence_;
  adapters::redis::RedisPresence* redis_presence_ = nullptr;  // presence_, when it is in Redis
  std::unique_ptr<adapters::redis::RedisBus> bus_;
  std::unique_ptr<adapters::redis::RedisThrottle> throttle_;
};

}  // namespace app
