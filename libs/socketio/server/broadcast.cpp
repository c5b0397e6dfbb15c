#include <algorithm>
#include <memory>
#include <utility>

#include "base/json_writer.hpp"
#include "base/utf8.hpp"
#include "socketio/server/ack_table.hpp"
#include "socketio/server/broadcaster.hpp"
#include "socketio/server/collector.hpp"
#include "socketio/server/connection.hpp"
#include "socketio/server/hub.hpp"
#include "socketio/server/local_namespace.hpp"
#include "socketio/server/namespace.hpp"
#include "socketio/server/server.hpp"
#include "socketio/socketio_codec/encoder.hpp"

namespace socketio {

namespace {

/// One packet for many sockets; immutable, shared by the shards.
struct EncodedPacket {
  std::string text;
  std::vector<std::string> attachments;
};

/// Runs `work(local namespace or null)` on every shard; `kept` lives until all have.
template <class Work>
void on_every_shard(Namespace& space, const std::shared_ptr<const void>& kept, const Work& work) {
  for (const auto& hub : space.server().hubs()) {
    // The namespace is kept alive: a dynamic one may empty meanwhile.
    hub->run([work, kept, named = space.shared_from_this()](Hub& here) { work(here.find(named->name())); });
  }
}

/// A client may have sent any bytes; in JSON they would make everything else that this node says unreadable.
void add_text(base::JsonWriter& json, std::string_view name, std::string_view value) {
  if (base::is_valid_utf8(name) && base::is_valid_utf8(value)) json.member(name, value);
}

/// What other nodes show of a socket's first request (socketio.md §10.8). Its auth was never kept.
std::string describe_handshake(const HandshakeRecord* handshake) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object();
  if (handshake != nullptr) {
    json.key("headers").begin_object();
    for (const auto& [name, value] : handshake->headers) {
      // Credentials of users stay on the node that they were given to.
      if (name != "authorization" && name != "cookie") add_text(json, name, value);
    }
    json.end_object().member("time", base::to_rfc3339(handshake->issued)).member("address", handshake->address);
    json.member("xdomain", handshake->cross_domain).member("secure", handshake->secure);
    json.member("issued", handshake->issued.time_since_epoch().count());
    add_text(json, "url", handshake->url);
    json.key("query").begin_object();
    for (const auto& [name, value] : handshake->query) add_text(json, name, value);
    json.end_object();
  }
  json.key("auth").begin_object().end_object().end_object();
  return text;
}

/// Gathers for emit_with_ack what the sockets of this node say.
class Gathering final : public AnswerSink {
 public:
  explicit Gathering(std::shared_ptr<Collector<BroadcastAnswers>> collector) : collector_(std::move(collector)) {}
  void on_asked(std::size_t sockets, std::size_t) override {
    collector_->expect(sockets, [&](BroadcastAnswers& whole) { whole.expected += sockets; });
    collector_->finish([](BroadcastAnswers&) {});
  }
  void on_answer(std::string_view value, Attachments) override {
    collector_->finish([&](BroadcastAnswers& whole) { whole.answers.emplace_back(value); });
  }
  void on_silence() override {
    collector_->finish([](BroadcastAnswers&) {});
  }

 private:
  std::shared_ptr<Collector<BroadcastAnswers>> collector_;
};

template <class List>
void append(List& to, List from) {
  to.insert(to.end(), std::make_move_iterator(from.begin()), std::make_move_iterator(from.end()));
}

}  // namespace

Broadcast Broadcast::to(std::string_view room) && {
  selection_.rooms.emplace_back(room);
  return std::move(*this);
}

Broadcast Broadcast::except(std::string_view room) && {
  selection_.except.emplace_back(room);
  return std::move(*this);
}

Broadcast Broadcast::discardable() && {
  options_.discardable = true;
  return std::move(*this);
}

Broadcast Broadcast::local() && {
  local_ = true;
  return std::move(*this);
}

Broadcast Broadcast::keep(std::shared_ptr<const void> kept) && {
  kept_ = std::move(kept);
  return std::move(*this);
}

Broadcaster* Broadcast::broadcaster() const {
  return local_ ? nullptr : space_.server().broadcaster();
}

void Broadcast::emit(std::string_view event, std::string_view arguments, Attachments attachments) const {
  const OutgoingEvent outgoing{.name = event, .arguments = arguments, .attachments = attachments};
  if (attachments.size() > socketio_codec::kMaxAttachments || socketio_codec::is_reserved_event(event)) return;
  emit_locally(outgoing);
  if (Broadcaster* others = broadcaster()) others->emit(space_, selection_, outgoing, options_);
}

void Broadcast::emit_locally(const OutgoingEvent& event) const {
  auto packet = std::make_shared<EncodedPacket>();
  socketio_codec::append_event(packet->text,
                               {.name_space = space_.name(), .ack_id = {}, .attachments = event.attachments.size()},
                               {.name = event.name, .arguments = event.arguments});
  packet->attachments.assign(event.attachments.begin(), event.attachments.end());
  const auto selection = std::make_shared<const Selection>(selection_);
  on_every_shard(space_, kept_, [packet, selection, options = options_](LocalNamespace* local) {
    if (local == nullptr) return;
    const std::vector<std::string_view> views(packet->attachments.begin(), packet->attachments.end());
    for (Socket* socket : local->select(*selection)) socket->connection_->send_broadcast(packet->text, views, options);
  });
}

void Broadcast::emit_with_ack(std::string_view event, std::string_view arguments, std::chrono::milliseconds timeout,
                              base::Executor& reply_to, base::Function<void(BroadcastAnswers)> done) const {
  const auto hubs = space_.server().hubs().size();
  Broadcaster* others = broadcaster();
  const std::size_t parts = hubs + (others != nullptr ? 1 : 0);
  if (socketio_codec::is_reserved_event(event) || parts == 0)
    return reply_to.post([done = std::move(done)]() mutable { done({}); });
  const OutgoingEvent outgoing{.name = event, .arguments = arguments, .attachments = {}};
  auto collector = std::make_shared<Collector<BroadcastAnswers>>(parts, reply_to, std::move(done));
  ask(outgoing, timeout, std::make_shared<Gathering>(collector));
  if (others == nullptr) return;
  others->emit_with_ack(space_, selection_, outgoing, timeout, [collector](BroadcastAnswers theirs) {
    collector->finish([&](BroadcastAnswers& whole) {
      whole.expected += theirs.expected;
      append(whole.answers, std::move(theirs.answers));
    });
  });
}

void Broadcast::ask(const OutgoingEvent& event, std::chrono::milliseconds timeout,
                    const std::shared_ptr<AnswerSink>& sink) const {
  const AckId id = space_.next_broadcast_ack();
  auto packet = std::make_shared<EncodedPacket>();
  const socketio_codec::Envelope envelope{
      .name_space = space_.name(), .ack_id = id.value, .attachments = event.attachments.size()};
  socketio_codec::append_event(packet->text, envelope, {.name = event.name, .arguments = event.arguments});
  packet->attachments.assign(event.attachments.begin(), event.attachments.end());
  const auto selection = std::make_shared<const Selection>(selection_);
  const auto shards = space_.server().hubs().size();
  on_every_shard(space_, kept_, [packet, selection, sink, id, timeout, shards](LocalNamespace* local) {
    const std::vector<std::string_view> views(packet->attachments.begin(), packet->attachments.end());
    auto chosen = local == nullptr ? std::vector<Socket*>{} : local->select(*selection);
    std::erase_if(chosen, [&](Socket* socket) {
      return socket->acks().full() || !socket->connection_->send_broadcast(packet->text, views, {});
    });
    sink->on_asked(chosen.size(), shards);
    for (Socket* socket : chosen) {
      auto answered = [sink](AckOutcome outcome, const Ack& ack) {
        outcome == AckOutcome::kAnswered ? sink->on_answer(ack.argument(0).raw(), ack.attachments) : sink->on_silence();
      };
      socket->acks().add(id, std::move(answered), local->hub().now(), timeout);
    }
  });
}

void Broadcast::fetch_sockets(base::Executor& reply_to, base::Function<void(std::vector<RemoteSocket>)> done) const {
  using Found = std::vector<RemoteSocket>;
  Broadcaster* others = broadcaster();
  const std::size_t parts = space_.server().hubs().size() + (others != nullptr ? 1 : 0);
  if (parts == 0) return reply_to.post([done = std::move(done)]() mutable { done({}); });
  auto collector = std::make_shared<Collector<Found>>(parts, reply_to, std::move(done));
  fetch_locally(false, collector);
  if (others == nullptr) return;
  others->fetch_sockets(space_, selection_, [collector](Found theirs) {
    collector->finish([&](Found& all) { append(all, std::move(theirs)); });
  });
}

void Broadcast::describe_sockets(base::Executor& reply_to, base::Function<void(std::vector<RemoteSocket>)> done) const {
  const std::size_t parts = space_.server().hubs().size();
  if (parts == 0) return reply_to.post([done = std::move(done)]() mutable { done({}); });
  fetch_locally(true, std::make_shared<Collector<std::vector<RemoteSocket>>>(parts, reply_to, std::move(done)));
}

void Broadcast::fetch_locally(bool with_handshake,
                              const std::shared_ptr<Collector<std::vector<RemoteSocket>>>& collector) const {
  using Found = std::vector<RemoteSocket>;
  const auto selection = std::make_shared<const Selection>(selection_);
  on_every_shard(space_, kept_, [selection, collector, with_handshake](LocalNamespace* local) {
    Found found;
    const auto chosen = local == nullptr ? std::vector<Socket*>{} : local->select(*selection);
    for (const Socket* socket : chosen) {
      const auto rooms = socket->rooms();
      found.push_back({std::string(socket->id()),
                       {rooms.begin(), rooms.end()},
                       socket->ref(),
                       with_handshake ? describe_handshake(socket->handshake()) : std::string()});
    }
    collector->finish([&](Found& all) { append(all, std::move(found)); });
  });
}

void Broadcast::sockets_join(std::string_view room) const {
  move_sockets(RoomChange::kJoin, room);
}
void Broadcast::sockets_leave(std::string_view room) const {
  move_sockets(RoomChange::kLeave, room);
}

void Broadcast::move_sockets(RoomChange change, std::string_view room) const {
  on_every_shard(space_, kept_,
                 [selection = std::make_shared<const Selection>(selection_), change,
                  name = std::string(room)](LocalNamespace* local) {
                   if (local == nullptr) return;
                   for (Socket* socket : local->select(*selection)) {
                     if (change == RoomChange::kJoin) {
                       socket->join(name);
                     } else {
                       socket->leave(name);
                     }
                   }
                 });
  if (Broadcaster* others = broadcaster()) others->move_sockets(space_, selection_, change, room);
}

void Broadcast::disconnect_sockets(DisconnectScope scope) const {
  on_every_shard(space_, kept_,
                 [selection = std::make_shared<const Selection>(selection_), scope](LocalNamespace* local) {
                   if (local == nullptr) return;
                   // By reference: what one socket's handler does may end another.
                   std::vector<SocketRef> chosen;
                   for (const Socket* socket : local->select(*selection)) chosen.push_back(socket->ref());
                   for (const SocketRef& ref : chosen) {
                     if (Socket* socket = ref.get()) socket->disconnect(scope);
                   }
                 });
  if (Broadcaster* others = broadcaster()) others->disconnect_sockets(space_, selection_, scope);
}

void Namespace::server_side_emit(std::string_view event, std::string_view arguments) {
  if (Broadcaster* others = server_.broadcaster()) others->server_side_emit(*this, event, arguments, {}, {});
}

void Namespace::server_side_emit(std::string_view event, std::string_view arguments, std::chrono::milliseconds timeout,
                                 base::Executor& reply_to, base::Function<void(BroadcastAnswers)> done) {
  Broadcaster* others = server_.broadcaster();
  if (others == nullptr) return reply_to.post([done = std::move(done)]() mutable { done({}); });
  auto collector = std::make_shared<Collector<BroadcastAnswers>>(1, reply_to, std::move(done));
  others->server_side_emit(*this, event, arguments, timeout, [collector](BroadcastAnswers theirs) {
    collector->finish([&](BroadcastAnswers& whole) { whole = std::move(theirs); });
  });
}

void Namespace::fetch_rooms(Reach reach, base::Executor& reply_to,
                            base::Function<void(std::vector<std::string>)> done) {
  using Names = std::vector<std::string>;
  Broadcaster* others = reach == Reach::kNode ? nullptr : server_.broadcaster();
  const std::size_t parts = server_.hubs().size() + (others != nullptr ? 1 : 0);
  auto sorted = [done = std::move(done)](Names names) mutable {
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    done(std::move(names));
  };
  if (parts == 0) return reply_to.post([sorted = std::move(sorted)]() mutable { sorted({}); });
  auto collector = std::make_shared<Collector<Names>>(parts, reply_to, std::move(sorted));
  const auto add = [collector](Names names) { collector->finish([&](Names& all) { append(all, std::move(names)); }); };
  on_every_shard(*this, {}, [add](LocalNamespace* local) { add(local == nullptr ? Names() : local->room_names()); });
  if (others != nullptr) others->fetch_rooms(*this, add);
}

}  // namespace socketio
