#include "chat/rules/friendship.hpp"

namespace chat {
namespace {

Friendship request_of(const Relation& relation, const UserId& user) {
  return user == relation.pair.low ? Friendship::kRequestedByLow : Friendship::kRequestedByHigh;
}
bool pending(const Relation& relation) {
  return relation.friendship == Friendship::kRequestedByLow || relation.friendship == Friendship::kRequestedByHigh;
}
void become_friends(RelationStep& step) {
  step.after.friendship = Friendship::kFriends;
  step.to_actor = step.to_peer = RelationEvent::kFriendAccepted;
}

void request(RelationStep& step, const UserId& actor) {
  auto& relation = step.after;
  if (relation.blocked()) return;
  if (requested_by(relation, relation.pair.peer_of(actor))) {
    become_friends(step);
  } else if (relation.friendship == Friendship::kNone) {
    relation.friendship = request_of(relation, actor);
    step.to_peer = RelationEvent::kFriendRequest;
  }
}

void accept(RelationStep& step, const UserId& actor) {
  if (requested_by(step.after, step.after.pair.peer_of(actor))) {
    become_friends(step);
  } else {
    step.found = are_friends(step.after);  // a repeated accept is no error
  }
}

void remove(RelationStep& step, const UserId& actor) {
  auto& relation = step.after;
  if (relation.friendship == Friendship::kFriends) {
    if (!relation.blocked()) step.to_actor = step.to_peer = RelationEvent::kFriendRemoved;
    relation.friendship = Friendship::kNone;
  } else if (requested_by(relation, actor)) {
    relation.friendship = Friendship::kNone;
  }
}

void set_block(RelationStep& step, const UserId& actor, bool blocked) {
  auto& relation = step.after;
  (actor == relation.pair.low ? relation.blocked_by_low : relation.blocked_by_high) = blocked;
  if (blocked && pending(relation)) relation.friendship = Friendship::kNone;
}

}  // namespace

bool requested_by(const Relation& relation, const UserId& user) {
  return relation.friendship == request_of(relation, user);
}

RelationStep relation_step(const Relation& before, const UserId& actor, RelationVerb verb) {
  RelationStep step;
  step.after = before;
  switch (verb) {
    case RelationVerb::kRequest:
      request(step, actor);
      break;
    case RelationVerb::kAccept:
      accept(step, actor);
      break;
    case RelationVerb::kDecline:
      if (requested_by(before, before.pair.peer_of(actor))) step.after.friendship = Friendship::kNone;
      break;
    case RelationVerb::kRemove:
      remove(step, actor);
      break;
    case RelationVerb::kBlock:
      set_block(step, actor, true);
      break;
    case RelationVerb::kUnblock:
      set_block(step, actor, false);
      break;
  }
  step.changed = step.after.friendship != before.friendship || step.after.blocked_by_low != before.blocked_by_low ||
                 step.after.blocked_by_high != before.blocked_by_high;
  if (are_friends(step.after) != are_friends(before)) step.friends_now = are_friends(step.after);
  return step;
}

}  // namespace chat
