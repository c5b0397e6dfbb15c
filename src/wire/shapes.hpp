#pragma once
// What a message, a user, a refusal and an answer look like to a client (docs/protocol.md). Every function appends one
// complete JSON value to `out`. Any thread.

#include <string>

#include "chat/model/account.hpp"
#include "chat/model/failure.hpp"
#include "chat/model/message.hpp"
#include "chat/services/messaging.hpp"

namespace wire {

/// `sent`, `delivered`, `read`, `failed`.
std::string_view to_string(chat::MessageStatus status);
/// `expired`, `unreadable`, `skipped`.
std::string_view to_string(chat::FailureReason reason);

/// {_id, sender, recipient, content, timestamp, status, readAt?, deliveredAt?, seq, clientId?, position?} as `viewer`
/// may see it: `clientId` for the author only, `position` (of the entry in the viewer's mailbox) when it is not 0.
void append_message(std::string& out, const chat::MessageView& message, const chat::UserId& viewer,
                    chat::MailboxSeq position = {});

/// {_id, username}: what everybody may know of a user.
void append_user(std::string& out, const chat::User& user);
void append_user(std::string& out, const chat::UserId& id, std::string_view username);

/// {code, message, retryAfter?, field?}.
void append_refusal(std::string& out, const chat::Refusal& refusal);

/// {ok: true}.
void append_ok(std::string& out);
/// {ok: false, error: {…}}.
void append_failed_ack(std::string& out, const chat::Refusal& refusal);
/// {ok: true, message, status: "sent", online, duplicate}: the ack of send_message and the answer of POST /messages.
/// The author is the viewer; the message carries no position.
void append_send_ack(std::string& out, const chat::SendAnswer& answer);
/// {ok, epoch, head, reset?}: the ack of sync; `reset` only when true.
void append_sync_ack(std::string& out, const chat::SyncAnswer& answer);

}  // namespace wire
