#include "socketio/server/namespace.hpp"

#include <utility>

#include "socketio/server/ack_ids.hpp"
#include "socketio/server/broadcaster.hpp"
#include "socketio/server/server.hpp"

namespace socketio {

Namespace::~Namespace() {
  if (Broadcaster* others = server_.broadcaster(); others != nullptr && !name_.empty()) others->closed(name_);
}

Namespace& Namespace::use(Middleware middleware) {
  middlewares_.push_back(std::move(middleware));
  return *this;
}

Namespace& Namespace::on_connection(ConnectionHook hook) {
  on_connection_ = std::move(hook);
  return *this;
}

Namespace& Namespace::use_on_events(EventHook hook) {
  event_hooks_.push_back(std::move(hook));
  return *this;
}

Namespace& Namespace::on_error(ErrorHook hook) {
  on_error_ = std::move(hook);
  return *this;
}

Namespace& Namespace::on_server_event(ServerEventHook hook) {
  on_server_event_ = std::move(hook);
  return *this;
}

Namespace& Namespace::use_on_peer_events(PeerEventHook hook) {
  peer_event_hook_ = std::move(hook);
  return *this;
}

void Namespace::inherit(const Namespace& pattern) {
  middlewares_ = pattern.middlewares_;
  event_hooks_ = pattern.event_hooks_;
  on_connection_ = pattern.on_connection_;
  on_error_ = pattern.on_error_;
  on_server_event_ = pattern.on_server_event_;
  peer_event_hook_ = pattern.peer_event_hook_;
}

AckId Namespace::next_broadcast_ack() {
  constexpr std::uint32_t kIds = kAckIdEnd - kFirstBroadcastAckId;
  return AckId(kFirstBroadcastAckId + next_broadcast_ack_.fetch_add(1, std::memory_order_relaxed) % kIds);
}

Broadcast Namespace::to(std::string_view room) {
  return everybody().to(room);
}
Broadcast Namespace::except(std::string_view room) {
  return everybody().except(room);
}

}  // namespace socketio
