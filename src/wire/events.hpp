#pragma once
// Mailbox entries and transient events as the Socket.IO client sees them: the event's name and its one argument. Every
// append function appends one complete JSON value. Any thread.

#include <string>
#include <string_view>

#include "chat/model/failure.hpp"
#include "chat/services/live_session.hpp"

namespace wire {

/// `receive_message`, `message_status`, `conversation_read`, `message_removed`, `friend_request`, `friend_accepted`,
/// `friend_removed`. A message entry whose message cannot be read is a `message_removed` with reason `unreadable`: the
/// gap is named.
std::string_view event_name(const chat::LogItem& item);
/// Its argument, as the owner of the mailbox may see it.
void append_event_data(std::string& out, const chat::LogItem& item);

/// `message`, `status`, `read`, `relation`, `failed` (own message failed, or a message to this user was removed).
std::string_view batch_kind(const chat::LogItem& item);
/// {position, kind, data}; `data` as in the single event, a relation's with `event` in front.
void append_batch_entry(std::string& out, const chat::LogItem& item);
/// What append_batch_entry() appends, and a comma behind it, in bytes at most: escapes counted, nothing written.
[[nodiscard]] std::size_t most_bytes_of_batch_entry(const chat::LogItem& item);

/// `friend_request`, `friend_accepted`, `friend_removed`.
std::string_view to_string(chat::RelationEvent event);

/// `user_online`, `user_offline`, `typing`.
std::string_view event_name(const chat::TransientEvent& event);
/// {userId, timestamp}, {userId, lastSeen}, {sender, typing}.
void append_event_data(std::string& out, const chat::TransientEvent& event);

/// Whether the server itself tells its clients events of this name (docs/protocol.md, "Server → client"): nobody else
/// may.
bool is_server_event(std::string_view name);

/// {reason}: the argument of session_expired.
void append_session_expired(std::string& out, chat::EndReason reason);

}  // namespace wire
