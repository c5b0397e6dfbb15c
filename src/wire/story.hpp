#pragma once
// What an operator is told, in JSON. Each appends one complete value; none has content in it.

#include <string>

#include "chat/services/explainer.hpp"

namespace wire {

/// {_id, sender, recipient, seq, storedAt, status, reason?, position?, deliveredAt?, readAt?, blockedSince?, devices,
/// verdict}
void append_story(std::string& out, const chat::MessageStory& story);
/// {userId, pending, oldest?}
void append_pending_user(std::string& out, const chat::PendingUser& user);

}  // namespace wire
