#include "socketio/server/hub.hpp"

#include <algorithm>
#include <utility>

#include "base/check.hpp"
#include "base/hex.hpp"
#include "socketio/server/ack_ids.hpp"
#include "socketio/server/connection.hpp"
#include "socketio/server/local_namespace.hpp"
#include "socketio/server/server.hpp"

namespace socketio {

namespace {
constexpr std::size_t kIdBytes = 15;  // 120 random bits, 20 characters of base64url
}

Socket* SocketRef::get() const {
  return hub_ == nullptr ? nullptr : hub_->find(slot_, generation_);
}

Hub::Hub(Server& server, const Place& place) : server_(server), options_(server.options()), place_(place) {}
Hub::~Hub() = default;

std::unique_ptr<engineio::Listener> Hub::accept(engineio::Session& session, const engineio::Handshake& handshake) {
  return std::make_unique<Connection>(*this, session, handshake);
}

void Hub::run(base::Function<void(Hub&)> work) {
  if (is_here()) return work(*this);
  place_.executor.post([self = shared_from_this(), work = std::move(work)]() mutable { work(*self); });
}

void Hub::count_dropped_broadcast() {
  server_.dropped_broadcasts_.fetch_add(1, std::memory_order_relaxed);
}

UnjoinedAddresses& Hub::unjoined() {
  return server_.unjoined_;
}

std::array<char, kSocketIdSize> Hub::make_id() {
  char bytes[kIdBytes];
  random_.fill(bytes, sizeof bytes);
  const std::string text = base::to_base64url({bytes, sizeof bytes});
  CHECK(text.size() == kSocketIdSize);
  std::array<char, kSocketIdSize> id{};
  std::copy(text.begin(), text.end(), id.begin());
  return id;
}

std::uint32_t Hub::first_ack_id() {
  if (options_.first_ack_id) return *options_.first_ack_id;
  return static_cast<std::uint32_t>(random_.next() % kFirstAckIds);
}

SocketRef Hub::register_socket() {
  if (first_free_ == kNoSlot) {
    first_free_ = static_cast<std::uint32_t>(slots_.size());
    CHECK(first_free_ != kNoSlot);
    slots_.emplace_back();
  }
  const std::uint32_t index = first_free_;
  first_free_ = std::exchange(slots_[index].next_free, kNoSlot);
  return {*this, index, slots_[index].generation};
}

void Hub::point(SocketRef ref, Socket* socket) {
  slots_[ref.slot_].socket = socket;
}

void Hub::unregister(SocketRef ref) {
  Slot& slot = slots_[ref.slot_];
  CHECK(slot.generation == ref.generation_);
  slot.socket = nullptr;
  ++slot.generation;
  slot.next_free = std::exchange(first_free_, ref.slot_);
}

Socket* Hub::find(std::uint32_t slot, std::uint32_t generation) const {
  const Slot& at = slots_[slot];
  return at.generation == generation ? at.socket : nullptr;
}

LocalNamespace* Hub::find(std::string_view name) const {
  const auto at = spaces_.find(name);
  return at == spaces_.end() ? nullptr : at->second.get();
}

LocalNamespace* Hub::find_or_create(std::string_view name) {
  if (LocalNamespace* known = find(name)) return known;
  bool dynamic = false;
  auto space = server_.find_or_create(name, dynamic);
  if (!space) return nullptr;
  auto local = std::make_unique<LocalNamespace>(*this, std::move(space), dynamic);
  return spaces_.emplace(std::string(name), std::move(local)).first->second.get();
}

void Hub::release_if_empty(LocalNamespace& space) {
  if (!space.dynamic() || !space.unused() || !options_.remove_empty_dynamic_namespaces) return;
  auto node = spaces_.extract(space.name());
  emptied_.push_back(std::move(node.mapped()));
  schedule_burial();
}

void Hub::bury(std::unique_ptr<Socket> socket) {
  left_.push_back(std::move(socket));
  schedule_burial();
}

void Hub::bury(std::unique_ptr<std::string> auth) {
  if (!auth) return;
  read_auths_.push_back(std::move(auth));
  schedule_burial();
}

void Hub::bury(std::unique_ptr<HandshakeRecord> handshake) {
  if (!handshake) return;
  read_handshakes_.push_back(std::move(handshake));
  schedule_burial();
}

void Hub::schedule_burial() {
  if (std::exchange(burial_scheduled_, true)) return;
  place_.executor.post([self = shared_from_this()] {
    self->burial_scheduled_ = false;
    // What a destructor sets free may bury again: it goes into the next turn.
    auto left = std::exchange(self->left_, {});
    auto emptied = std::exchange(self->emptied_, {});
    self->read_auths_.clear();
    self->read_handshakes_.clear();
    left.clear();  // sockets before the namespaces they point to
  });
}

}  // namespace socketio
