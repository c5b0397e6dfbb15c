// What a user sees of the others: friends, requests, blocks. A suspended friendship is in nobody's list: the blocked
// side could otherwise tell a block from an end.

#include <algorithm>

#include "chat/services/relations_service.hpp"

namespace chat {
namespace {

WallTime owed_of(const RelationParts& parts, const UserId& user) {
  return parts.owed == nullptr ? WallTime{} : parts.owed->of_user(user);
}

/// fn(relation, peer) for every relation of the user whose peer still has an account.
template <class Fn>
std::optional<Refusal> for_each_peer(const RelationParts& parts, const UserId& user, Fn&& fn) {
  const auto relations = parts.store.relations(user);
  if (!relations) return refusal_of(relations.error());
  for (const auto& relation : relations.value()) {
    const auto owed = owed_of(parts, relation.pair.peer_of(user));
    auto peer = parts.store.user(relation.pair.peer_of(user));
    if (!peer && peer.error() == StoreError::kCorrupt) {
      // No name is left, and the place stays: neither friendship nor block ends by a damaged row.
      User unnamed;
      unnamed.id = relation.pair.peer_of(user);
      peer = std::optional(std::move(unnamed));
    }
    if (!peer) return refusal_of(peer.error());
    if (!peer.value() || peer.value()->deactivated) continue;
    peer.value()->last_seen = std::max(peer.value()->last_seen, owed);
    fn(relation, std::move(*peer.value()));
  }
  return std::nullopt;
}

}  // namespace

Outcome<std::vector<FriendView>> RelationService::read_friends(const UserId& user) const {
  std::vector<FriendView> friends;
  auto refusal = for_each_peer(parts_, user, [&](const Relation& relation, User peer) {
    if (!are_friends(relation)) return;
    friends.push_back({std::move(peer), false});
  });
  if (refusal) return std::move(*refusal);
  std::vector<UserId> ids;
  ids.reserve(friends.size());
  for (const auto& each : friends) ids.push_back(each.user.id);
  const auto found = parts_.presence.look_up(ids);
  std::vector<UserId> elsewhere;
  for (std::size_t i = 0; i < friends.size(); ++i) {
    friends[i].online = found[i].online;
    if (parts_.metrics != nullptr) {
      (found[i].hit ? parts_.metrics->presence_hits : parts_.metrics->presence_misses).add();
    }
    if (found[i].online && !parts_.presence.is_online(ids[i])) elsewhere.push_back(ids[i]);
  }
  if (parts_.shown_online && !elsewhere.empty()) parts_.shown_online(std::move(elsewhere));
  return friends;
}

Outcome<Requests> RelationService::read_requests(const UserId& user) const {
  Requests requests;
  auto refusal = for_each_peer(parts_, user, [&](const Relation& relation, User peer) {
    if (requested_by(relation, user)) {
      requests.outgoing.push_back({std::move(peer), relation.changed});
    } else if (requested_by(relation, peer.id)) {
      requests.incoming.push_back({std::move(peer), relation.changed});
    }
  });
  if (refusal) return std::move(*refusal);
  return requests;
}

Outcome<std::vector<User>> RelationService::read_blocked(const UserId& user) const {
  std::vector<User> blocked;
  auto refusal = for_each_peer(parts_, user, [&](const Relation& relation, User peer) {
    if (relation.blocked_by(user)) blocked.push_back(std::move(peer));
  });
  if (refusal) return std::move(*refusal);
  return blocked;
}

void RelationService::friends(const Caller& caller, base::Executor& on, Reply<std::vector<FriendView>> reply) {
  read_on<std::vector<FriendView>>(parts_.reads, on, std::move(reply),
                                   [this, user = caller.user] { return read_friends(user); });
}
void RelationService::requests(const Caller& caller, base::Executor& on, Reply<Requests> reply) {
  read_on<Requests>(parts_.reads, on, std::move(reply), [this, user = caller.user] { return read_requests(user); });
}
void RelationService::blocked(const Caller& caller, base::Executor& on, Reply<std::vector<User>> reply) {
  read_on<std::vector<User>>(parts_.reads, on, std::move(reply),
                             [this, user = caller.user] { return read_blocked(user); });
}

}  // namespace chat
