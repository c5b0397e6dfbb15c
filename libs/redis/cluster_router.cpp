#include "redis/cluster_router.hpp"

#include <algorithm>
#include <utility>

#include "aio/shard.hpp"
#include "base/check.hpp"
#include "base/log.hpp"

namespace redis {

namespace {

/// Redirections that follow one another without a pause: two nodes that each name the other must not keep us busy.
constexpr unsigned kRedirectionsAtOnce = 5;
/// Between tries of what another moment may cure.
constexpr std::chrono::milliseconds kRetryPause{20};
/// Masters that come back within this time are reported once.
constexpr std::chrono::milliseconds kReportTogether{20};
/// A thousand redirections make one question for the map; while a master is missing the pause doubles up to the last.
constexpr std::chrono::milliseconds kMapPause{100};
constexpr std::chrono::milliseconds kMapPauseLast{1'000};

bool may_pass(std::string_view error) {
  return error.starts_with("TRYAGAIN") || error.starts_with("CLUSTERDOWN") || error.starts_with("LOADING");
}

}  // namespace

struct ClusterRouter::Order {
  std::string bytes;
  std::optional<std::uint16_t> slot;  // none: any master
  CommandCallback done;
  base::SteadyTime deadline;
  std::optional<Address> ask;  // this once
  unsigned redirections = 0;
};

struct ClusterRouter::Node {
  Node(aio::Shard& shard, const Options& options, Commands::StateCallback on_state)
      : commands(shard, options, std::move(on_state)) {}
  Commands commands;
  bool wanted = false;  // a master of the map
  bool lost = false;    // was connected, or could have been, and is not
  base::SteadyTime used{};
};

ClusterRouter::ClusterRouter(aio::Shard& shard, const Options& options, StateCallback on_state)
    : shard_(shard),
      options_(options),
      on_state_(std::move(on_state)),
      retry_timer_(aio::Timer::member<&ClusterRouter::retry>(*this)),
      report_timer_(aio::Timer::member<&ClusterRouter::report>(*this)),
      map_timer_(aio::Timer::member<&ClusterRouter::ask_for_map>(*this)),
      scout_(shard, options, [this](bool connected) {
        if (connected && (!map_ || map_wanted_)) want_map();
      }) {
  CHECK(!options_.endpoint.seeds.empty());
}

ClusterRouter::~ClusterRouter() {
  alive_.reset();  // what the nodes still call back says kStopped by itself
  nodes_.clear();
  for (auto& order : std::exchange(waiting_, {})) {
    if (order->done) order->done(base::fail(CommandError::kStopped));
  }
}

void ClusterRouter::command(std::string_view key, std::span<const std::string_view> words, CommandCallback done) {
  submit(key_slot(key), words, std::move(done));
}

void ClusterRouter::command_anywhere(std::span<const std::string_view> words, CommandCallback done) {
  submit(std::nullopt, words, std::move(done));
}

void ClusterRouter::submit(std::optional<std::uint16_t> slot, std::span<const std::string_view> words,
                           CommandCallback done) {
  auto order = std::make_unique<Order>();
  append_command(order->bytes, words);
  order->slot = slot;
  order->done = std::move(done);
  order->deadline = shard_.clock().steady_now() + options_.command_timeout;
  ++orders_;
  held_bytes_ += order->bytes.size();
  if (orders_ > options_.max_pending_commands || held_bytes_ > options_.max_unsent_bytes) {
    return fail_later(std::move(order), CommandError::kQueueFull);
  }
  dispatch(std::move(order));
}

void ClusterRouter::dispatch(OrderPointer order) {
  if (!map_) return fail_later(std::move(order), CommandError::kNotConnected);
  Node* node = nullptr;
  if (!order->slot) {
    node = any_node();
    if (node == nullptr) return fail_later(std::move(order), CommandError::kNotConnected);
    return send(*node, std::move(order));
  }
  const Address* target = order->ask ? &*order->ask : map_->owner(*order->slot);
  if (target != nullptr) node = node_for(*target);
  if (node != nullptr && node->commands.connected()) return send(*node, std::move(order));
  want_map();
  if (node != nullptr && node->lost && !order->ask) return fail_later(std::move(order), CommandError::kNotConnected);
  if (node != nullptr && node->lost) order->ask.reset();
  wait(std::move(order));
}

void ClusterRouter::send(Node& node, OrderPointer order) {
  node.used = shard_.clock().steady_now();
  if (order->ask) node.commands.command({"ASKING"});
  const std::string_view bytes = order->bytes;  // the callback owns it, wherever that is moved
  node.commands.command_bytes(bytes, [this, alive = std::weak_ptr(alive_), from = node.commands.peer(),
                                      order = std::move(order)](Outcome outcome) mutable {
    if (!alive.expired()) return replied(std::move(order), from, std::move(outcome));
    if (order->done) order->done(std::move(outcome));
  });
}

void ClusterRouter::replied(OrderPointer order, const Address& from, Outcome outcome) {
  // Only a node that was no longer wanted is stopped before this is.
  if (!outcome && outcome.error() == CommandError::kStopped) outcome = base::fail(CommandError::kConnectionLost);
  if (!outcome || !outcome->is_error()) return finish(std::move(order), std::move(outcome));
  const std::string& error = outcome->text;
  if (const auto redirection = read_redirection(error, from.host); redirection && redirection->slot == order->slot) {
    return redirect(std::move(order), *redirection);
  }
  if (!may_pass(error)) return finish(std::move(order), std::move(outcome));
  if (!error.starts_with("TRYAGAIN")) want_map();
  wait(std::move(order));
}

void ClusterRouter::redirect(OrderPointer order, const Redirection& redirection) {
  order->ask.reset();
  if (redirection.ask) {
    order->ask = redirection.to;
  } else {
    map_->assign(redirection.slot, redirection.to);
    want_map();
  }
  if (++order->redirections % kRedirectionsAtOnce == 0) return wait(std::move(order));
  dispatch(std::move(order));
}

void ClusterRouter::wait(OrderPointer order) {
  if (shard_.clock().steady_now() >= order->deadline) return fail_later(std::move(order), CommandError::kTimedOut);
  waiting_.push_back(std::move(order));
  if (!retry_timer_.armed()) shard_.timers().arm_after(retry_timer_, kRetryPause);
}

void ClusterRouter::retry() {
  for (auto& order : std::exchange(waiting_, {})) dispatch(std::move(order));
}

void ClusterRouter::finish(OrderPointer order, Outcome outcome) {
  --orders_;
  held_bytes_ -= order->bytes.size();
  if (order->done) order->done(std::move(outcome));
}

void ClusterRouter::fail_later(OrderPointer order, CommandError error) {
  --orders_;
  held_bytes_ -= order->bytes.size();
  if (!order->done) return;
  shard_.post([done = std::move(order->done), error]() mutable { done(base::fail(error)); });
}

ClusterRouter::Node* ClusterRouter::node_for(const Address& address) {
  if (const auto at = nodes_.find(address); at != nodes_.end()) {
    Node& node = *at->second;
    // One that cannot even be connected to is waited for as long as a reply.
    const bool overdue = shard_.clock().steady_now() >= node.used + options_.command_timeout;
    if (!node.commands.connected() && overdue) node.lost = true;
    return &node;
  }
  if (nodes_.size() >= kMaxMasters) return nullptr;
  Options options = options_;
  options.endpoint.seeds.clear();
  options.endpoint.host = address.host;
  options.endpoint.port = address.port;
  auto node = std::make_unique<Node>(shard_, options, [this, alive = std::weak_ptr(alive_), address](bool connected) {
    if (!alive.expired()) on_node(address, connected);
  });
  node->used = shard_.clock().steady_now();
  node->commands.start();
  return nodes_.emplace(address, std::move(node)).first->second.get();
}

ClusterRouter::Node* ClusterRouter::any_node() {
  std::vector<Node*> connected;
  for (const auto& [address, node] : nodes_) {
    if (node->wanted && node->commands.connected()) connected.push_back(node.get());
  }
  return connected.empty() ? nullptr : connected[turn_++ % connected.size()];
}

bool ClusterRouter::any_connected() const {
  return std::any_of(nodes_.begin(), nodes_.end(),
                     [](const auto& row) { return row.second->wanted && row.second->commands.connected(); });
}

void ClusterRouter::on_node(const Address& address, bool connected) {
  const auto at = nodes_.find(address);
  if (at == nodes_.end()) return;  // on its way out
  at->second->lost = !connected;
  if (!connected) {
    want_map();
    if (any_connected()) return;
    report_timer_.cancel();
    if (std::exchange(ready_, false) && on_state_) on_state_(false);
    return;
  }
  if (map_wanted_) want_map();
  if (at->second->wanted) report_soon();
  retry_timer_.cancel();
  retry();
}

void ClusterRouter::report_soon() {
  if (!report_timer_.armed()) shard_.timers().arm_after(report_timer_, kReportTogether);
}

void ClusterRouter::report() {
  ready_ = true;
  if (on_state_) on_state_(true);
}

/// Soon, and not too often.
void ClusterRouter::want_map() {
  map_wanted_ = true;
  if (map_asked_ || map_timer_.armed()) return;
  shard_.timers().arm(map_timer_, std::max(next_question_, shard_.clock().steady_now()));
}

void ClusterRouter::ask_for_map() {
  // One after the other: what one of them believes may be older than the truth.
  std::vector<Commands*> sources;
  if (scout_.connected()) sources.push_back(&scout_);
  for (const auto& [address, node] : nodes_) {
    if (node->commands.connected()) sources.push_back(&node->commands);
  }
  if (sources.empty()) return;  // the next one that is connected to will be asked
  Commands& source = *sources[turn_++ % sources.size()];
  map_wanted_ = false;
  map_asked_ = true;
  next_question_ = shard_.clock().steady_now() + kMapPause;
  source.command({"CLUSTER", "SLOTS"},
                 [this, alive = std::weak_ptr(alive_), host = source.peer().host](const Outcome& outcome) {
                   if (!alive.expired()) learn(outcome, host);
                 });
}

void ClusterRouter::learn(const Outcome& outcome, const std::string& asked_host) {
  map_asked_ = false;
  auto map = outcome ? SlotMap::read(*outcome, asked_host) : std::nullopt;
  if (outcome && !map) {
    base::log::warning("redis_cluster_without_slots",
                       {{"host", asked_host}, {"cause", outcome->is_error() ? outcome->text : "no map"}});
  }
  if (map) adopt(std::move(*map));
  if (map && is_whole()) {
    pause_ = {};
  } else {
    pause_ = std::clamp(pause_ * 2, kMapPause, kMapPauseLast);
    next_question_ = shard_.clock().steady_now() + pause_;
    map_wanted_ = true;
  }
  if (map_wanted_) want_map();
}

void ClusterRouter::adopt(SlotMap map) {
  const bool first = !map_.has_value();
  map_ = std::move(map);
  const auto& masters = map_->masters();
  for (auto& [address, node] : nodes_) {
    const bool is_master = std::find(masters.begin(), masters.end(), address) != masters.end();
    if (is_master && !node->wanted && node->commands.connected()) report_soon();
    node->wanted = is_master;
  }
  for (const Address& master : masters) {
    if (Node* node = node_for(master)) node->wanted = true;
  }
  if (first) base::log::debug("redis_cluster_found", {{"masters", map_->masters().size()}});
  leave_unwanted();
}

/// One that is still used is left later: for as long as it is the target of ASK, or has replies to give.
void ClusterRouter::leave_unwanted() {
  const auto idle_since = shard_.clock().steady_now() - options_.command_timeout;
  for (auto at = nodes_.begin(); at != nodes_.end();) {
    Node& node = *at->second;
    if (node.wanted || node.commands.pending() > 0 || node.used > idle_since) {
      ++at;
      continue;
    }
    // Its own reply may be what tells that it is no longer wanted.
    shard_.post([leaving = std::move(at->second)]() mutable { leaving.reset(); });
    at = nodes_.erase(at);
  }
}

bool ClusterRouter::is_whole() const {
  if (!map_ || !map_->complete()) return false;
  return std::all_of(nodes_.begin(), nodes_.end(),
                     [](const auto& row) { return row.second->wanted && row.second->commands.connected(); });
}

}  // namespace redis
