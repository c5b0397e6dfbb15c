#include "chat/rules/may_send.hpp"

#include "chat/rules/friendship.hpp"

namespace chat {

SendVerdict may_send(const Party& sender, const Party& recipient, const Relation& relation) {
  const auto active = [](const Party& party) { return party.exists && !party.deactivated; };
  if (!active(sender) || !active(recipient) || sender.id == recipient.id) return SendVerdict::kNotAllowed;
  return are_friends(relation) ? SendVerdict::kAllowed : SendVerdict::kNotAllowed;
}

}  // namespace chat
