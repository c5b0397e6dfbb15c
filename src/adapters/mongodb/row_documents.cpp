// Messages, entries, watermark steps and keys.

#include "adapters/mongodb/row_documents.hpp"

#include "adapters/mongodb/row_names.hpp"
#include "base/base64.hpp"

namespace adapters::mongodb {

namespace {

using chat::EntryKind;
using chat::FailureReason;
using chat::RelationEvent;
using chat::WatermarkKind;

constexpr Names<EntryKind, 6> kEntryKinds = {{{EntryKind::kMessage, "message"},
                                              {EntryKind::kStatus, "status"},
                                              {EntryKind::kOwnRead, "ownRead"},
                                              {EntryKind::kRelation, "relation"},
                                              {EntryKind::kFailed, "failed"},
                                              {EntryKind::kRemoved, "removed"}}};
constexpr Names<WatermarkKind, 2> kWatermarkKinds = {
    {{WatermarkKind::kDelivered, "delivered"}, {WatermarkKind::kRead, "read"}}};
constexpr Names<FailureReason, 3> kFailureReasons = {{{FailureReason::kExpired, "expired"},
                                                      {FailureReason::kUnreadable, "unreadable"},
                                                      {FailureReason::kSkipped, "skipped"}}};
constexpr Names<RelationEvent, 3> kRelationEvents = {{{RelationEvent::kFriendRequest, "friendRequest"},
                                                      {RelationEvent::kFriendAccepted, "friendAccepted"},
                                                      {RelationEvent::kFriendRemoved, "friendRemoved"}}};

/// Reads a word that may be absent (the value stays) but not wrong.
template <class Enum, std::size_t N>
void maybe_word(Fields& fields, const char* key, const Names<Enum, N>& names, Enum& out) {
  if (fields.has(key) && !value_of(names, fields.text(key), out)) fields.damage();
}

std::string_view status_of(const chat::Message& message, const DeliveryState& state) {
  if (message.failure) return "failed";
  if (state.read_at) return "read";
  return state.delivered_at ? "delivered" : "sent";
}

std::string encoded(std::string_view bytes) {
  std::string text;
  text.reserve(base::base64_size(bytes.size()));
  base::append_base64(text, bytes);
  return text;
}

/// Strict: what our encoder did not write is damaged.
bool decoded(std::string_view text, std::string& out) {
  out.clear();
  base::append_base64_decoded(out, text);
  return base::base64_size(out.size()) == text.size();
}

constexpr std::size_t kIdDigits = 24;

}  // namespace

std::string conversation_text(const chat::ConversationKey& conversation) {
  return conversation.low.hex() + conversation.high.hex();
}

bool parse_conversation(std::string_view text, chat::ConversationKey& out) {
  if (text.size() != 2 * kIdDigits) return false;
  const auto low = chat::UserId::from_hex(text.substr(0, kIdDigits));
  const auto high = chat::UserId::from_hex(text.substr(kIdDigits));
  if (!low || !high) return false;
  out = {*low, *high};
  return true;
}

const char* to_text(WatermarkKind kind) {
  return kind == WatermarkKind::kDelivered ? "delivered" : "read";
}

Document encode(const chat::Message& message, const DeliveryState& state) {
  Document row;
  row.add("_id", message.id)
      .add("conversation", conversation_text(message.conversation()))
      .add("seq", message.seq)
      .add("sender", message.sender)
      .add("recipient", message.recipient)
      .add("content", encoded(message.content.bytes))
      .add("keyId", message.content.key)
      .add("timestamp", message.timestamp)
      .add("status", status_of(message, state));
  if (state.delivered_at) row.add("deliveredAt", *state.delivered_at);
  if (state.read_at) row.add("readAt", *state.read_at);
  if (!message.client_id.empty()) row.add("clientId", message.client_id);
  row.add("senderOrdinal", message.sender_ordinal).add("recipientOrdinal", message.recipient_ordinal);
  if (message.failure) row.add("failure", word(kFailureReasons, *message.failure));
  return row;
}

bool decode(const bson_t* document, chat::Message& out) {
  Fields fields(document);
  fields.get("_id", out.id)
      .get("seq", out.seq)
      .get("sender", out.sender)
      .get("recipient", out.recipient)
      .get("keyId", out.content.key)
      .get("timestamp", out.timestamp)
      .maybe("clientId", out.client_id)
      .get("senderOrdinal", out.sender_ordinal)
      .get("recipientOrdinal", out.recipient_ordinal);
  if (!decoded(fields.text("content"), out.content.bytes)) fields.damage();
  if (fields.has("failure")) maybe_word(fields, "failure", kFailureReasons, out.failure.emplace());
  return fields.ok();
}

Document encode(const chat::MailboxEntry& entry) {
  Document row;
  row.add("owner", entry.owner)
      .add("position", entry.position)
      .add("kind", word(kEntryKinds, entry.kind))
      .add("ref", entry.message)
      .add("epoch", entry.epoch)
      .add("at", entry.at)
      .add("peer", entry.peer)
      .add("seq", entry.seq);
  // What most entries do not need is left out and reads as its default.
  const chat::MailboxEntry usual;
  if (entry.own) row.add("own", true);
  if (!entry.origin.value.empty()) row.add("origin", entry.origin);
  if (entry.watermark != usual.watermark) row.add("watermark", word(kWatermarkKinds, entry.watermark));
  if (entry.relation != usual.relation) row.add("relation", word(kRelationEvents, entry.relation));
  if (entry.reason != usual.reason) row.add("reason", word(kFailureReasons, entry.reason));
  return row;
}

bool decode(const bson_t* document, chat::MailboxEntry& out) {
  Fields fields(document);
  fields.get("owner", out.owner)
      .get("position", out.position)
      .get("ref", out.message)
      .get("epoch", out.epoch)
      .get("at", out.at)
      .get("peer", out.peer)
      .get("seq", out.seq)
      .maybe("own", out.own)
      .maybe("origin", out.origin);
  if (!value_of(kEntryKinds, fields.text("kind"), out.kind)) fields.damage();
  maybe_word(fields, "watermark", kWatermarkKinds, out.watermark);
  maybe_word(fields, "relation", kRelationEvents, out.relation);
  maybe_word(fields, "reason", kFailureReasons, out.reason);
  return fields.ok();
}

Document encode(const chat::WatermarkStep& step) {
  Document row;
  row.add("author", step.author)
      .add("reader", step.reader)
      .add("kind", to_text(step.kind))
      .add("upTo", step.up_to)
      .add("at", step.at)
      .add("newest", step.newest_covered)
      .add("newestSeq", step.newest_covered_seq)
      .add("ordinal", step.author_ordinal)
      .add("authorEntry", step.author_entry)
      .add("readerEntry", step.reader_entry);
  return row;
}

bool decode(const bson_t* document, chat::WatermarkStep& out) {
  Fields fields(document);
  fields.get("author", out.author)
      .get("reader", out.reader)
      .get("upTo", out.up_to)
      .get("at", out.at)
      .get("newest", out.newest_covered)
      .get("newestSeq", out.newest_covered_seq)
      .get("ordinal", out.author_ordinal)
      .get("authorEntry", out.author_entry)
      .get("readerEntry", out.reader_entry);
  if (!value_of(kWatermarkKinds, fields.text("kind"), out.kind)) fields.damage();
  return fields.ok();
}

Document encode(const chat::WrappedKey& key) {
  Document row;
  row.add("_id", key.id).add("conversation", conversation_text(key.conversation)).add("wrapped", Binary{key.wrapped});
  return row;
}

bool decode(const bson_t* document, chat::WrappedKey& out) {
  Fields fields(document);
  fields.get("_id", out.id);
  if (!parse_conversation(fields.text("conversation"), out.conversation)) fields.damage();
  out.wrapped = fields.binary("wrapped");
  return fields.ok();
}

}  // namespace adapters::mongodb
