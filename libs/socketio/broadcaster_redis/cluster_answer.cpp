// What the other nodes want done, and what they ask.

#include <mutex>
#include <utility>

#include "aio/shard.hpp"
#include "socketio/broadcaster_redis/cluster_node.hpp"

namespace broadcaster_redis {

namespace {

using socketio::Broadcast;

/// Publishes from whatever thread the answer comes.
struct ReplyTo {
  std::weak_ptr<ClusterNode> node;
  std::shared_ptr<const Dialect> dialect;
  aio::Shard& shard;
  Requester requester;

  void send(Published published) const {
    shard.post([node = node, published = std::move(published)] {
      if (const auto here = node.lock()) here->publish(published);
    });
  }
};

/// Sends a peer what this node's clients answer: their number once, then each answer.
class PeerAnswers final : public socketio::AnswerSink {
 public:
  explicit PeerAnswers(ReplyTo reply) : reply_(std::move(reply)) {}
  void on_asked(std::size_t sockets, std::size_t shards) override {
    const std::lock_guard lock(mutex_);
    sockets_ += sockets;
    if (++shards_ == shards) reply_.send(reply_.dialect->client_count(reply_.requester, sockets_));
  }
  void on_answer(std::string_view value, socketio::Attachments attachments) override {
    auto published = reply_.dialect->client_answer(reply_.requester, value, attachments);
    if (published) reply_.send(std::move(*published));
  }

 private:
  const ReplyTo reply_;
  std::mutex mutex_;
  std::size_t sockets_ = 0;
  std::size_t shards_ = 0;
};

std::vector<std::string_view> views_of(const JsonDocument& document) {
  return {document.attachments.begin(), document.attachments.end()};
}

}  // namespace

void ClusterNode::obey(const SpacePointer& space, PeerMessage& message, const JsonDocument& document) {
  switch (message.says) {
    case PeerSays::kBroadcast:
      return emit(space, message, document);
    case PeerSays::kAskingBroadcast:
      return answer_broadcast(space, message, document);
    case PeerSays::kServerEvent:
      return answer_server_event(space, message, document);
    case PeerSays::kJoin:
    case PeerSays::kLeave:
    case PeerSays::kDisconnect:
      return change_sockets(space, message);
    default:
      return answer_sockets(space, message);
  }
}

void ClusterNode::emit(const SpacePointer& space, PeerMessage& message, const JsonDocument& document) {
  const auto attachments = views_of(document);
  const PeerEvent& event = *message.event;
  if (!space->admits_from_peers(event.name)) return;
  auto broadcast = Broadcast(*space, std::move(message.selection)).local().keep(take_ticket());
  if (!message.discardable) return broadcast.emit(event.name, event.arguments, attachments);
  std::move(broadcast).discardable().emit(event.name, event.arguments, attachments);
}

void ClusterNode::answer_broadcast(const SpacePointer& space, PeerMessage& message, const JsonDocument& document) {
  const auto attachments = views_of(document);
  const socketio::OutgoingEvent outgoing{
      .name = message.event->name, .arguments = message.event->arguments, .attachments = attachments};
  ReplyTo reply{weak_from_this(), dialect_, shard_, std::move(message.from)};
  // Who asks waits for the number of every node, were it none.
  if (!space->admits_from_peers(outgoing.name)) return publish(dialect_->client_count(reply.requester, 0));
  auto sink = std::make_shared<PeerAnswers>(std::move(reply));
  Broadcast(*space, std::move(message.selection)).local().keep(take_ticket()).ask(outgoing, message.timeout, sink);
}

void ClusterNode::change_sockets(const SpacePointer& space, PeerMessage& message) {
  const auto broadcast = Broadcast(*space, std::move(message.selection)).local().keep(take_ticket());
  if (message.says == PeerSays::kDisconnect) {
    broadcast.disconnect_sockets(message.close ? socketio::DisconnectScope::kConnection
                                               : socketio::DisconnectScope::kNamespace);
  }
  for (const std::string& room : message.rooms) {
    message.says == PeerSays::kJoin ? broadcast.sockets_join(room) : broadcast.sockets_leave(room);
  }
  if (const auto sign = dialect_->done(message.from, message.says)) publish(*sign);
}

void ClusterNode::answer_sockets(const SpacePointer& space, PeerMessage& message) {
  // The ticket ends with the callback that owns it: when all shards have answered.
  const auto names = [weak = weak_from_this(), to = message.from, what = message.says,
                      ticket = take_ticket()](const std::vector<std::string>& all) {
    const auto node = weak.lock();
    const auto published = node ? node->dialect_->names(to, what, all) : std::nullopt;
    if (published) node->publish(*published);
  };
  if (message.says == PeerSays::kListRooms) {
    return space->fetch_rooms(socketio::Namespace::Reach::kNode, shard_, names);
  }
  const auto found = [weak = weak_from_this(), to = message.from, what = message.says,
                      names](const std::vector<socketio::RemoteSocket>& sockets) {
    const auto node = weak.lock();
    if (node && what == PeerSays::kFetch) return node->publish(node->dialect_->sockets(to, sockets));
    std::vector<std::string> ids;
    for (const auto& socket : sockets) ids.push_back(socket.id);
    names(ids);
  };
  Broadcast(*space, std::move(message.selection)).local().describe_sockets(shard_, found);
}

void ClusterNode::answer_server_event(const SpacePointer& space, PeerMessage& message, const JsonDocument& document) {
  const auto attachments = views_of(document);
  socketio::ServerEvent incoming{.name = message.event->name,
                                 .arguments = message.event->arguments,
                                 .array = message.event->array,
                                 .attachments = attachments,
                                 .ack = {}};
  if (!message.from.request_id.empty()) {
    incoming.ack = [answered = false,
                    reply = ReplyTo{weak_from_this(), dialect_, shard_, message.from}](std::string_view value) mutable {
      if (!std::exchange(answered, true)) reply.send(reply.dialect->server_answer(reply.requester, value));
    };
  }
  space->handle_server_event(incoming);
}

}  // namespace broadcaster_redis
