// What a message of the classic protocol means.

#include "socketio/broadcaster_redis/classic_dialect.hpp"

namespace broadcaster_redis {

namespace {

constexpr std::string_view kMainNamespace = "/";

/// `opts`, or the older form that names one socket.
std::optional<socketio::Selection> read_targets(const base::JsonValue& request) {
  if (const auto opts = request.member("opts")) return read_selection(opts);
  std::string sid = base::text_member(request, "sid");
  if (sid.empty()) return std::nullopt;
  return socketio::Selection{.rooms = {std::move(sid)}, .except = {}};
}

PeerSays meaning(RequestType type) {
  switch (type) {
    case RequestType::kSockets:
      return PeerSays::kListSockets;
    case RequestType::kAllRooms:
      return PeerSays::kListRooms;
    case RequestType::kJoin:
      return PeerSays::kJoin;
    case RequestType::kLeave:
      return PeerSays::kLeave;
    case RequestType::kDisconnect:
      return PeerSays::kDisconnect;
    case RequestType::kFetch:
      return PeerSays::kFetch;
    case RequestType::kServerSideEmit:
      return PeerSays::kServerEvent;
    case RequestType::kBroadcast:
      return PeerSays::kAskingBroadcast;
    case RequestType::kClientCount:
    case RequestType::kBroadcastAnswer:
      return PeerSays::kRubbish;  // no requests
  }
  return PeerSays::kRubbish;
}

/// The targets of a request; false: it does not say them.
bool read_targets_of(PeerMessage& message, const base::JsonValue& request) {
  if (message.says == PeerSays::kListRooms || message.says == PeerSays::kServerEvent) return true;
  if (message.says == PeerSays::kListSockets) {
    auto rooms = read_names(request.member("rooms"));
    if (rooms) message.selection.rooms = std::move(*rooms);
    return rooms.has_value();
  }
  auto targets = read_targets(request);
  if (targets) message.selection = std::move(*targets);
  return targets.has_value();
}

bool read_rooms(PeerMessage& message, const base::JsonValue& request) {
  auto rooms = read_names(request.member("rooms"));
  if (!rooms) return false;
  message.rooms = std::move(*rooms);
  if (std::string room = base::text_member(request, "room"); !room.empty()) message.rooms.push_back(std::move(room));
  return true;
}

bool read_rest(PeerMessage& message, const JsonDocument& document, const base::JsonValue& request) {
  const bool asks = !message.from.request_id.empty();
  switch (message.says) {
    case PeerSays::kJoin:
    case PeerSays::kLeave:
      return read_rooms(message, request);
    case PeerSays::kDisconnect: {
      const auto close = request.member("close");
      message.close = close && close->as_bool() == true;
      return true;
    }
    case PeerSays::kServerEvent:
      message.event = read_event(request.member("data"), 0);
      return message.event.has_value();
    case PeerSays::kAskingBroadcast: {
      const auto opts = request.member("opts");
      message.event = read_packet(request.member("packet"), message.from.name_space, document.attachments.size());
      if (opts && opts->is_object()) message.timeout = read_ack_timeout(*opts);
      return asks && opts && message.event.has_value();
    }
    default:
      return asks;
  }
}

PeerSays read_answer(PeerMessage& message, const base::JsonValue& answer) {
  const auto type = number_member(answer, "type");
  const auto is = [&](RequestType wanted) { return type == static_cast<std::uint64_t>(wanted); };
  if (is(RequestType::kServerSideEmit) || is(RequestType::kBroadcastAnswer)) {
    const bool of_server = is(RequestType::kServerSideEmit);
    if (const auto value = answer.member(of_server ? "data" : "packet")) message.value = *value;
    return of_server ? PeerSays::kServerAnswer : PeerSays::kClientAnswer;
  }
  if (const auto count = number_member(answer, "clientCount")) {
    message.count = static_cast<std::size_t>(*count);
    return PeerSays::kClientCount;
  }
  if (auto sockets = read_sockets(answer.member("sockets"))) {
    message.sockets = std::move(*sockets);
    return PeerSays::kSockets;
  }
  const auto rooms = answer.member("rooms");
  auto names = rooms ? read_names(rooms) : std::nullopt;
  if (!names) return PeerSays::kOtherAnswer;
  message.rooms = std::move(*names);
  return PeerSays::kRooms;
}

}  // namespace

std::optional<PeerEvent> read_packet(const std::optional<base::JsonValue>& packet, std::string_view name_space,
                                     std::size_t attachments) {
  auto event = read_event_packet(packet, attachments);
  if (!event) return std::nullopt;
  const auto nsp = packet->member("nsp");
  if (base::is_given(nsp) ? !nsp->is_string_equal_to(name_space) : name_space != kMainNamespace) return std::nullopt;
  return event;
}

PeerMessage ClassicDialect::read(const Source& source, const JsonDocument& document,
                                 const base::JsonValue& whole) const {
  PeerMessage message;
  message.from.name_space = source.name_space;
  if (source.role == ChannelRole::kAnything) {
    message.says = PeerSays::kNothing;  // a subscription that has just ended
  } else if (source.role == ChannelRole::kBroadcasts) {
    read_broadcast(message, document, whole);
  } else if (whole.is_object()) {
    message.from.request_id = base::text_member(whole, "requestId");
    if (source.role == ChannelRole::kRequests) {
      read_request(message, document, whole);
    } else if (!message.from.request_id.empty()) {
      message.says = read_answer(message, whole);
    }
  }
  return message;
}

void ClassicDialect::read_broadcast(PeerMessage& message, const JsonDocument& document,
                                    const base::JsonValue& whole) const {
  if (!whole.is_array()) return;
  base::JsonCursor cursor(whole);
  base::JsonValue from, packet, opts;
  if (!cursor.next(from) || !cursor.next(packet) || !cursor.next(opts)) return;
  if (from.is_string_equal_to(uid())) {
    message.says = PeerSays::kNothing;
    return;
  }
  message.event = read_packet(packet, message.from.name_space, document.attachments.size());
  auto selection = read_selection(opts);
  if (!message.event || !selection) return;
  message.selection = std::move(*selection);
  message.discardable = read_discardable(opts);
  message.says = PeerSays::kBroadcast;
}

void ClassicDialect::read_request(PeerMessage& message, const JsonDocument& document,
                                  const base::JsonValue& whole) const {
  if (const auto from = whole.member("uid"); from && from->is_string_equal_to(uid())) {
    message.says = PeerSays::kNothing;
    return;
  }
  const auto type = number_member(whole, "type");
  if (!type || *type > static_cast<std::uint64_t>(RequestType::kBroadcastAnswer)) return;
  message.from.channel = channels(message.from.name_space).response;
  message.says = meaning(static_cast<RequestType>(*type));
  if (!read_targets_of(message, whole) || !read_rest(message, document, whole)) message.says = PeerSays::kRubbish;
}

}  // namespace broadcaster_redis
