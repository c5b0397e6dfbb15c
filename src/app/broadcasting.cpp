#include "app/broadcasting.hpp"

#include "redis/url.hpp"

namespace app {
namespace {

constexpr aio::ShardIndex kShard{UINT16_MAX};  // any number that no other shard has

base::Function<double()> read_of(const std::atomic<std::uint64_t>& number) {
  return [&number] { return static_cast<double>(number.load(std::memory_order_relaxed)); };
}

broadcaster_redis::BroadcasterOptions options_of(const Settings& settings) {
  broadcaster_redis::BroadcasterOptions options;
  options.redis.endpoint = *redis::parse_url(settings.redis.uri);
  options.redis.ca_file = settings.redis.ca_file;
  options.prefix = settings.redis.broadcaster_prefix;
  if (settings.redis.broadcaster == "sharded") options.protocol = broadcaster_redis::Protocol::kSharded;
  return options;
}

}  // namespace

std::optional<std::string> refuse_broadcaster(const Settings& settings) {
  const auto endpoint = redis::parse_url(settings.redis.uri);
  if (endpoint && !endpoint->seeds.empty() && settings.redis.broadcaster == "sharded") {
    return "redis.broadcaster = sharded needs one Redis or Sentinels; with a Redis Cluster, classic";
  }
  const auto& prefix = settings.redis.broadcaster_prefix;
  // The channels of the classic protocol are listened to by a pattern that begins with it.
  if (!prefix.empty() && prefix.find_first_of("*?[]\\#") == std::string::npos) return std::nullopt;
  return R"(redis.broadcaster_prefix is a text without any of *?[]\#)";
}

std::unique_ptr<Broadcasting> Broadcasting::make(const Settings& settings, const base::Clock& clock) {
  if (settings.redis.uri.empty() || settings.redis.broadcaster == "off") return nullptr;
  return std::unique_ptr<Broadcasting>(new Broadcasting(settings, clock));
}

std::size_t Broadcasting::max_bytes(const Settings& settings) {
  return static_cast<std::size_t>(settings.server.max_buffered_bytes) / 2;
}

Broadcasting::Broadcasting(const Settings& settings, const base::Clock& clock)
    : shard_(kShard, clock),
      broadcaster_(std::make_shared<broadcaster_redis::RedisBroadcaster>(shard_, options_of(settings))) {}

void Broadcasting::join(socketio::Server& server) {
  server.set_broadcaster(broadcaster_);
}

void Broadcasting::export_metrics(base::Registry& registry, const socketio::Server& server) {
  const auto& counters = broadcaster_->counters();
  registry.sampled_counter("restante_broadcaster_received_total",
                           "Messages of other Socket.IO servers and emitters over Redis", {},
                           read_of(counters.received));
  registry.sampled_counter("restante_broadcaster_ignored_total", "Of them, those that no such program writes", {},
                           read_of(counters.ignored));
  registry.sampled_counter("restante_broadcaster_unpublished_total", "Answers to them that could not leave", {},
                           read_of(counters.unpublished));
  constexpr const char* kDropped = "restante_application_events_dropped_total";
  constexpr const char* kHelp = "Events of other programs that did not reach a socket";
  registry.sampled_counter(kDropped, kHelp, {{"reason", "crowded"}}, read_of(counters.crowded_out));
  registry.sampled_counter(kDropped, kHelp, {{"reason", "slow_reader"}}, read_of(server.dropped_broadcasts()));
}

}  // namespace app
