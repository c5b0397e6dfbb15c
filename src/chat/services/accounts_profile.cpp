// The account itself: look at it, change it, erase it, find others.

#include <algorithm>

#include "chat/rules/account_fields.hpp"
#include "chat/rules/friendship.hpp"
#include "chat/services/accounts_device.hpp"
#include "chat/services/accounts_password_job.hpp"

namespace chat {
namespace {

/// Nothing when `found` is nobody or the user itself (a change of letter case).
std::optional<Refusal> check_taken(const Read<std::optional<User>>& found, const UserId& self, std::string_view field) {
  if (!found) return refusal_of(found.error());
  if (found.value() && found.value()->id != self) return refusal_taken(field);
  return std::nullopt;
}

/// False: it was that already.
template <class T>
bool replace(T& field, const T& value) {
  if (field == value) return false;
  field = value;
  return true;
}

Outcome<User> decide_update(LaneContext& context, const Caller& caller, const AccountChange& change) {
  if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
  auto found = context.store().user(caller.user);
  if (!found) return refusal_of(found.error());
  if (!found.value()) return refusal_unauthorized("the session has ended", "revoked");
  User user = std::move(*found.value());
  bool changed = false;
  if (change.username) {
    const auto other = context.store().user_by_name(*change.username);
    if (auto refusal = check_taken(other, user.id, "username")) return std::move(*refusal);
    changed |= replace(user.username, *change.username);
  }
  if (change.email) {
    const auto other = context.store().user_by_email(*change.email);
    if (auto refusal = check_taken(other, user.id, "email")) return std::move(*refusal);
    changed |= replace(user.email, *change.email);
  }
  if (change.push_previews) changed |= replace(user.push_previews, *change.push_previews);
  if (!changed) return user;  // a commit that nobody needs would be one that everybody waits for
  context.batch().users.push_back(user);
  context.forget_user(user.id);
  return user;
}

/// Friends who may know of each other are told of the end; everybody else hears nothing.
void leave_relation(LaneContext& context, const UserId& user, const Relation& relation) {
  if (are_friends(relation)) {
    MailboxEntry entry;
    entry.owner = relation.pair.peer_of(user);
    entry.peer = user;
    entry.kind = EntryKind::kRelation;
    entry.relation = RelationEvent::kFriendRemoved;
    entry.at = context.now();
    context.append_entry(std::move(entry));
    context.friendship_changed(relation.pair, false);
  }
  context.forget_conversation(relation.pair);
}

Outcome<std::monostate> decide_erase(LaneContext& context, const Caller& caller) {
  if (auto refusal = check_caller(context, caller.user, caller.login)) return std::move(*refusal);
  const auto relations = context.store().relations(caller.user);
  if (!relations) return refusal_of(relations.error());
  const auto logins = context.store().logins(caller.user);
  if (!logins) return refusal_of(logins.error());
  const auto peers = context.store().conversation_peers(caller.user);
  if (!peers) return refusal_of(peers.error());

  for (const auto& relation : relations.value()) leave_relation(context, caller.user, relation);
  for (const auto& peer : peers.value()) {
    const auto conversation = ConversationKey::of(caller.user, peer);
    context.batch().erased_conversations.push_back(conversation);
    context.forget_conversation(conversation);
  }
  for (const auto& login : logins.value()) context.batch().erased_logins.push_back(login.id);
  context.batch().erased_users.push_back(caller.user);
  context.end_user(caller.user, EndReason::kRevoked, std::nullopt);
  context.forget_user(caller.user);
  return std::monostate{};
}

}  // namespace

void AccountService::me(const Caller& caller, base::Executor& on, Reply<User> reply) {
  read_on<User>(parts_.reads, on, std::move(reply), [this, id = caller.user]() -> Outcome<User> {
    const auto owed = owed_last_seen(id);
    auto found = parts_.store.user(id);
    if (!found) return refusal_of(found.error());
    if (!found.value()) return refusal_unauthorized("the session has ended", "revoked");
    found.value()->last_seen = std::max(found.value()->last_seen, owed);
    return std::move(*found.value());
  });
}

void AccountService::update_me(const Caller& caller, AccountChange change, base::Executor& on, Reply<User> reply) {
  std::optional<Refusal> refusal;
  if (change.username) refusal = check_username(*change.username);
  if (!refusal && change.email) refusal = check_email(*change.email);
  if (refusal) return answer<User>(on, std::move(reply), std::move(*refusal));
  const bool tells_what_is_taken = change.username || change.email;
  auto submit = [this, caller, change = std::move(change), &on, reply = std::move(reply)](std::uint32_t wait) mutable {
    if (wait != 0) return answer<User>(on, std::move(reply), refusal_throttled(wait));
    decide<User>(parts_.lane, on, std::move(reply), [this, caller, change = std::move(change)](LaneContext& context) {
      auto outcome = decide_update(context, caller, change);
      if (auto* const user = std::get_if<User>(&outcome)) {
        user->last_seen = std::max(user->last_seen, owed_last_seen(user->id));
      }
      return outcome;
    });
  };
  if (!tells_what_is_taken) return submit(0);
  lookups_.admit(caller.user.hex(), parts_.clock.steady_now(), std::move(submit));
}

void AccountService::erase(const Caller& caller, base::Executor& on, Reply<std::monostate> reply) {
  decide<std::monostate>(parts_.lane, on, std::move(reply),
                         [caller](LaneContext& context) { return decide_erase(context, caller); });
}

void AccountService::find_user(const Caller& caller, std::string username, base::Executor& on, Reply<User> reply) {
  lookups_.admit(caller.user.hex(), parts_.clock.steady_now(),
                 [this, name = std::move(username), &on, reply = std::move(reply)](std::uint32_t wait) mutable {
                   if (wait != 0) return answer<User>(on, std::move(reply), refusal_throttled(wait));
                   read_user(std::move(name), on, std::move(reply));
                 });
}

void AccountService::read_user(std::string username, base::Executor& on, Reply<User> reply) {
  read_on<User>(parts_.reads, on, std::move(reply), [this, name = std::move(username)]() -> Outcome<User> {
    auto found = parts_.store.user_by_name(name);
    if (!found) return refusal_of(found.error());
    if (!found.value() || found.value()->deactivated) {
      return not_found("no user of this name");
    }
    return std::move(*found.value());
  });
}

}  // namespace chat
