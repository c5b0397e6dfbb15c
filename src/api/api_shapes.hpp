#pragma once
// JSON shapes that only REST answers have; what sockets show too is in wire/. Each appends one complete value.

#include <string>

#include "chat/services/accounts.hpp"
#include "chat/services/history.hpp"
#include "chat/services/relations.hpp"

namespace api {

/// {_id, username, email, created, lastSeen, pushPreviews}: what a user sees of itself.
void append_self(std::string& out, const chat::User& user);
/// {_id, username, isOnline, lastSeen}
void append_friend(std::string& out, const chat::FriendView& view);
/// {user, timestamp}
void append_request(std::string& out, const chat::RequestView& view);
/// {incoming, outgoing}
void append_requests(std::string& out, const chat::Requests& requests);
/// {peer, lastMessage, unread}; lastMessage is null where nothing can be shown.
void append_conversation(std::string& out, const chat::ConversationView& view, const chat::UserId& viewer);
/// {device, position, lastSeen, online}
void append_device(std::string& out, const chat::DeviceView& view);
/// The same, and push: {kind, address} where there is one.
void append_device_with_push(std::string& out, const chat::DeviceView& view);
/// {_id, device, created, lastUsed, address}
void append_session(std::string& out, const chat::Login& login);

}  // namespace api
