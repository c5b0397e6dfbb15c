#include "adapters/mongodb/digest_documents.hpp"

#include "adapters/mongodb/row_documents.hpp"

namespace adapters::mongodb {

namespace {

using chat::EndReason;

constexpr EndReason kEndReasons[] = {EndReason::kLogout,        EndReason::kRevoked, EndReason::kPasswordChanged,
                                     EndReason::kDeviceRemoved, EndReason::kBanned,  EndReason::kReplaced};

/// By the words that clients hear, too.
bool reason_of(std::string_view text, EndReason& out) {
  for (const auto reason : kEndReasons) {
    if (to_string(reason) != text) continue;
    out = reason;
    return true;
  }
  return false;
}

Document row_of(const chat::UserId& user) {
  Document row;
  row.add("user", user);
  return row;
}

Document row_of(const chat::ConversationKey& conversation) {
  Document row;
  row.add("low", conversation.low).add("high", conversation.high);
  return row;
}

Document row_of(const chat::BatchDigest::Head& head) {
  Document row;
  row.add("owner", head.owner).add("head", head.head);
  return row;
}

Document row_of(const chat::BatchDigest::Sent& sent) {
  Document row;
  row.add("message", sent.id)
      .add("sender", sent.sender)
      .add("recipient", sent.recipient)
      .add("seq", sent.seq)
      .add("senderOrdinal", sent.sender_ordinal)
      .add("recipientOrdinal", sent.recipient_ordinal)
      .add("timestamp", sent.timestamp);
  return row;
}

Document row_of(const chat::DevicePosition& position) {
  Document row;
  row.add("user", position.user).add("device", position.device).add("position", position.position);
  return row;
}

Document row_of(const chat::WatermarkStep& step) {
  return encode(step);
}

Document row_of(const chat::MailboxTrim& trim) {
  Document row;
  row.add("owner", trim.owner).add("below", trim.below);
  return row;
}

Document row_of(const chat::Ending& ending) {
  Document row;
  if (ending.login) row.add("login", *ending.login);
  if (ending.user) row.add("user", *ending.user);
  if (ending.device) row.add("device", *ending.device);
  if (ending.except) row.add("except", *ending.except);
  if (ending.handshake) row.add("handshake", *ending.handshake);
  row.add("reason", to_string(ending.reason));
  return row;
}

bool read_row(const bson_t* document, chat::UserId& out) {
  return Fields(document).get("user", out).ok();
}

bool read_row(const bson_t* document, chat::ConversationKey& out) {
  return Fields(document).get("low", out.low).get("high", out.high).ok();
}

bool read_row(const bson_t* document, chat::BatchDigest::Head& out) {
  return Fields(document).get("owner", out.owner).get("head", out.head).ok();
}

bool read_row(const bson_t* document, chat::BatchDigest::Sent& out) {
  return Fields(document)
      .get("message", out.id)
      .get("sender", out.sender)
      .get("recipient", out.recipient)
      .get("seq", out.seq)
      .get("senderOrdinal", out.sender_ordinal)
      .get("recipientOrdinal", out.recipient_ordinal)
      .get("timestamp", out.timestamp)
      .ok();
}

bool read_row(const bson_t* document, chat::DevicePosition& out) {
  return Fields(document).get("user", out.user).get("device", out.device).get("position", out.position).ok();
}

bool read_row(const bson_t* document, chat::WatermarkStep& out) {
  return decode(document, out);
}

bool read_row(const bson_t* document, chat::MailboxTrim& out) {
  return Fields(document).get("owner", out.owner).get("below", out.below).ok();
}

bool read_row(const bson_t* document, chat::Ending& out) {
  Fields fields(document);
  fields.maybe("login", out.login)
      .maybe("user", out.user)
      .maybe("device", out.device)
      .maybe("except", out.except)
      .maybe("handshake", out.handshake);
  if (!reason_of(fields.text("reason"), out.reason)) fields.damage();
  return fields.ok();
}

template <class Row>
void add_rows(Document& document, const char* key, const std::vector<Row>& rows) {
  if (rows.empty()) return;
  std::vector<Document> documents;
  documents.reserve(rows.size());
  for (const auto& row : rows) documents.push_back(row_of(row));
  document.add_array(key, documents);
}

template <class Row>
void read_rows(Fields& fields, const char* key, std::vector<Row>& rows) {
  fields.each(key, [&](const bson_t* document) {
    if (!read_row(document, rows.emplace_back())) fields.damage();
  });
}

}  // namespace

Document encode(const chat::BatchDigest& digest) {
  Document document;
  add_rows(document, "users", digest.users);
  add_rows(document, "conversations", digest.conversations);
  add_rows(document, "heads", digest.heads);
  add_rows(document, "sent", digest.sent);
  add_rows(document, "positions", digest.positions);
  add_rows(document, "watermarks", digest.steps);
  add_rows(document, "trims", digest.trims);
  add_rows(document, "endings", digest.endings);
  return document;
}

bool decode(const bson_t* document, chat::BatchDigest& out) {
  Fields fields(document);
  read_rows(fields, "users", out.users);
  read_rows(fields, "conversations", out.conversations);
  read_rows(fields, "heads", out.heads);
  read_rows(fields, "sent", out.sent);
  read_rows(fields, "positions", out.positions);
  read_rows(fields, "watermarks", out.steps);
  read_rows(fields, "trims", out.trims);
  read_rows(fields, "endings", out.endings);
  return fields.ok();
}

}  // namespace adapters::mongodb
