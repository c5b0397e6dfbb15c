// What the other nodes ask, and what they answer.

#include <algorithm>
#include <mutex>
#include <utility>

#include "aio/shard.hpp"
#include "socketio/broadcaster_redis/classic_node.hpp"
#include "socketio/broadcaster_redis/classic_open.hpp"

namespace broadcaster_redis {

namespace {

using base::JsonValue;
using socketio::Broadcast;

/// A peer may not make our sockets' tables wait for ever, whatever it asks for.
constexpr std::chrono::milliseconds kLongestAckTimeout{60'000};
constexpr std::chrono::milliseconds kDefaultAckTimeout{5'000};

std::optional<std::uint64_t> number_member(const JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  return member ? member->as_uint64() : std::nullopt;
}

std::string text_member(const JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  return member ? member->as_string().value_or("") : "";
}

/// `opts`, or the older form that names one socket.
std::optional<socketio::Selection> read_targets(const JsonValue& request) {
  if (const auto opts = request.member("opts")) return read_selection(opts);
  const std::string sid = text_member(request, "sid");
  if (sid.empty()) return std::nullopt;
  return socketio::Selection{.rooms = {sid}, .except = {}};
}

/// Publishes from whatever thread the answer comes.
struct ReplyTo {
  std::weak_ptr<ClassicNode> node;
  aio::Shard& shard;
  std::string channel;
  std::string request_id;

  void send(std::string payload) const {
    shard.post([node = node, channel = channel, payload = std::move(payload)] {
      if (const auto here = node.lock()) here->publish(channel, payload);
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
    if (++shards_ == shards) reply_.send(encode_client_count(reply_.request_id, sockets_));
  }
  void on_answer(std::string_view value, socketio::Attachments attachments) override {
    if (auto payload = encode_client_answer(reply_.request_id, value, attachments)) reply_.send(std::move(*payload));
  }

 private:
  const ReplyTo reply_;
  std::mutex mutex_;
  std::size_t sockets_ = 0;
  std::size_t shards_ = 0;
};

}  // namespace

bool ClassicNode::answer(const Channels& channels, const SpacePointer& space, const JsonValue& request,
                         const JsonDocument& document) {
  const auto number = number_member(request, "type");
  if (!number || *number > static_cast<std::uint64_t>(RequestType::kBroadcastAnswer)) return false;
  const auto type = static_cast<RequestType>(*number);
  switch (type) {
    case RequestType::kSockets:
    case RequestType::kAllRooms:
    case RequestType::kFetch:
      return answer_sockets(channels, space, type, request);
    case RequestType::kJoin:
    case RequestType::kLeave:
    case RequestType::kDisconnect: {
      if (!change_sockets(space, type, request)) return false;
      const std::string id = text_member(request, "requestId");  // older peers wait for a sign
      if (!id.empty()) publish(channels.response, encode_question({uid_, id}, type, nullptr));
      return true;
    }
    case RequestType::kServerSideEmit:
      return answer_server_event(channels, space, request);
    case RequestType::kBroadcast:
      return answer_broadcast(channels, space, request, document);
    case RequestType::kClientCount:
    case RequestType::kBroadcastAnswer:
      return false;
  }
  return false;
}

bool ClassicNode::change_sockets(const SpacePointer& space, RequestType type, const JsonValue& request) {
  auto targets = read_targets(request);
  if (!targets) return false;
  const auto broadcast = Broadcast(*space, std::move(*targets)).local();
  if (type == RequestType::kDisconnect) {
    const auto close = request.member("close");
    const bool connection = close && close->as_bool() == true;
    broadcast.disconnect_sockets(connection ? socketio::DisconnectScope::kConnection
                                            : socketio::DisconnectScope::kNamespace);
    return true;
  }
  auto rooms = read_names(request.member("rooms"));
  if (!rooms) return false;
  if (const std::string room = text_member(request, "room"); !room.empty()) rooms->push_back(room);
  for (const std::string& room : *rooms) {
    type == RequestType::kJoin ? broadcast.sockets_join(room) : broadcast.sockets_leave(room);
  }
  return true;
}

bool ClassicNode::answer_sockets(const Channels& channels, const SpacePointer& space, RequestType type,
                                 const JsonValue& request) {
  const std::string id = text_member(request, "requestId");
  if (id.empty()) return false;
  const auto reply = [weak = weak_from_this(), channel = channels.response](const std::string& payload) {
    if (const auto node = weak.lock()) node->publish(channel, payload);
  };
  if (type == RequestType::kAllRooms) {
    space->fetch_rooms(socketio::Namespace::Reach::kNode, shard_,
                       [reply, id](const std::vector<std::string>& rooms) { reply(encode_names(id, "rooms", rooms)); });
    return true;
  }
  auto targets = type == RequestType::kFetch ? read_targets(request) : std::nullopt;
  if (type == RequestType::kSockets) {
    auto rooms = read_names(request.member("rooms"));
    if (rooms) targets = socketio::Selection{.rooms = std::move(*rooms), .except = {}};
  }
  if (!targets) return false;
  const auto found = [reply, id, type](const std::vector<socketio::RemoteSocket>& sockets) {
    if (type == RequestType::kFetch) return reply(encode_sockets(id, sockets));
    std::vector<std::string> ids;
    for (const auto& socket : sockets) ids.push_back(socket.id);
    reply(encode_names(id, "sockets", ids));
  };
  Broadcast(*space, std::move(*targets)).local().describe_sockets(shard_, found);
  return true;
}

bool ClassicNode::answer_server_event(const Channels& channels, const SpacePointer& space, const JsonValue& request) {
  const auto event = read_event(request.member("data"), 0);
  if (!event) return false;
  socketio::ServerEvent incoming{.name = event->name, .arguments = event->arguments, .array = event->array, .ack = {}};
  if (std::string id = text_member(request, "requestId"); !id.empty()) {
    incoming.ack = [answered = false, reply = ReplyTo{weak_from_this(), shard_, channels.response, std::move(id)}](
                       std::string_view value) mutable {
      if (!std::exchange(answered, true)) reply.send(encode_server_answer(reply.request_id, value));
    };
  }
  space->handle_server_event(incoming);
  return true;
}

bool ClassicNode::answer_broadcast(const Channels& channels, const SpacePointer& space, const JsonValue& request,
                                   const JsonDocument& document) {
  std::string id = text_member(request, "requestId");
  const auto opts = request.member("opts");
  auto targets = read_selection(opts);
  const auto event = read_packet(request.member("packet"), space->name(), document.attachments.size());
  if (id.empty() || !targets || !event) return false;
  const auto flags = opts->member("flags");
  const auto wanted = flags ? number_member(*flags, "timeout") : std::nullopt;
  const auto longest = static_cast<std::uint64_t>(kLongestAckTimeout.count());
  const auto timeout = wanted ? std::chrono::milliseconds(std::min(*wanted, longest)) : kDefaultAckTimeout;
  const std::vector<std::string_view> attachments(document.attachments.begin(), document.attachments.end());
  auto sink = std::make_shared<PeerAnswers>(ReplyTo{weak_from_this(), shard_, channels.response, std::move(id)});
  const socketio::OutgoingEvent outgoing{
      .name = event->name, .arguments = event->arguments, .attachments = attachments};
  Broadcast(*space, std::move(*targets)).local().ask(outgoing, timeout, sink);
  return true;
}

bool ClassicNode::take(Open& open, const JsonValue& response) {
  switch (open.question.type) {
    case RequestType::kFetch: {
      const auto sockets = response.member("sockets");
      if (!sockets || !sockets->is_array()) return false;
      sockets->for_each_element([&](const JsonValue& socket) {
        auto rooms = read_names(socket.member("rooms"));
        const auto handshake = socket.member("handshake");
        open.sockets.push_back({text_member(socket, "id"),
                                rooms ? std::move(*rooms) : std::vector<std::string>(),
                                {},
                                std::string(handshake ? handshake->raw() : "{}")});
      });
      break;
    }
    case RequestType::kAllRooms: {
      auto rooms = read_names(response.member("rooms"));
      if (!rooms) return false;
      open.rooms.insert(open.rooms.end(), rooms->begin(), rooms->end());
      break;
    }
    case RequestType::kServerSideEmit: {
      const auto value = response.member("data");
      open.answers.answers.emplace_back(value ? value->raw() : "null");
      break;
    }
    case RequestType::kBroadcast: {
      if (number_member(response, "type") == static_cast<std::uint64_t>(RequestType::kBroadcastAnswer)) {
        const auto value = response.member("packet");
        open.answers.answers.emplace_back(value ? value->raw() : "null");
        return true;
      }
      const auto count = number_member(response, "clientCount");
      if (!count) return false;
      open.answers.expected += static_cast<std::size_t>(*count);
      break;
    }
    default:
      return false;
  }
  ++open.servers_heard;
  return true;
}

}  // namespace broadcaster_redis
