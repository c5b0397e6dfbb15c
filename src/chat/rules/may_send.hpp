#pragma once
#include "chat/model/account.hpp"

namespace chat {

enum class SendVerdict : std::uint8_t {
  kAllowed,
  kNotAllowed,  // not a friend, blocked either way, unknown, deactivated, oneself: all alike to the sender
};

/// What is asked of each side.
struct Party {
  UserId id;
  bool exists = false;
  bool deactivated = false;
};

/// Whether a text may be numbered now. Decided at the commit (I13).
[[nodiscard]] SendVerdict may_send(const Party& sender, const Party& recipient, const Relation& relation);

}  // namespace chat
