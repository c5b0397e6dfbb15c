#include "socketio/broadcaster_redis/classic_node.hpp"

#include <utility>

#include "aio/shard.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "socketio/broadcaster_redis/classic_open.hpp"

namespace broadcaster_redis {

namespace {

using redis::SubscriptionKind;

/// 96 random bits: an id that another node cannot have by chance.
constexpr std::size_t kUidBytes = 12;

std::string random_id() {
  base::SecureRandom random;
  return base::to_hex(random.bytes(kUidBytes));
}

std::optional<std::string> text_member(const base::JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  return member ? member->as_string() : std::nullopt;
}

}  // namespace

ClassicNode::ClassicNode(aio::Shard& shard, const BroadcasterOptions& options)
    : shard_(shard),
      options_(options),
      uid_(random_id()),
      commands_(shard, options.redis),
      subscriber_(shard, options.redis, [this](const redis::Message& message) { on_message(message); }, [](bool) {}) {}

// Open questions end unanswered: those who asked may be gone already.
ClassicNode::~ClassicNode() = default;

void ClassicNode::start() {
  commands_.start();
  subscriber_.start();
}

std::string ClassicNode::make_request_id() {
  return uid_ + '-' + std::to_string(next_request_.fetch_add(1, std::memory_order_relaxed));
}

void ClassicNode::add(const std::string& name, const std::weak_ptr<socketio::Namespace>& space) {
  const Channels channels(options_.prefix, name);
  const auto [at, is_new] = spaces_.try_emplace(name, Space{space, channels});
  at->second.space = space;
  if (!is_new) return;
  broadcasts_.emplace(channels.pattern, name);
  requests_.emplace(channels.request, name);
  responses_.emplace(channels.response, name);
  responses_.emplace(channels.own_response(uid_), name);
  subscriber_.subscribe(SubscriptionKind::kPattern, channels.pattern);
  subscriber_.subscribe(SubscriptionKind::kChannel, channels.request);
  subscriber_.subscribe(SubscriptionKind::kChannel, channels.response);
  subscriber_.subscribe(SubscriptionKind::kChannel, channels.own_response(uid_));
}

void ClassicNode::remove(const std::string& name) {
  const auto at = spaces_.find(name);
  if (at == spaces_.end() || !at->second.space.expired()) return;  // a new one of that name lives already
  const Channels channels = std::move(at->second.channels);
  spaces_.erase(at);
  broadcasts_.erase(channels.pattern);
  requests_.erase(channels.request);
  responses_.erase(channels.response);
  responses_.erase(channels.own_response(uid_));
  subscriber_.unsubscribe(SubscriptionKind::kPattern, channels.pattern);
  subscriber_.unsubscribe(SubscriptionKind::kChannel, channels.request);
  subscriber_.unsubscribe(SubscriptionKind::kChannel, channels.response);
  subscriber_.unsubscribe(SubscriptionKind::kChannel, channels.own_response(uid_));
}

void ClassicNode::publish(std::string_view channel, std::string_view payload) {
  commands_.command({"PUBLISH", channel, payload},
                    [this](const base::Result<redis::Reply, redis::CommandError>& reply) {
                      auto& counter = reply.ok() && !reply->is_error() ? counters.published : counters.unpublished;
                      counter.fetch_add(1, std::memory_order_relaxed);
                    });
}

void ClassicNode::ask(Question question) {
  const std::string id = question.request_id;
  const std::string channel = Channels(options_.prefix, question.name_space).request;
  const auto timeout = question.timeout;
  auto open = std::make_unique<Open>(*this, std::move(question));
  if (open_.size() >= options_.max_requests || !commands_.connected()) return open->deliver();
  shard_.timers().arm_after(open->timer, timeout);
  open_.emplace(id, std::move(open));
  count_peers(id, channel);
}

void ClassicNode::count_peers(const std::string& request_id, const std::string& channel) {
  const auto counted = [this, request_id, channel](const base::Result<redis::Reply, redis::CommandError>& reply) {
    const auto at = open_.find(request_id);
    if (at == open_.end()) return;
    const bool readable = reply.ok() && reply->elements.size() == 2;
    const std::int64_t listening = readable ? reply->elements[1].integer : 0;
    // Ourselves are served already; but while our subscription is away, all that listen are others.
    const std::int64_t others = subscriber_.live() ? listening - 1 : listening;
    if (others <= 0) return finish(request_id);
    Open& open = *at->second;
    open.servers = static_cast<std::size_t>(others);
    if (open.question.type == RequestType::kServerSideEmit) open.answers.expected = open.servers;
    publish(channel, open.question.payload);
  };
  commands_.command({"PUBSUB", "NUMSUB", channel}, counted);
}

void ClassicNode::finish(const std::string& request_id) {
  const auto node = open_.extract(request_id);
  if (node) node.mapped()->deliver();
}

void ClassicNode::on_message(const redis::Message& message) {
  counters.received.fetch_add(1, std::memory_order_relaxed);
  if (message.kind == SubscriptionKind::kChannel && responses_.contains(message.channel)) {
    return on_response(message.payload);
  }
  const bool is_broadcast = message.kind == SubscriptionKind::kPattern;
  const auto& table = is_broadcast ? broadcasts_ : requests_;
  const auto named = table.find(is_broadcast ? message.pattern : message.channel);
  if (named == table.end()) return;
  const auto at = spaces_.find(named->second);
  const SpacePointer space = at == spaces_.end() ? nullptr : at->second.space.lock();
  if (!space) return;
  const Channels channels = at->second.channels;
  is_broadcast ? on_broadcast(channels, space, message.payload) : on_request(channels, space, message.payload);
}

void ClassicNode::on_broadcast(const Channels&, const SpacePointer& space, std::string_view payload) {
  const auto document = read_document(payload);
  const auto whole = document ? read_value(*document) : std::nullopt;
  const auto ignore = [this] { counters.ignored.fetch_add(1, std::memory_order_relaxed); };
  if (!whole || !whole->is_array()) return ignore();
  base::JsonCursor cursor(*whole);
  base::JsonValue uid, packet, opts;
  if (!cursor.next(uid) || !cursor.next(packet) || !cursor.next(opts)) return ignore();
  if (uid.is_string_equal_to(uid_)) return;
  const auto event = read_packet(packet, space->name(), document->attachments.size());
  auto selection = read_selection(opts);
  if (!event || !selection) return ignore();
  const auto flags = opts.member("flags");
  const auto discardable = flags ? flags->member("volatile") : std::nullopt;
  const std::vector<std::string_view> attachments(document->attachments.begin(), document->attachments.end());
  auto broadcast = socketio::Broadcast(*space, std::move(*selection)).local();
  if (discardable && discardable->as_bool() == true) {
    return std::move(broadcast).discardable().emit(event->name, event->arguments, attachments);
  }
  broadcast.emit(event->name, event->arguments, attachments);
}

void ClassicNode::on_request(const Channels& channels, const SpacePointer& space, std::string_view payload) {
  const auto document = read_document(payload);
  const auto request = document ? read_value(*document) : std::nullopt;
  if (request && request->is_object()) {
    const auto uid = request->member("uid");
    if (uid && uid->is_string_equal_to(uid_)) return;
    if (answer(channels, space, *request, *document)) return;
  }
  counters.ignored.fetch_add(1, std::memory_order_relaxed);
}

void ClassicNode::on_response(std::string_view payload) {
  const auto document = read_document(payload);
  const auto response = document ? read_value(*document) : std::nullopt;
  const auto id = response && response->is_object() ? text_member(*response, "requestId") : std::nullopt;
  if (!id) {
    counters.ignored.fetch_add(1, std::memory_order_relaxed);
    return;
  }
  const auto at = open_.find(*id);
  if (at == open_.end()) return;  // somebody else's, or too late
  if (!take(*at->second, *response)) counters.ignored.fetch_add(1, std::memory_order_relaxed);
  if (at->second->complete()) finish(*id);
}

}  // namespace broadcaster_redis
