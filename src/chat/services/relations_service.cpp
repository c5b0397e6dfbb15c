#include "chat/services/relations_service.hpp"

#include "chat/services/accounts_device.hpp"

namespace chat {
namespace {

void tell(LaneContext& context, const UserId& owner, const UserId& peer, std::optional<RelationEvent> event) {
  if (!event) return;
  MailboxEntry entry;
  entry.owner = owner;
  entry.peer = peer;
  entry.kind = EntryKind::kRelation;
  entry.relation = *event;
  entry.at = context.now();
  context.append_entry(std::move(entry));
}

/// Stages what `verb` makes of the relation; false: there was no request to accept.
bool apply(LaneContext& context, const UserId& actor, const UserId& peer, RelationVerb verb) {
  auto step = relation_step(context.relation(ConversationKey::of(actor, peer)), actor, verb);
  if (!step.changed) return step.found;
  step.after.changed = context.now();
  context.put_relation(step.after);
  tell(context, peer, actor, step.to_peer);
  tell(context, actor, peer, step.to_actor);
  if (step.friends_now) context.friendship_changed(step.after.pair, *step.friends_now);
  return true;
}

/// Does the peer exist? Asked at the commit only where a row would be written for it.
Outcome<bool> exists(const LaneContext& context, const UserId& peer) {
  const auto found = context.store().user(peer);
  if (!found) return refusal_of(found.error());
  return found.value() && !found.value()->deactivated;
}

Outcome<std::monostate> decide_verb(LaneContext& context, const Caller& caller, const UserId& peer, RelationVerb verb) {
  if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
  if (verb == RelationVerb::kBlock) {
    auto known = exists(context, peer);
    if (auto* refusal = std::get_if<Refusal>(&known)) return std::move(*refusal);
    if (!std::get<bool>(known)) return not_found("no such user");
  }
  if (!apply(context, caller.user, peer, verb)) return not_found("no request of this user");
  return std::monostate{};
}

/// Always accepted to the eye; whom it names is looked up in here, so that the answer takes the same way for all.
Outcome<std::monostate> decide_request(LaneContext& context, const Caller& caller,
                                       const std::variant<UserId, std::string>& to) {
  if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
  const auto* id = std::get_if<UserId>(&to);
  const auto found =
      id != nullptr ? context.store().user(*id) : context.store().user_by_name(std::get<std::string>(to));
  if (!found) return refusal_of(found.error());
  const auto& peer = found.value();
  if (peer && !peer->deactivated && peer->id != caller.user) {
    apply(context, caller.user, peer->id, RelationVerb::kRequest);
  }
  return std::monostate{};
}

}  // namespace

RelationService::RelationService(RelationParts parts, const Limits& limits)
    : parts_(std::move(parts)),
      requests_per_day_("friend_request", {limits.friend_requests_per_day, std::chrono::hours(24)},
                        parts_.shared_limits, AloneShare::kAll) {}

void RelationService::submit(const Caller& caller, const UserId& peer, RelationVerb verb, base::Executor& on,
                             Reply<std::monostate> reply) {
  if (peer == caller.user) {
    Refusal refusal{ErrorCode::kInvalid, "this is you", 0, "userId", {}};
    return answer<std::monostate>(on, std::move(reply), std::move(refusal));
  }
  decide<std::monostate>(parts_.lane, on, std::move(reply), [caller, peer, verb](LaneContext& context) {
    return decide_verb(context, caller, peer, verb);
  });
}

void RelationService::request(const Caller& caller, std::variant<UserId, std::string> to, base::Executor& on,
                              Reply<std::monostate> reply) {
  requests_per_day_.admit(
      caller.user.hex(), parts_.clock.steady_now(),
      [this, caller, to = std::move(to), &on, reply = std::move(reply)](std::uint32_t wait) mutable {
        if (wait != 0) {
          Refusal refusal{ErrorCode::kRateLimited, "too many friend requests today", wait, {}, {}};
          return answer<std::monostate>(on, std::move(reply), std::move(refusal));
        }
        decide<std::monostate>(parts_.lane, on, std::move(reply), [caller, to = std::move(to)](LaneContext& context) {
          return decide_request(context, caller, to);
        });
      });
}

void RelationService::accept(const Caller& caller, UserId from, base::Executor& on, Reply<std::monostate> reply) {
  submit(caller, from, RelationVerb::kAccept, on, std::move(reply));
}
void RelationService::decline(const Caller& caller, UserId from, base::Executor& on, Reply<std::monostate> reply) {
  submit(caller, from, RelationVerb::kDecline, on, std::move(reply));
}
void RelationService::remove(const Caller& caller, UserId friend_id, base::Executor& on, Reply<std::monostate> reply) {
  submit(caller, friend_id, RelationVerb::kRemove, on, std::move(reply));
}
void RelationService::block(const Caller& caller, UserId whom, base::Executor& on, Reply<std::monostate> reply) {
  submit(caller, whom, RelationVerb::kBlock, on, std::move(reply));
}
void RelationService::unblock(const Caller& caller, UserId whom, base::Executor& on, Reply<std::monostate> reply) {
  submit(caller, whom, RelationVerb::kUnblock, on, std::move(reply));
}

}  // namespace chat
