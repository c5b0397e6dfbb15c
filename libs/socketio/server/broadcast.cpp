#include <memory>
#include <utility>

#include "socketio/server/ack_table.hpp"
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

/// Runs `work(hub, local namespace or null)` on every shard.
template <class Work>
void on_every_shard(Namespace& space, const Work& work) {
  for (const auto& hub : space.server().hubs()) {
    // Kept alive: a dynamic namespace may empty meanwhile.
    hub->run([work, kept = space.shared_from_this()](Hub& here) { work(here.find(kept->name())); });
  }
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

void Broadcast::emit(std::string_view event, std::string_view arguments, Attachments attachments) const {
  auto packet = std::make_shared<EncodedPacket>();
  if (attachments.size() > socketio_codec::kMaxAttachments || socketio_codec::is_reserved_event(event)) return;
  socketio_codec::append_event(packet->text,
                               {.name_space = space_.name(), .ack_id = {}, .attachments = attachments.size()},
                               {.name = event, .arguments = arguments});
  packet->attachments.assign(attachments.begin(), attachments.end());
  const auto selection = std::make_shared<const Selection>(selection_);
  on_every_shard(space_, [packet, selection, options = options_](LocalNamespace* local) {
    if (local == nullptr) return;
    const std::vector<std::string_view> views(packet->attachments.begin(), packet->attachments.end());
    for (Socket* socket : local->select(*selection)) socket->connection_->send(packet->text, views, options);
  });
}

void Broadcast::emit_with_ack(std::string_view event, std::string_view arguments, std::chrono::milliseconds timeout,
                              base::Executor& reply_to, base::Function<void(BroadcastAnswers)> done) const {
  const AckId id = space_.next_broadcast_ack();
  auto packet = std::make_shared<EncodedPacket>();
  const auto hubs = space_.server().hubs().size();
  if (socketio_codec::is_reserved_event(event) || hubs == 0)
    return reply_to.post([done = std::move(done)]() mutable { done({}); });
  socketio_codec::append_event(packet->text, {.name_space = space_.name(), .ack_id = id.value},
                               {.name = event, .arguments = arguments});
  auto collector = std::make_shared<Collector<BroadcastAnswers>>(hubs, reply_to, std::move(done));
  const auto selection = std::make_shared<const Selection>(selection_);
  on_every_shard(space_, [packet, selection, collector, id, timeout](LocalNamespace* local) {
    const auto chosen = local == nullptr ? std::vector<Socket*>{} : local->select(*selection);
    for (Socket* socket : chosen) {
      if (socket->acks().full() || !socket->connection_->send(packet->text, {}, {})) continue;
      collector->expect(1, [](BroadcastAnswers& whole) { ++whole.expected; });
      auto answered = [collector](AckOutcome outcome, const Ack& ack) {
        collector->finish([&](BroadcastAnswers& whole) {
          if (outcome == AckOutcome::kAnswered) whole.answers.emplace_back(ack.argument(0).raw());
        });
      };
      socket->acks().add(id, std::move(answered), local->hub().now(), timeout);
    }
    collector->finish([](BroadcastAnswers&) {});
  });
}

void Broadcast::fetch_sockets(base::Executor& reply_to, base::Function<void(std::vector<RemoteSocket>)> done) const {
  using Found = std::vector<RemoteSocket>;
  const auto hubs = space_.server().hubs().size();
  if (hubs == 0) return reply_to.post([done = std::move(done)]() mutable { done({}); });
  auto collector = std::make_shared<Collector<Found>>(hubs, reply_to, std::move(done));
  const auto selection = std::make_shared<const Selection>(selection_);
  on_every_shard(space_, [selection, collector](LocalNamespace* local) {
    Found found;
    const auto chosen = local == nullptr ? std::vector<Socket*>{} : local->select(*selection);
    for (const Socket* socket : chosen) {
      const auto rooms = socket->rooms();
      found.push_back({std::string(socket->id()), {rooms.begin(), rooms.end()}, socket->ref()});
    }
    collector->finish([&](Found& all) {
      all.insert(all.end(), std::make_move_iterator(found.begin()), std::make_move_iterator(found.end()));
    });
  });
}

void Broadcast::sockets_join(std::string_view room) const {
  on_every_shard(space_, [selection = std::make_shared<const Selection>(selection_),
                          name = std::string(room)](LocalNamespace* local) {
    if (local == nullptr) return;
    for (Socket* socket : local->select(*selection)) socket->join(name);
  });
}

void Broadcast::sockets_leave(std::string_view room) const {
  on_every_shard(space_, [selection = std::make_shared<const Selection>(selection_),
                          name = std::string(room)](LocalNamespace* local) {
    if (local == nullptr) return;
    for (Socket* socket : local->select(*selection)) socket->leave(name);
  });
}

void Broadcast::disconnect_sockets(DisconnectScope scope) const {
  on_every_shard(space_, [selection = std::make_shared<const Selection>(selection_), scope](LocalNamespace* local) {
    if (local == nullptr) return;
    // By reference: what one socket's handler does may end another.
    std::vector<SocketRef> chosen;
    for (const Socket* socket : local->select(*selection)) chosen.push_back(socket->ref());
    for (const SocketRef& ref : chosen) {
      if (Socket* socket = ref.get()) socket->disconnect(scope);
    }
  });
}

}  // namespace socketio
