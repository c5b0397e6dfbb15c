#include "chat/rules/may_send.hpp"

namespace chat {

bool are_friends(const Relation& relation) {
  return relation.friendship == Friendship::kFriends && !relation.blocked();
}

SendVerdict may_send(const User& sender, const User* recipient, const Relation& relation) {
  if (sender.deactivated || recipient == nullptr || recipient->deactivated) return SendVerdict::kNotAllowed;
  if (sender.id == recipient->id || !are_friends(relation)) return SendVerdict::kNotAllowed;
  return SendVerdict::kAllowed;
}

}  // namespace chat
