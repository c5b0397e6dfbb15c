#pragma once
// The relation of two people as a state machine: what each verb makes of it, who hears of it, and whether the two see
// each other afterwards (delivery.md "Relations"). Pure; any thread.
//
//              request(a)              request(b) or accept(b)
//   none ───────────────────> requested by a ───────────> friends ──remove──> none
//     ^──── decline(b), remove(a), block ────┘
//
// A block lies over this, one flag per direction: it suspends a friendship (unblocking restores it), ends a pending
// request without a word, and makes a request fall on deaf ears.

#include <optional>

#include "chat/model/account.hpp"
#include "chat/model/mailbox.hpp"

namespace chat {

enum class RelationVerb : std::uint8_t { kRequest, kAccept, kDecline, kRemove, kBlock, kUnblock };

struct RelationStep {
  Relation after;  // `changed` is the caller's to set
  bool changed = false;
  bool found = true;                      // false: there is no request to accept
  std::optional<RelationEvent> to_actor;  // entries for the two mailboxes
  std::optional<RelationEvent> to_peer;
  std::optional<bool> friends_now;  // set when what they may see of each other changed
};

/// Friends, and neither blocks the other: may message each other and see presence, receipts and typing.
[[nodiscard]] inline bool are_friends(const Relation& relation) {
  return relation.friendship == Friendship::kFriends && !relation.blocked();
}
[[nodiscard]] bool requested_by(const Relation& relation, const UserId& user);
[[nodiscard]] RelationStep relation_step(const Relation& before, const UserId& actor, RelationVerb verb);

}  // namespace chat
