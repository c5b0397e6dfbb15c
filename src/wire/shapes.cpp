#include "wire/shapes.hpp"

#include "base/json_writer.hpp"
#include "wire/scalars.hpp"

namespace wire {

std::string_view to_string(chat::MessageStatus status) {
  switch (status) {
    case chat::MessageStatus::kSent:
      return "sent";
    case chat::MessageStatus::kDelivered:
      return "delivered";
    case chat::MessageStatus::kRead:
      return "read";
    case chat::MessageStatus::kFailed:
      return "failed";
  }
  return "failed";
}

std::string_view to_string(chat::FailureReason reason) {
  switch (reason) {
    case chat::FailureReason::kExpired:
      return "expired";
    case chat::FailureReason::kUnreadable:
      return "unreadable";
    case chat::FailureReason::kSkipped:
      return "skipped";
  }
  return "unreadable";
}

void append_message(std::string& out, const chat::MessageView& message, const chat::UserId& viewer,
                    chat::MailboxSeq position) {
  // What stands around the content is below 400 bytes; escapes of the content are rare.
  out.reserve(out.size() + message.content.size() + 400);
  out += R"({"_id":)";
  append_id(out, message.id);
  out += R"(,"sender":)";
  append_id(out, message.sender);
  out += R"(,"recipient":)";
  append_id(out, message.recipient);
  out += R"(,"content":)";
  base::append_json_string(out, message.content);
  out += R"(,"timestamp":)";
  append_time(out, message.timestamp);
  out += R"(,"status":")";
  out += to_string(message.status);
  out += '"';
  if (message.status == chat::MessageStatus::kFailed && message.failure) {
    out += R"(,"reason":")";
    out += to_string(*message.failure);
    out += '"';
  }
  if (message.read_at) {
    out += R"(,"readAt":)";
    append_time(out, *message.read_at);
  }
  if (message.delivered_at) {
    out += R"(,"deliveredAt":)";
    append_time(out, *message.delivered_at);
  }
  out += R"(,"seq":)";
  append_number(out, message.seq.value);
  if (!message.client_id.empty() && viewer == message.sender) {
    out += R"(,"clientId":)";
    base::append_json_string(out, message.client_id);
  }
  if (position.value != 0) {
    out += R"(,"position":)";
    append_number(out, position.value);
  }
  out += '}';
}

void append_user(std::string& out, const chat::UserId& id, std::string_view username) {
  out += R"({"_id":)";
  append_id(out, id);
  out += R"(,"username":)";
  base::append_json_string(out, username);
  out += '}';
}
void append_user(std::string& out, const chat::User& user) {
  append_user(out, user.id, user.username);
}

void append_refusal(std::string& out, const chat::Refusal& refusal) {
  out += R"({"code":")";
  out += chat::to_string(refusal.code);
  out += R"(","message":)";
  base::append_json_string(out, refusal.message);
  if (refusal.retry_after_seconds != 0) {
    out += R"(,"retryAfter":)";
    append_number(out, refusal.retry_after_seconds);
  }
  if (!refusal.field.empty()) {
    out += R"(,"field":)";
    base::append_json_string(out, refusal.field);
  }
  out += '}';
}

void append_ok(std::string& out) {
  out += R"({"ok":true})";
}

void append_failed_ack(std::string& out, const chat::Refusal& refusal) {
  out += R"({"ok":false,"error":)";
  append_refusal(out, refusal);
  out += '}';
}

void append_send_ack(std::string& out, const chat::SendAnswer& answer) {
  out += R"({"ok":true,"message":)";
  append_message(out, answer.message, answer.message.sender);
  out += R"(,"status":"sent","online":)";
  append_bool(out, answer.online);
  out += R"(,"duplicate":)";
  append_bool(out, answer.duplicate);
  out += '}';
}

void append_sync_ack(std::string& out, const chat::SyncAnswer& answer) {
  out += R"({"ok":true,"epoch":)";
  base::append_json_string(out, answer.epoch);
  out += R"(,"head":)";
  append_number(out, answer.head.value);
  if (answer.reset) out += R"(,"reset":true)";
  out += '}';
}

}  // namespace wire
