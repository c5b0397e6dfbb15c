#include "socketio/server/listeners.hpp"

#include <utility>

namespace socketio {

void Listeners::on_event(Event& event) {
  const auto at = by_name_.find(event.name);
  const Stored listener = at == by_name_.end() ? any_ : at->second;
  if (listener) (*listener)(event);
}

void Listeners::on_disconnect(DisconnectReason reason) {
  if (auto listener = std::exchange(disconnect_, {})) listener(reason);
}

void Listeners::set(std::string event, Socket::EventListener listener) {
  by_name_.insert_or_assign(std::move(event), std::make_shared<Socket::EventListener>(std::move(listener)));
}

void Listeners::set_any(Socket::EventListener listener) {
  any_ = std::make_shared<Socket::EventListener>(std::move(listener));
}

void Listeners::set_disconnect(base::Function<void(DisconnectReason)> listener) {
  disconnect_ = std::move(listener);
}

}  // namespace socketio
