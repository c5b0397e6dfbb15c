#pragma once
#include "chat/model/account.hpp"

namespace chat {

enum class SendVerdict : std::uint8_t {
  kAllowed,
  kNotAllowed,  // not a friend, blocked either way, unknown, deactivated, oneself: all alike to the sender
};

/// Whether a text may be numbered now. `recipient` is null when no such user exists. Decided at the commit (I13).
[[nodiscard]] SendVerdict may_send(const User& sender, const User* recipient, const Relation& relation);

/// Friends, and neither blocks the other: presence and typing pass.
[[nodiscard]] bool are_friends(const Relation& relation);

}  // namespace chat
