#include "socketio/broadcaster_redis/cluster_node.hpp"

#include <utility>

#include "aio/shard.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"
#include "socketio/broadcaster_redis/open_question.hpp"

namespace broadcaster_redis {

namespace {

using redis::SubscriptionKind;

/// 96 random bits: an id that another node cannot have by chance.
constexpr std::size_t kUidBytes = 12;

std::string random_id() {
  base::SecureRandom random;
  return base::to_hex(random.bytes(kUidBytes));
}

}  // namespace

/// Ends on whatever shard was the last to serve.
class ClusterNode::Ticket {
 public:
  Ticket(std::weak_ptr<ClusterNode> node, aio::Shard& shard) : node_(std::move(node)), shard_(shard) {}
  ~Ticket() {
    shard_.post([node = std::move(node_)] {
      if (const auto here = node.lock()) here->served();
    });
  }
  Ticket(const Ticket&) = delete;
  Ticket& operator=(const Ticket&) = delete;

 private:
  std::weak_ptr<ClusterNode> node_;
  aio::Shard& shard_;
};

ClusterNode::ClusterNode(aio::Shard& shard, const BroadcasterOptions& options)
    : shard_(shard),
      options_(options),
      dialect_(make_dialect(options, random_id())),
      inbox_(options.max_waiting_bytes),
      commands_(shard, options.redis),
      subscriber_(shard, options.redis, [this](const redis::Message& message) { on_message(message); }, [](bool) {}) {}

ClusterNode::~ClusterNode() {
  open_.clear();  // questions end unanswered: those who asked may be gone already
}

void ClusterNode::start() {
  commands_.start();
  subscriber_.start();
}

std::string ClusterNode::make_request_id() {
  return dialect_->uid() + '-' + std::to_string(next_request_.fetch_add(1, std::memory_order_relaxed));
}

void ClusterNode::add(const std::string& name, const std::weak_ptr<socketio::Namespace>& space) {
  if (!spaces_.insert_or_assign(name, space).second) return;
  for (const Subscription& subscription : dialect_->subscriptions(name)) {
    sources_.insert_or_assign({subscription.kind, subscription.name}, Source{subscription.role, name});
    subscriber_.subscribe(subscription.kind, subscription.name);
  }
}

void ClusterNode::remove(const std::string& name) {
  const auto at = spaces_.find(name);
  if (at == spaces_.end() || !at->second.expired()) return;  // a new one of that name lives already
  spaces_.erase(at);
  for (const Subscription& subscription : dialect_->subscriptions(name)) {
    sources_.erase({subscription.kind, subscription.name});
    subscriber_.unsubscribe(subscription.kind, subscription.name);
  }
}

void ClusterNode::follow_rooms() {
  for (const RoomChannels::Change& change : room_channels.take()) {
    // A room may be named so that its channel is one that we need anyway.
    if (sources_.contains({SubscriptionKind::kSharded, change.channel})) continue;
    change.wanted ? subscriber_.subscribe(SubscriptionKind::kSharded, change.channel)
                  : subscriber_.unsubscribe(SubscriptionKind::kSharded, change.channel);
  }
}

void ClusterNode::publish(const Published& published) {
  commands_.command({dialect_->publish_command(), published.channel, published.payload},
                    [this](const base::Result<redis::Reply, redis::CommandError>& reply) {
                      auto& counter = reply.ok() && !reply->is_error() ? counters.published : counters.unpublished;
                      counter.fetch_add(1, std::memory_order_relaxed);
                    });
}

void ClusterNode::ask(Question question) {
  const std::string id = question.request_id;
  const Subscription common = dialect_->common(question.name_space);
  const auto timeout = question.timeout;
  auto open = std::make_unique<Open>(*this, std::move(question));
  if (open_.size() >= options_.max_requests || !commands_.connected()) return open->deliver();
  shard_.timers().arm_after(open->timer, timeout);
  open_.emplace(id, std::move(open));
  count_peers(id, common);
}

void ClusterNode::count_peers(const std::string& request_id, const Subscription& common) {
  const auto counted = [this, request_id, common](const base::Result<redis::Reply, redis::CommandError>& reply) {
    const auto at = open_.find(request_id);
    if (at == open_.end()) return;
    const bool readable = reply.ok() && reply->elements.size() == 2;
    const std::int64_t listening = readable ? reply->elements[1].integer : 0;
    // Ourselves are served already; but while our subscription is away, all that listen are others.
    const std::int64_t others = subscriber_.listens(common.kind, common.name) ? listening - 1 : listening;
    if (others <= 0) return finish(request_id);
    Open& open = *at->second;
    open.servers = static_cast<std::size_t>(others);
    if (open.question.kind == QuestionKind::kServerEvent) open.answers.expected = open.servers;
    publish(open.question.published);
  };
  commands_.command({"PUBSUB", dialect_->count_command(), common.name}, counted);
}

void ClusterNode::finish(const std::string& request_id) {
  const auto node = open_.extract(request_id);
  if (node) node.mapped()->deliver();
}

void ClusterNode::on_message(const redis::Message& message) {
  if (inbox_.empty() && !is_busy()) return read(message);
  if (!inbox_.push(message)) counters.crowded_out.fetch_add(1, std::memory_order_relaxed);
}

std::shared_ptr<const void> ClusterNode::take_ticket() {
  ++under_way_;
  return std::make_shared<const Ticket>(weak_from_this(), shard_);
}

void ClusterNode::served() {
  --under_way_;
  while (!inbox_.empty() && !is_busy()) {
    const Inbox::Letter letter = inbox_.pop();
    read(letter.message());
  }
}

void ClusterNode::read(const redis::Message& message) {
  const bool by_pattern = message.kind == SubscriptionKind::kPattern;
  const auto at = sources_.find({message.kind, std::string(by_pattern ? message.pattern : message.channel)});
  const Source source = at == sources_.end() ? Source{} : at->second;
  const auto document = read_document(message.payload);
  const auto whole = document ? read_value(*document) : std::nullopt;
  auto understood = whole ? dialect_->read(source, *document, *whole) : PeerMessage{};
  if (understood.says == PeerSays::kNothing) return;
  counters.received.fetch_add(1, std::memory_order_relaxed);
  if (understood.says == PeerSays::kRubbish) return ignore();
  handle(understood, *document);
}

void ClusterNode::handle(PeerMessage& message, const JsonDocument& document) {
  switch (message.says) {
    case PeerSays::kSockets:
    case PeerSays::kRooms:
    case PeerSays::kServerAnswer:
    case PeerSays::kClientCount:
    case PeerSays::kClientAnswer:
    case PeerSays::kOtherAnswer:
      return hear(message);
    default:
      break;
  }
  const auto at = spaces_.find(message.from.name_space);
  if (const SpacePointer space = at == spaces_.end() ? nullptr : at->second.lock()) obey(space, message, document);
}

void ClusterNode::hear(PeerMessage& message) {
  const std::string& id = message.from.request_id;
  const auto at = open_.find(id);
  if (at == open_.end()) return;  // somebody else's, or too late
  if (!at->second->take(message)) ignore();
  if (at->second->complete()) finish(id);
}

bool ClusterNode::Open::take(PeerMessage& message) {
  const auto value = [&] { return message.value.raw().empty() ? "null" : std::string(message.value.raw()); };
  if (question.kind == QuestionKind::kSockets && message.says == PeerSays::kSockets) {
    for (auto& socket : message.sockets) sockets.push_back(std::move(socket));
  } else if (question.kind == QuestionKind::kRooms && message.says == PeerSays::kRooms) {
    rooms.insert(rooms.end(), message.rooms.begin(), message.rooms.end());
  } else if (question.kind == QuestionKind::kRooms && message.says == PeerSays::kSockets) {
    for (const auto& socket : message.sockets) rooms.insert(rooms.end(), socket.rooms.begin(), socket.rooms.end());
  } else if (question.kind == QuestionKind::kServerEvent && message.says == PeerSays::kServerAnswer) {
    answers.answers.push_back(value());
  } else if (question.kind == QuestionKind::kBroadcast && message.says == PeerSays::kClientAnswer) {
    answers.answers.push_back(value());
    return true;  // the server has counted itself with its clients
  } else if (question.kind == QuestionKind::kBroadcast && message.says == PeerSays::kClientCount) {
    answers.expected += message.count;
  } else {
    return false;
  }
  ++servers_heard;
  return true;
}

}  // namespace broadcaster_redis
