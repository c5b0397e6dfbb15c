#include "socketio/server/server.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "socketio/engineio/options.hpp"
#include "socketio/engineio/session.hpp"
#include "socketio/server/broadcaster.hpp"
#include "socketio/server/hub.hpp"

namespace socketio {

Server::Server(ServerOptions options) : options_(options) {}
Server::~Server() = default;

Namespace& Server::of(std::string_view name) {
  CHECK(hubs_.empty());
  CHECK(name.starts_with('/') && name.find(',') == std::string_view::npos);
  for (const auto& space : fixed_) {
    if (space->name() == name) return *space;
  }
  auto space = fixed_.emplace_back(std::make_shared<Namespace>(*this, std::string(name)));
  if (broadcaster_) broadcaster_->opened(space);
  return *space;
}

void Server::set_broadcaster(std::shared_ptr<Broadcaster> broadcaster) {
  CHECK(hubs_.empty() && !broadcaster_);
  broadcaster_ = std::move(broadcaster);
  for (const auto& space : fixed_) broadcaster_->opened(space);
}

Namespace& Server::of(std::function<bool(std::string_view name)> predicate) {
  CHECK(hubs_.empty());
  dynamic_.push_back({std::move(predicate), std::make_shared<Namespace>(*this, std::string())});
  return *dynamic_.back().pattern;
}

bool Server::has_room_for(const engineio::Handshake& handshake) const {
  const std::size_t most = options_.max_unjoined_per_address;
  if (most == 0 || handshake.from_trusted) return true;
  const auto address = engineio::PeerAddress::parse(handshake.address);
  return !address || unjoined_.count(address->network()) < most;
}

void Server::bound_attachments(std::size_t max_payload) {
  for (std::size_t* bound : {&options_.packets.attachment_bytes, &options_.packets.attachments_total_bytes})
    if (*bound == 0) *bound = max_payload;
}

Hub& Server::add_hub(const Place& place) {
  bound_attachments(engineio::ServerOptions().max_payload);  // of an engine of another make
  return *hubs_.emplace_back(std::make_shared<Hub>(*this, place));
}

std::shared_ptr<Namespace> Server::find_or_create(std::string_view name, bool& dynamic) {
  for (const auto& space : fixed_) {
    if (space->name() == name) return space;
  }
  dynamic = true;
  return find_or_create_dynamic(name);
}

std::shared_ptr<Namespace> Server::find_or_create_dynamic(std::string_view name) {
  const auto wanted = std::find_if(dynamic_.begin(), dynamic_.end(), [&](const Dynamic& d) { return d.wants(name); });
  if (wanted == dynamic_.end()) return nullptr;
  const std::lock_guard lock(live_mutex_);
  if (const auto at = live_.find(name); at != live_.end()) {
    if (auto space = at->second.lock()) return space;
    live_.erase(at);
  }
  if (live_.size() >= options_.max_dynamic_namespaces) {
    std::erase_if(live_, [](const auto& item) { return item.second.expired(); });
    if (live_.size() >= options_.max_dynamic_namespaces) return nullptr;
  }
  auto space = std::make_shared<Namespace>(*this, std::string(name));
  space->inherit(*wanted->pattern);
  live_.emplace(std::string(name), space);
  if (broadcaster_) broadcaster_->opened(space);
  if (!options_.remove_empty_dynamic_namespaces) kept_.push_back(space);
  return space;
}

}  // namespace socketio
