// The first byte chooses a protocol and a channel, the rest is a message of a peer's. Whatever is understood is
// complete; and a broadcast that was understood, said again, is understood again.

#include <cstdlib>

#include "socketio/broadcaster_redis/classic_dialect.hpp"
#include "socketio/broadcaster_redis/sharded_dialect.hpp"

namespace {

using namespace broadcaster_redis;

struct Reading {
  std::optional<JsonDocument> document;
  PeerMessage message;
};

Reading read(const Dialect& dialect, const Source& source, std::string_view payload) {
  Reading reading{.document = read_document(payload), .message = {}};
  const auto whole = reading.document ? read_value(*reading.document) : std::nullopt;
  if (whole) reading.message = dialect.read(source, *reading.document, *whole);
  return reading;
}

bool needs_event(PeerSays says) {
  return says == PeerSays::kBroadcast || says == PeerSays::kAskingBroadcast || says == PeerSays::kServerEvent;
}

bool needs_request_id(PeerSays says) {
  return says == PeerSays::kAskingBroadcast || says == PeerSays::kFetch || says >= PeerSays::kListSockets;
}

/// Of a broadcast; the flags count that its kind has.
bool same(const PeerMessage& a, const PeerMessage& b) {
  const bool same_flags =
      a.says == PeerSays::kAskingBroadcast ? a.timeout == b.timeout : a.discardable == b.discardable;
  return a.says == b.says && a.event->name == b.event->name && a.selection.rooms == b.selection.rooms &&
         a.selection.except == b.selection.except && same_flags;
}

/// By a peer, to the one who has read `heard`.
std::optional<Published> repeat(const Dialect& peer, const Reading& heard) {
  const PeerMessage& message = heard.message;
  const std::vector<std::string_view> views(heard.document->attachments.begin(), heard.document->attachments.end());
  const socketio::OutgoingEvent event{
      .name = message.event->name, .arguments = message.event->arguments, .attachments = views};
  const std::string& space = message.from.name_space;
  if (message.says == PeerSays::kAskingBroadcast) {
    return peer.asking_broadcast(message.from.request_id, space, message.selection, event, message.timeout);
  }
  return peer.broadcast(space, message.selection, event, {.discardable = message.discardable});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  static const ClassicDialect classic("me", "p"), classic_peer("peer", "p");
  static const ShardedDialect sharded("me", "p", SubscriptionMode::kDynamic),
      sharded_peer("peer", "p", SubscriptionMode::kDynamic);
  if (size == 0) return 0;
  const auto role = static_cast<ChannelRole>(data[0] % 4);
  const bool is_sharded = role == ChannelRole::kAnything;
  const Dialect& mine = is_sharded ? static_cast<const Dialect&>(sharded) : classic;
  const Dialect& peer = is_sharded ? static_cast<const Dialect&>(sharded_peer) : classic_peer;
  const Source source{.role = role, .name_space = is_sharded ? "" : "/"};
  const Reading heard = read(mine, source, {reinterpret_cast<const char*>(data) + 1, size - 1});
  const PeerSays says = heard.message.says;
  if (says == PeerSays::kRubbish || says == PeerSays::kNothing) return 0;
  if (needs_event(says) != heard.message.event.has_value()) std::abort();
  if (needs_request_id(says) && heard.message.from.request_id.empty()) std::abort();
  if (heard.message.from.name_space.empty()) std::abort();
  if (says != PeerSays::kBroadcast && says != PeerSays::kAskingBroadcast) return 0;
  const auto published = repeat(peer, heard);
  if (!published) return 0;
  const Reading again = read(mine, source, published->payload);
  if (!again.message.event || !same(heard.message, again.message)) std::abort();
  return 0;
}
