#include "wire/events.hpp"

#include <algorithm>
#include <array>

#include "base/json_size.hpp"
#include "base/json_writer.hpp"
#include "wire/scalars.hpp"
#include "wire/shapes.hpp"

namespace wire {
namespace {

using chat::EntryKind;

constexpr std::array<std::string_view, 14> kServerEvents{
    "ready",           "receive_message",   "receive_batch", "drained",        "message_status",
    "message_removed", "conversation_read", "user_online",   "user_offline",   "friend_request",
    "friend_accepted", "friend_removed",    "typing",        "session_expired"};

bool is_gap(const chat::LogItem& item) {
  return item.entry.kind == EntryKind::kMessage && !item.message;
}

void append_removed(std::string& out, const chat::MailboxEntry& entry, chat::FailureReason reason) {
  out += R"({"_id":)";
  append_id(out, entry.message);
  out += R"(,"peer":)";
  append_id(out, entry.peer);
  out += R"(,"seq":)";
  append_number(out, entry.seq.value);
  out += R"(,"reason":")";
  out += to_string(reason);
  out += "\"}";
}

void append_watermark(std::string& out, const chat::MailboxEntry& entry) {
  out += R"({"peer":)";
  append_id(out, entry.peer);
  out += entry.watermark == chat::WatermarkKind::kRead ? R"(,"status":"read","upTo":)"
                                                       : R"(,"status":"delivered","upTo":)";
  append_number(out, entry.seq.value);
  out += R"(,"messageId":)";
  append_id(out, entry.message);
  out += R"(,"timestamp":)";
  append_time(out, entry.at);
  out += '}';
}

void append_failed(std::string& out, const chat::MailboxEntry& entry) {
  out += R"({"peer":)";
  append_id(out, entry.peer);
  out += R"(,"status":"failed","reason":")";
  out += to_string(entry.reason);
  out += R"(","messageId":)";
  append_id(out, entry.message);
  out += '}';
}

void append_own_read(std::string& out, const chat::MailboxEntry& entry) {
  out += R"({"peer":)";
  append_id(out, entry.peer);
  out += R"(,"upTo":)";
  append_number(out, entry.seq.value);
  out += '}';
}

void append_relation_user(std::string& out, const chat::LogItem& item) {
  out += R"("user":)";
  append_user(out, item.entry.peer, item.peer_name);
  out += '}';
}

std::size_t digits_of(std::uint64_t number) {
  std::size_t digits = 1;
  for (; number >= 10; number /= 10) ++digits;
  return digits;
}

constexpr std::size_t kIdBytes = 24;
constexpr std::size_t kTimeBytes = 24;

std::size_t most_bytes_of_message(const chat::MailboxEntry& entry, const chat::MessageView& message) {
  // The longest of each, without numbers, content and client id.
  constexpr std::size_t kAlways =
      sizeof(
          R"({"_id":"","sender":"","recipient":"","content":,"timestamp":"","status":"delivered","seq":,"position":})") +
      3 * kIdBytes + kTimeBytes;
  constexpr std::size_t kReason = sizeof(R"(,"reason":"unreadable")");
  constexpr std::size_t kReadAt = sizeof(R"(,"readAt":"")") + kTimeBytes;
  constexpr std::size_t kDeliveredAt = sizeof(R"(,"deliveredAt":"")") + kTimeBytes;
  constexpr std::size_t kClientId = sizeof(R"(,"clientId":)");
  std::size_t bytes = kAlways + base::json_string_size(message.content);
  bytes += digits_of(message.seq.value) + digits_of(entry.position.value);
  if (message.failure) bytes += kReason;
  if (message.read_at) bytes += kReadAt;
  if (message.delivered_at) bytes += kDeliveredAt;
  if (entry.own) bytes += kClientId + base::json_string_size(message.client_id);
  return bytes;
}

}  // namespace

std::string_view to_string(chat::RelationEvent event) {
  switch (event) {
    case chat::RelationEvent::kFriendRequest:
      return "friend_request";
    case chat::RelationEvent::kFriendAccepted:
      return "friend_accepted";
    case chat::RelationEvent::kFriendRemoved:
      return "friend_removed";
  }
  return "friend_removed";
}

std::string_view event_name(const chat::LogItem& item) {
  if (is_gap(item)) return "message_removed";
  switch (item.entry.kind) {
    case EntryKind::kMessage:
      return "receive_message";
    case EntryKind::kStatus:
    case EntryKind::kFailed:
      return "message_status";
    case EntryKind::kOwnRead:
      return "conversation_read";
    case EntryKind::kRelation:
      return to_string(item.entry.relation);
    case EntryKind::kRemoved:
      return "message_removed";
  }
  return "message_removed";
}

void append_event_data(std::string& out, const chat::LogItem& item) {
  const auto& entry = item.entry;
  if (is_gap(item)) return append_removed(out, entry, chat::FailureReason::kUnreadable);
  switch (entry.kind) {
    case EntryKind::kMessage:
      return append_message(out, *item.message, entry.owner, entry.position);
    case EntryKind::kStatus:
      return append_watermark(out, entry);
    case EntryKind::kFailed:
      return append_failed(out, entry);
    case EntryKind::kOwnRead:
      return append_own_read(out, entry);
    case EntryKind::kRelation:
      out += '{';
      return append_relation_user(out, item);
    case EntryKind::kRemoved:
      return append_removed(out, entry, entry.reason);
  }
}

std::string_view batch_kind(const chat::LogItem& item) {
  if (is_gap(item)) return "failed";
  switch (item.entry.kind) {
    case EntryKind::kMessage:
      return "message";
    case EntryKind::kStatus:
      return "status";
    case EntryKind::kOwnRead:
      return "read";
    case EntryKind::kRelation:
      return "relation";
    case EntryKind::kFailed:
    case EntryKind::kRemoved:
      return "failed";
  }
  return "failed";
}

void append_batch_entry(std::string& out, const chat::LogItem& item) {
  out += R"({"position":)";
  append_number(out, item.entry.position.value);
  out += R"(,"kind":")";
  out += batch_kind(item);
  out += R"(","data":)";
  if (item.entry.kind == EntryKind::kRelation) {
    out += R"({"event":")";
    out += to_string(item.entry.relation);
    out += "\",";
    append_relation_user(out, item);
  } else {
    append_event_data(out, item);
  }
  out += '}';
}

std::size_t most_bytes_of_batch_entry(const chat::LogItem& item) {
  constexpr std::size_t kAround = sizeof(R"({"position":,"kind":"relation","data":},)");
  constexpr std::size_t kOther = 256;  // the data of an entry that is no message: ids, times, numbers and words
  const std::size_t bytes = kAround + digits_of(item.entry.position.value);
  if (item.entry.kind == EntryKind::kMessage && item.message) {
    return bytes + most_bytes_of_message(item.entry, *item.message);
  }
  return bytes + kOther + base::json_string_size(item.peer_name);
}

std::string_view event_name(const chat::TransientEvent& event) {
  if (const auto* presence = std::get_if<chat::PresenceEvent>(&event)) {
    return presence->online ? "user_online" : "user_offline";
  }
  return "typing";
}

void append_event_data(std::string& out, const chat::TransientEvent& event) {
  if (const auto* presence = std::get_if<chat::PresenceEvent>(&event)) {
    out += R"({"userId":)";
    append_id(out, presence->user);
    out += presence->online ? R"(,"timestamp":)" : R"(,"lastSeen":)";
    append_time(out, presence->at);
  } else {
    const auto& typing = std::get<chat::TypingEvent>(event);
    out += R"({"sender":)";
    append_id(out, typing.sender);
    out += R"(,"typing":)";
    append_bool(out, typing.typing);
  }
  out += '}';
}

bool is_server_event(std::string_view name) {
  return std::find(kServerEvents.begin(), kServerEvents.end(), name) != kServerEvents.end();
}

void append_session_expired(std::string& out, chat::EndReason reason) {
  out += R"({"reason":")";
  out += chat::to_string(reason);
  out += "\"}";
}

}  // namespace wire
