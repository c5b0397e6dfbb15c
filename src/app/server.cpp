#include "app/server.hpp"

#include <filesystem>
#include <thread>

#include "adapters/crypto/argon2_hasher.hpp"
#include "adapters/crypto/content_sealer.hpp"
#include "adapters/crypto/hmac_refresh_tokens.hpp"
#include "adapters/crypto/jwt_tokens.hpp"
#include "aio/offload_pool.hpp"
#include "api/api.hpp"
#include "app/broadcasting.hpp"
#include "app/cluster.hpp"
#include "app/data_directory.hpp"
#include "app/directory_check.hpp"
#include "app/measured_store.hpp"
#include "app/metrics_page.hpp"
#include "app/network.hpp"
#include "app/operator_store.hpp"
#include "app/operator_token.hpp"
#include "app/push_providers.hpp"
#include "app/witness_file.hpp"
#include "base/log.hpp"
#include "chat/services/accounts_service.hpp"
#include "chat/services/expiry.hpp"
#include "chat/services/history_reader.hpp"
#include "chat/services/inspector.hpp"
#include "chat/services/lane.hpp"
#include "chat/services/lane_survey.hpp"
#include "chat/services/push_outbox.hpp"
#include "chat/services/relations_service.hpp"
#include "gateway/gateway.hpp"
#include "socketio/engineio/server.hpp"
#include "socketio/server/server.hpp"

namespace app {
namespace {

/// A start waits this long for restante_pending_messages to be complete; big stores are counted while they serve.
constexpr std::chrono::milliseconds kSurveyHeadStart{100};
constexpr std::size_t kReadQueue = 4096;  // reads waiting; beyond it the answer is `overloaded`
constexpr std::size_t kSharedBatch = 2048;
constexpr std::chrono::milliseconds kSharedBatchTime{20};
constexpr std::size_t kScrapes = 4;  // readers of the metrics waiting: a Prometheus or two, and a curious operator

std::size_t cores() {
  return std::max(1u, std::thread::hardware_concurrency());
}

std::string web_root_of(const Settings& settings) {
  if (settings.server.web_root == "none") return {};
  if (!settings.server.web_root.empty()) return settings.server.web_root;
  std::error_code error;
  return (std::filesystem::read_symlink("/proc/self/exe", error).parent_path() / "web").string();
}

std::optional<std::string> refuse_web_root(const Settings& settings) {
  const auto& root = settings.server.web_root;
  std::error_code error;
  if (root.empty() || root == "none" || std::filesystem::is_directory(root, error)) return std::nullopt;
  return "server.web_root: " + root + " is not a directory";
}

chat::LaneOptions lane_options(const Settings& settings) {
  chat::LaneOptions options;
  options.limits = settings.limits;
  options.offline_grace = std::chrono::milliseconds(settings.delivery.offline_grace_ms);
  options.push_grace = std::chrono::milliseconds(settings.push.grace_ms);
  options.message_life = std::chrono::seconds(settings.delivery.expiry_seconds);
  options.trim_tail = static_cast<std::uint64_t>(settings.delivery.retained_entries);
  if (is_mongodb(settings)) {
    // A commit is some ten milliseconds and one of several nodes' turns: fewer and larger ones.
    options.batch_commands = kSharedBatch;
    options.batch_time = kSharedBatchTime;
  }
  return options;
}

chat::PushOutboxOptions outbox_options(const Settings& settings, const adapters::crypto::KeyRing& keys,
                                       const Cluster& cluster) {
  chat::PushOutboxOptions options;
  options.concurrency = static_cast<std::size_t>(settings.push.concurrency);
  options.data_only = settings.push.data_only;
  options.pseudonym_key = pseudonym_key(keys);
  if (cluster.has_peers()) options.leads = [&cluster] { return cluster.leads(); };
  return options;
}

gateway::Options gateway_options(const Settings& settings) {
  const auto& delivery = settings.delivery;
  gateway::Options options;
  options.pump.window_entries = static_cast<std::size_t>(delivery.window_entries);
  options.pump.window_bytes = static_cast<std::size_t>(delivery.window_bytes);
  options.pump.batch_entries = static_cast<std::size_t>(delivery.batch_entries);
  options.pump.batch_bytes = static_cast<std::size_t>(delivery.batch_bytes);
  options.pump.silent_after = std::chrono::milliseconds(delivery.silent_ms);
  options.pump.close_after = std::chrono::milliseconds(delivery.unconfirmed_ms);
  // Where heartbeats are more frequent than the default, so are the pongs that confirm unanswered state entries.
  options.pump.state_ping_after =
      std::min(options.pump.state_ping_after, std::chrono::milliseconds(settings.server.ping_interval_ms));
  options.confirm = delivery.confirm == "heartbeat" ? gateway::Confirm::kHeartbeat : gateway::Confirm::kAck;
  options.events_per_second = settings.limits.events_per_second;
  options.max_unjoined = settings.server.max_unjoined;
  return options;
}

socketio::ServerOptions sockets_options(const Settings& settings, const Broadcasting* broadcasting) {
  auto options = socket_options(settings);
  if (broadcasting != nullptr) options.max_broadcast_bytes = Broadcasting::max_bytes(settings);
  return options;
}

adapters::crypto::Argon2Parameters argon2(const Settings& settings) {
  return {.memory_kib = static_cast<std::uint32_t>(settings.auth.argon2_memory_kib),
          .passes = static_cast<std::uint32_t>(settings.auth.argon2_passes)};
}

std::size_t shard_count(const Settings& settings) {
  const auto wanted = static_cast<std::size_t>(settings.server.shards);
  return wanted != 0 ? wanted : std::min(cores(), engineio::kMostShards);
}

std::size_t password_threads(const Settings& settings) {
  const auto wanted = static_cast<std::size_t>(settings.auth.argon2_concurrency);
  return wanted != 0 ? wanted : chat::password_pool_size(cores());
}

chat::Offload offload_to(aio::OffloadPool& pool) {
  return [&pool](base::Task task) { return pool.try_submit(std::move(task)); };
}

/// RelationParts::shown_online.
std::function<void(std::vector<chat::UserId>)> listener_of_lists(const Cluster& cluster, chat::Lane& lane) {
  if (!cluster.has_peers()) return {};
  return [&lane](std::vector<chat::UserId> users) { lane.shown_online(std::move(users)); };
}

}  // namespace

struct Server::Parts {
  Parts(const Settings& s, DataDirectory directory, PushProviders push)
      : settings(s),
        data(std::move(directory)),
        sealer(*data.keys, clock),
        tokens(*data.keys, {.max_lifetime = std::chrono::seconds(s.auth.access_token_seconds)}),
        refresh_tokens(*data.keys),
        hasher(argon2(s)),
        lane_metrics(registry),
        store(*data.store, clock, registry),
        broadcasting(Broadcasting::make(s, clock)),
        reads({.threads = static_cast<std::size_t>(s.server.read_threads), .queue_limit = kReadQueue}),
        passwords({.threads = password_threads(s), .queue_limit = chat::kPasswordQueue}),
        scrapes({.threads = 1, .queue_limit = kScrapes}),
        providers(std::move(push)),
        push_metrics(registry),
        cluster(s, *data.keys, data.mongodb),
        lane({store, sealer, cluster.presence(), clock, random, lane_metrics, cluster.bus(), &owed_last_seen},
             lane_options(s)),
        history(store, sealer, offload_to(reads)),
        outbox({store, lane, sealer, clock, push_random, push_metrics}, outbox_options(s, *data.keys, cluster)),
        inspector(lane, store, offload_to(reads)),
        accounts({lane, store, hasher, tokens, refresh_tokens, clock, offload_to(reads), offload_to(passwords),
                  cluster.presence(), cluster.shared_limits(), &owed_last_seen},
                 {.limits = s.limits,
                  .access_life = std::chrono::seconds(s.auth.access_token_seconds),
                  .refresh_life = std::chrono::hours(24 * s.auth.refresh_token_days)}),
        relations({lane, store, cluster.presence(), clock, offload_to(reads), cluster.shared_limits(),
                   listener_of_lists(cluster, lane), &owed_last_seen, &lane_metrics},
                  s.limits),
        sockets(sockets_options(s, broadcasting.get())),
        witness(s.storage.path + "/believed_time") {
    const auto count = shard_count(s);
    for (std::size_t i = 0; i < count; ++i)
      shards.push_back(std::make_unique<aio::Shard>(aio::ShardIndex{static_cast<std::uint16_t>(i)}, clock));
    for (const auto& shard : shards) shard_pointers.push_back(shard.get());
  }

  aio::Shard& shard_here() {
    for (auto* shard : shard_pointers)
      if (shard->on_this_thread()) return *shard;
    return *shard_pointers.front();
  }
  void connect_rooms();
  void export_metrics();
  void start_pushes();

  const Settings settings;
  std::string operator_secret;
  const base::SystemClock clock;
  base::SecureRandom random;  // the lane's
  DataDirectory data;
  adapters::crypto::ContentSealer sealer;
  adapters::crypto::JwtTokens tokens;
  adapters::crypto::HmacRefreshTokens refresh_tokens;
  adapters::crypto::Argon2Hasher hasher;
  base::Registry registry;
  chat::LaneMetrics lane_metrics;
  MeasuredStore store;
  std::unique_ptr<Broadcasting> broadcasting;  // null: none
  std::vector<std::unique_ptr<aio::Shard>> shards;
  std::vector<aio::Shard*> shard_pointers;
  aio::OffloadPool reads;
  aio::OffloadPool passwords;
  aio::OffloadPool scrapes;
  PushProviders providers;
  chat::PushMetrics push_metrics;
  base::SecureRandom push_random;
  Cluster cluster;
  chat::OwedLastSeen owed_last_seen;
  chat::Lane lane;
  chat::HistoryReader history;
  chat::PushOutbox outbox;
  chat::Inspector inspector;
  chat::AccountService accounts;
  chat::RelationService relations;
  std::unique_ptr<api::Api> api;
  std::unique_ptr<gateway::Gateway> gateway;
  socketio::Server sockets;
  std::unique_ptr<engineio::Server> engine;
  std::unique_ptr<chat::PendingSurvey> survey;
  WitnessFile witness;
  std::unique_ptr<chat::Expiry> expiry;
};

void Server::Parts::connect_rooms() {
  auto sessions = gateway_options(settings);
  sessions.rooms = broadcasting != nullptr;
  gateway =
      std::make_unique<gateway::Gateway>(gateway::Services{lane, history, tokens, clock}, sessions, shard_pointers);
  gateway->observe(make_timings(registry));
  gateway->install(sockets);
  if (broadcasting) broadcasting->join(sockets);
  api = std::make_unique<api::Api>(api::Services{accounts, relations, history, lane, clock, &inspector},
                                   api::Options{.web_root = web_root_of(settings),
                                                .allowed_origins = settings.server.allowed_origins,
                                                .metrics = [this] { return registry.render(); },
                                                .aside = offload_to(scrapes),
                                                .here = [this]() -> base::Executor& { return shard_here(); },
                                                .push = push_offer(settings, providers),
                                                .operator_token = operator_secret,
                                                .events_per_second = settings.limits.events_per_second});
  auto options = engine_options(settings);
  options.allow_request = [this](const engineio::Handshake& handshake) -> engineio::Admission {
    const auto open = engine->counters().sessions_now.load(std::memory_order_relaxed);
    const auto joined = gateway->counters().sessions_now.load(std::memory_order_relaxed);
    const bool crowded = open > joined + static_cast<std::uint64_t>(settings.server.max_unjoined);
    if (crowded || !sockets.has_room_for(handshake)) return {.allowed = false, .message = "overloaded"};
    return {};
  };
  engine = std::make_unique<engineio::Server>(std::move(options), shard_pointers, clock);
  engine->on_http(api->handler());
  sockets.attach(*engine, shard_pointers);
  if (broadcasting) broadcasting->start();
}

void Server::Parts::export_metrics() {
  export_engine(registry, engine->counters());
  export_gateway(registry, gateway->counters());
  export_process(registry, clock);
  export_storage(registry, settings.storage.path);
  export_queues(registry, shard_pointers, {{"reads", &reads}, {"passwords", &passwords}, {"metrics", &scrapes}});
  export_limits(registry, accounts, relations, *api);
  cluster.export_metrics(registry);
  if (broadcasting) broadcasting->export_metrics(registry, sockets);
  registry.sampled_counter("restante_damaged_rows_total", "Rows of the store that could not be read", {},
                           [this] { return static_cast<double>(data.store->damaged_rows()); });
  registry.sampled_counter("restante_unknown_key_total", "Contents whose key this node has not got", {},
                           [this] { return static_cast<double>(sealer.unknown_keys()); });
}

void Server::Parts::start_pushes() {
  if (providers.fcm) outbox.add_provider(*providers.fcm);
  if (providers.webpush) outbox.add_provider(*providers.webpush);
  lane.wake_pushes(outbox.signal());
  outbox.start();
}

std::optional<std::string> refuse_to_start(const Settings& settings) {
  for (const auto refuse : {refuse_to_listen, refuse_web_root, refuse_storage, refuse_redis, refuse_broadcaster,
                            refuse_pushes, refuse_directory})
    if (auto why = refuse(settings)) return why;
  return refuse_to_bind(settings.server.host, settings.server.port);
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

base::Result<std::unique_ptr<Server>, std::string> Server::start(const Settings& settings) {
  if (auto why = refuse_to_start(settings)) return base::fail(*why);
  static const base::SystemClock clock;  // the key ring's; stateless
  auto data = open_data_directory(settings, clock);
  if (!data) return base::fail(data.error());
  const auto secret = operator_token(settings.storage.path);
  if (!secret) return base::fail(secret.error());
  auto providers = make_push_providers(settings, *data->keys, clock);
  if (!providers) return base::fail(providers.error());
  std::unique_ptr<Server> server(
      new Server(std::make_unique<Parts>(settings, std::move(*data), std::move(*providers))));
  Parts& parts = *server->parts_;
  parts.operator_secret = *secret;
  for (const auto& shard : parts.shards) shard->start();
  parts.connect_rooms();
  parts.export_metrics();
  parts.start_pushes();
  parts.cluster.connect(parts.lane);
  parts.lane.start();
  parts.survey = std::make_unique<chat::PendingSurvey>(parts.lane, *parts.data.store);
  parts.survey->wait_for(kSurveyHeadStart);
  parts.expiry = std::make_unique<chat::Expiry>(
      chat::Expiry::Parts{parts.lane, *parts.data.store, parts.clock, parts.witness, parts.registry,
                          parts.data.mongodb},
      chat::Expiry::Options{.life = std::chrono::seconds(settings.delivery.expiry_seconds)});
  const auto port = parts.engine->listen(settings.server.host, static_cast<std::uint16_t>(settings.server.port));
  if (!port)
    return base::fail(settings.server.host + ":" + std::to_string(settings.server.port) + ": " +
                      std::string(to_string(port.error())));
  server->port_ = *port;
  return server;
}

void Server::drain() {
  Parts& parts = *parts_;
  if (!parts.engine) return;
  parts.api->set_draining();
  parts.engine->stop_accepting();
  parts.engine->close_all(engineio::CloseReason::kServerShuttingDown, true);
  if (!parts.engine->wait_until_empty(std::chrono::milliseconds(parts.settings.server.drain_timeout_ms)))
    base::log::warning("connections were cut off at the end of the drain time");
  parts.scrapes.stop();  // the page reads the engine's counters
  if (parts.broadcasting) parts.broadcasting->stop();
  parts.engine.reset();  // what is left is closed; sessions detach from the lane
  parts.survey.reset();
  parts.expiry.reset();
  parts.cluster.stop_limits();
  parts.passwords.stop();
  parts.reads.stop();
  parts.outbox.stop();
  parts.lane.stop();  // what was queued is committed and answered
  parts.cluster.disconnect();
  for (const auto& shard : parts.shards) shard->stop();
}

Server::~Server() {
  drain();
}

}  // namespace app
