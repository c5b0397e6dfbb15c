// What a message of the sharded protocol means.

#include "socketio/broadcaster_redis/sharded_dialect.hpp"
#include "socketio/broadcaster_redis/sharded_message.hpp"

namespace broadcaster_redis {

namespace {

PeerSays meaning(std::optional<std::uint64_t> type, bool asks) {
  if (!type || *type > static_cast<std::uint64_t>(MessageType::kGoodbye)) return PeerSays::kRubbish;
  switch (static_cast<MessageType>(*type)) {
    case MessageType::kFirstHeartbeat:
    case MessageType::kHeartbeat:
    case MessageType::kGoodbye:
      return PeerSays::kNothing;  // said by adapters whose servers count each other
    case MessageType::kBroadcast:
      return asks ? PeerSays::kAskingBroadcast : PeerSays::kBroadcast;
    case MessageType::kJoin:
      return PeerSays::kJoin;
    case MessageType::kLeave:
      return PeerSays::kLeave;
    case MessageType::kDisconnect:
      return PeerSays::kDisconnect;
    case MessageType::kFetch:
      return asks ? PeerSays::kFetch : PeerSays::kRubbish;
    case MessageType::kSockets:
      return PeerSays::kSockets;
    case MessageType::kServerEvent:
      return PeerSays::kServerEvent;
    case MessageType::kServerAnswer:
      return PeerSays::kServerAnswer;
    case MessageType::kClientCount:
      return PeerSays::kClientCount;
    case MessageType::kClientAnswer:
      return PeerSays::kClientAnswer;
  }
  return PeerSays::kRubbish;
}

bool read_opts(PeerMessage& message, const base::JsonValue& data) {
  const auto opts = data.member("opts");
  auto selection = read_selection(opts);
  if (!selection) return false;
  message.selection = std::move(*selection);
  message.discardable = read_discardable(*opts);
  message.timeout = read_ack_timeout(*opts);
  return true;
}

/// false: what the kind of message needs is not there.
bool read_request(PeerMessage& message, const JsonDocument& document, const base::JsonValue& data) {
  switch (message.says) {
    case PeerSays::kBroadcast:
    case PeerSays::kAskingBroadcast:
      message.event = read_event_packet(data.member("packet"), document.attachments.size());
      return message.event && read_opts(message, data);
    case PeerSays::kJoin:
    case PeerSays::kLeave: {
      auto rooms = read_names(data.member("rooms"));
      if (!rooms) return false;
      message.rooms = std::move(*rooms);
      return read_opts(message, data);
    }
    case PeerSays::kDisconnect: {
      const auto close = data.member("close");
      message.close = close && close->as_bool() == true;
      return read_opts(message, data);
    }
    case PeerSays::kFetch:
      return read_opts(message, data);
    case PeerSays::kServerEvent:
      message.event = read_event(data.member("packet"), document.attachments.size());
      return message.event.has_value();
    default:
      return false;
  }
}

bool read_answer_data(PeerMessage& message, const base::JsonValue& data) {
  if (message.from.request_id.empty()) return false;
  if (message.says == PeerSays::kSockets) {
    auto sockets = read_sockets(data.member("sockets"));
    if (sockets) message.sockets = std::move(*sockets);
    return sockets.has_value();
  }
  if (message.says == PeerSays::kClientCount) {
    const auto count = number_member(data, "clientCount");
    message.count = static_cast<std::size_t>(count.value_or(0));
    return count.has_value();
  }
  if (const auto value = data.member("packet")) message.value = *value;
  return true;
}

bool is_answer(PeerSays says) {
  return says == PeerSays::kSockets || says == PeerSays::kServerAnswer || says == PeerSays::kClientCount ||
         says == PeerSays::kClientAnswer;
}

}  // namespace

PeerMessage ShardedDialect::read(const Source&, const JsonDocument& document, const base::JsonValue& whole) const {
  PeerMessage message;
  if (!whole.is_object()) return message;
  const std::string from = base::text_member(whole, "uid");
  message.from.name_space = base::text_member(whole, "nsp");
  if (from == uid()) {
    message.says = PeerSays::kNothing;
    return message;
  }
  const auto data = whole.member("data");
  const bool has_data = data && data->is_object();
  if (has_data) message.from.request_id = base::text_member(*data, "requestId");
  const auto says = meaning(number_member(whole, "type"), !message.from.request_id.empty());
  if (says == PeerSays::kNothing) message.says = says;
  if (says == PeerSays::kNothing || !has_data || message.from.name_space.empty()) return message;
  message.says = says;
  message.from.channel = channel(message.from.name_space, from);
  const bool good = is_answer(says) ? read_answer_data(message, *data) : read_request(message, document, *data);
  if (!good) message.says = PeerSays::kRubbish;
  return message;
}

}  // namespace broadcaster_redis
