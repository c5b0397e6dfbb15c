#include "app/cluster.hpp"

#include <algorithm>
#include <fstream>
#include <mutex>

#include "adapters/local/local_presence.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "chat/rules/pseudonym.hpp"
#include "redis/url.hpp"

namespace app {
namespace {

constexpr std::size_t kNodeNameBytes = 6;

std::string name_of_node(const adapters::mongodb::MongoStore* store) {
  if (store != nullptr) return store->node();
  base::SecureRandom random;
  return base::to_hex(random.bytes(kNodeNameBytes));
}

/// Names for those whom limits count. Derived from the key of the refresh tokens, because that is one which all nodes
/// must have in common anyway; while they do not, they count apart.
std::function<std::string(const chat::ThrottleKey&)> limit_names(const adapters::crypto::KeyRing& keys) {
  const auto ring = keys.keys();
  const auto& secret = adapters::crypto::current_key(*ring, adapters::crypto::KeyPurpose::kRefresh).secret;
  const auto mac = adapters::crypto::hmac_sha256(secret.view(), "names of those whom limits count");
  chat::PseudonymKey key;
  std::copy_n(mac.begin(), key.size(), key.begin());
  return [key](const chat::ThrottleKey& of) { return chat::pseudonym(key, of.subject, of.who); };
}

}  // namespace

/// Between the threads of the bus and the store, and a lane that ends before them.
struct Cluster::Ear {
  std::mutex mutex;
  chat::Lane* lane = nullptr;  // guarded

  template <class Act>
  void with_lane(Act&& act) {
    const std::lock_guard lock(mutex);
    if (lane != nullptr) act(*lane);
  }
};

std::optional<std::string> refuse_redis(const Settings& settings) {
  const auto& uri = settings.redis.uri;
  const auto& ca_file = settings.redis.ca_file;
  if (uri.empty()) return std::nullopt;
  if (!redis::parse_url(uri)) {
    return "redis.uri is not a Redis URL (redis://[user][:password@]host[:port][/database], "
           "redis+sentinel://host,host/group, redis+cluster://host,host; rediss for TLS)";
  }
  if (!ca_file.empty() && !std::ifstream(ca_file)) return "redis.ca_file cannot be read: " + ca_file;
  return std::nullopt;
}

Cluster::Cluster(const Settings& settings, const adapters::crypto::KeyRing& keys, adapters::mongodb::MongoStore* store)
    : store_(store), ear_(std::make_shared<Ear>()) {
  if (settings.redis.uri.empty()) {
    presence_ = std::make_unique<adapters::local::LocalPresence>();
    return;
  }
  const auto name = name_of_node(store);
  redis::Options server;
  server.endpoint = *redis::parse_url(settings.redis.uri);
  server.ca_file = settings.redis.ca_file;
  adapters::redis::PresenceOptions options;
  options.node = name;
  options.server = server;
  auto presence =
      std::make_unique<adapters::redis::RedisPresence>(options, store != nullptr ? &store->presence_record() : nullptr);
  redis_presence_ = presence.get();
  presence_ = std::move(presence);
  if (store == nullptr) return;
  adapters::redis::BusOptions bus;
  bus.node = name;
  bus.server = server;
  bus_ = std::make_unique<adapters::redis::RedisBus>(bus);
  adapters::redis::ThrottleOptions limits;
  limits.server = server;
  limits.name_of = limit_names(keys);
  throttle_ = std::make_unique<adapters::redis::RedisThrottle>(std::move(limits));
}

Cluster::~Cluster() {
  disconnect();
}

void Cluster::connect(chat::Lane& lane) {
  {
    const std::lock_guard lock(ear_->mutex);
    ear_->lane = &lane;
  }
  if (bus_) {
    bus_->listen([ear = ear_](const chat::NodeNote& note) { ear->with_lane([&](chat::Lane& to) { to.hear(note); }); });
  }
  if (store_ == nullptr) return;
  const auto died = [this, ear = ear_](const std::string& node) {
    auto users = store_->presence_record().recorded_by(node);
    if (!users) return false;
    // First: when the record cannot be changed now, all of this comes again, and telling it twice does no harm.
    ear->with_lane([&](chat::Lane& to) { to.node_died(std::move(*users)); });
    return store_->presence_record().forget_node(node);
  };
  store_->watch_nodes(died, [this, ear = ear_] {
    if (redis_presence_ != nullptr) redis_presence_->record_again();
    ear->with_lane([](chat::Lane& to) { to.announce_again(); });
  });
}

void Cluster::stop_limits() {
  if (throttle_) throttle_->stop();
}

void Cluster::disconnect() {
  if (store_ != nullptr) store_->watch_nodes({}, {});
  const std::lock_guard lock(ear_->mutex);
  ear_->lane = nullptr;
}

void Cluster::export_metrics(base::Registry& registry) {
  if (redis_presence_ != nullptr) {
    registry.sampled("restante_redis_up", "1: the presence table answers", {},
                     [this] { return redis_presence_->up() ? 1.0 : 0.0; });
    registry.sampled_counter("restante_presence_renewals_failed_total", "Leases that could not be renewed in time", {},
                             [this] { return static_cast<double>(redis_presence_->renewals_failed()); });
    registry.sampled_counter("restante_presence_record_failed_total", "Writes of users.isOnline that were put off", {},
                             [this] { return static_cast<double>(redis_presence_->record_writes_failed()); });
  }
  if (bus_) {
    registry.sampled_counter("restante_bus_dropped_total", "Notes to other nodes that could not leave", {},
                             [this] { return static_cast<double>(bus_->drops()); });
    registry.sampled_counter("restante_bus_rubbish_total", "Payloads on the bus that no node writes", {},
                             [this] { return static_cast<double>(bus_->rubbish()); });
  }
  if (throttle_) {
    registry.sampled_counter("restante_limits_unshared_total", "Limits that this node decided by itself", {},
                             [this] { return static_cast<double>(throttle_->unanswered()); });
  }
  if (store_ == nullptr) return;
  registry.sampled("restante_node_leads", "1: this node sends the pushes of all", {},
                   [this] { return store_->leads() ? 1.0 : 0.0; });
  registry.sampled_counter("restante_commit_conflicts_total",
                           "Batches staged again: another node was first, or a repeat was in them", {},
                           [this] { return static_cast<double>(store_->conflicts()); });
  registry.sampled_counter("restante_commit_unknown_total", "Commits whose outcome nobody could tell in time", {},
                           [this] { return static_cast<double>(store_->unknown_outcomes()); });
}

}  // namespace app
