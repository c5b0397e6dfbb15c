#include "socketio/server/local_namespace.hpp"

#include <algorithm>

#include "base/check.hpp"
#include "socketio/server/broadcaster.hpp"
#include "socketio/server/hub.hpp"
#include "socketio/server/server.hpp"

namespace socketio {

LocalNamespace::LocalNamespace(Hub& hub, std::shared_ptr<Namespace> space, bool dynamic)
    : hub_(hub), space_(std::move(space)), dynamic_(dynamic) {}

void LocalNamespace::add(Socket& socket) {
  const bool added = sockets_.insert(&socket).second;
  CHECK(added);
  if (Broadcaster* others = broadcaster()) others->room_opened(*space_, socket.id(), RoomKind::kOwn);
}

void LocalNamespace::remove(Socket& socket) {
  if (sockets_.erase(&socket) > 0) {
    if (Broadcaster* others = broadcaster()) others->room_closed(*space_, socket.id(), RoomKind::kOwn);
  }
  if (!socket.rooms_) return;
  for (const std::string& room : *socket.rooms_) leave_index(socket, room);
  socket.rooms_.reset();
}

bool LocalNamespace::join(Socket& socket, std::string_view room) {
  if (is_in(socket, room)) return true;
  if (!socket.rooms_) socket.rooms_ = std::make_unique<std::set<std::string, std::less<>>>();
  if (socket.rooms_->size() + 1 >= hub_.options().max_rooms_per_socket) return false;
  socket.rooms_->emplace(room);
  auto at = rooms_.find(room);
  const bool opened = at == rooms_.end();
  if (opened) at = rooms_.emplace(std::string(room), Members()).first;
  at->second.insert(&socket);
  Broadcaster* others = opened ? broadcaster() : nullptr;
  if (others != nullptr) others->room_opened(*space_, room, RoomKind::kNamed);
  return true;
}

void LocalNamespace::leave(Socket& socket, std::string_view room) {
  if (!socket.rooms_) return;
  const auto at = socket.rooms_->find(room);
  if (at == socket.rooms_->end()) return;
  leave_index(socket, room);
  socket.rooms_->erase(at);
}

void LocalNamespace::leave_index(Socket& socket, std::string_view room) {
  const auto at = rooms_.find(room);
  CHECK(at != rooms_.end());
  at->second.erase(&socket);
  if (!at->second.empty()) return;
  rooms_.erase(at);
  if (Broadcaster* others = broadcaster()) others->room_closed(*space_, room, RoomKind::kNamed);
}

Broadcaster* LocalNamespace::broadcaster() const {
  return space_->server().broadcaster();
}

bool LocalNamespace::is_in(const Socket& socket, std::string_view room) {
  return room == socket.id() || (socket.rooms_ && socket.rooms_->contains(room));
}

void LocalNamespace::append_room(std::vector<Socket*>& to, std::string_view room) const {
  if (room.size() == kSocketIdSize) {
    if (const auto at = sockets_.find(room); at != sockets_.end()) to.push_back(*at);
  }
  if (const auto at = rooms_.find(room); at != rooms_.end()) to.insert(to.end(), at->second.begin(), at->second.end());
}

std::vector<Socket*> LocalNamespace::select(const Selection& selection) const {
  std::vector<Socket*> chosen;
  if (selection.rooms.empty()) chosen.assign(sockets_.begin(), sockets_.end());
  for (const std::string& room : selection.rooms) append_room(chosen, room);
  if (!selection.rooms.empty()) {
    std::sort(chosen.begin(), chosen.end());
    chosen.erase(std::unique(chosen.begin(), chosen.end()), chosen.end());
  }
  std::erase_if(chosen, [&](const Socket* socket) {
    return std::any_of(selection.except.begin(), selection.except.end(),
                       [&](const std::string& room) { return is_in(*socket, room); });
  });
  return chosen;
}

std::vector<std::string> LocalNamespace::room_names() const {
  std::vector<std::string> names;
  names.reserve(sockets_.size() + rooms_.size());
  for (const Socket* socket : sockets_) names.emplace_back(socket->id());
  for (const auto& [name, members] : rooms_) names.push_back(name);
  return names;
}

}  // namespace socketio
