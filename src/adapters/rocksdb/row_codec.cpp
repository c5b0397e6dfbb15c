// Rows of the mail tables and of single values; accounts are in row_codec_accounts.cpp.

#include "adapters/rocksdb/row_codec.hpp"

namespace adapters::rocksdb {

// message = sent-by-high failed [reason] id sender-ordinal recipient-ordinal timestamp client-id key-id content
std::string_view encode(const chat::Message& message, std::string_view key, std::string& buffer) {
  RowWriter row(buffer);
  row.byte(message.sender < message.recipient ? 0 : 1).byte(message.failure ? 1 : 0);
  if (message.failure) row.byte(static_cast<std::uint8_t>(*message.failure));
  return row.id(message.id)
      .number(message.sender_ordinal)
      .number(message.recipient_ordinal)
      .time(message.timestamp)
      .text(message.client_id)
      .id(message.content.key)
      .text(message.content.bytes)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, const chat::ConversationKey& conversation,
            chat::ConversationSeq seq, chat::Message& out) {
  RowReader reader(key, row);
  const bool sent_by_high = reader.flag();
  out.sender = sent_by_high ? conversation.high : conversation.low;
  out.recipient = sent_by_high ? conversation.low : conversation.high;
  out.seq = seq;
  out.failure.reset();
  if (reader.flag()) out.failure = reader.choice(chat::FailureReason::kExpired, chat::FailureReason::kSkipped);
  out.id = reader.id<chat::MessageId>();
  out.sender_ordinal = reader.number();
  out.recipient_ordinal = reader.number();
  out.timestamp = reader.time();
  out.client_id = reader.text();
  out.content.key = reader.id<chat::KeyId>();
  out.content.bytes = reader.text();
  return reader.done();
}

// entry = kind own watermark relation reason epoch time peer number message-id origin
std::string_view encode(const chat::MailboxEntry& entry, std::string_view key, std::string& buffer) {
  return RowWriter(buffer)
      .byte(static_cast<std::uint8_t>(entry.kind))
      .byte(entry.own ? 1 : 0)
      .byte(static_cast<std::uint8_t>(entry.watermark))
      .byte(static_cast<std::uint8_t>(entry.relation))
      .byte(static_cast<std::uint8_t>(entry.reason))
      .number(entry.epoch.value)
      .time(entry.at)
      .id(entry.peer)
      .number(entry.seq.value)
      .id(entry.message)
      .text(entry.origin.value)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, const chat::UserId& owner, chat::MailboxSeq position,
            chat::MailboxEntry& out) {
  RowReader reader(key, row);
  out.owner = owner;
  out.position = position;
  out.kind = reader.choice(chat::EntryKind::kMessage, chat::EntryKind::kRemoved);
  out.own = reader.flag();
  out.watermark = reader.choice(chat::WatermarkKind::kDelivered, chat::WatermarkKind::kRead);
  out.relation = reader.choice(chat::RelationEvent::kFriendRequest, chat::RelationEvent::kFriendRemoved);
  out.reason = reader.choice(chat::FailureReason::kExpired, chat::FailureReason::kSkipped);
  out.epoch = chat::EpochNumber(static_cast<std::uint32_t>(reader.number()));
  out.at = reader.time();
  out.peer = reader.id<chat::UserId>();
  out.seq = chat::ConversationSeq(reader.number());
  out.message = reader.id<chat::MessageId>();
  out.origin.value = reader.text();
  return reader.done();
}

// step = kind author reader time newest-covered newest-covered-number author-ordinal author-entry reader-entry
std::string_view encode(const chat::WatermarkStep& step, std::string_view key, std::string& buffer) {
  return RowWriter(buffer)
      .byte(static_cast<std::uint8_t>(step.kind))
      .id(step.author)
      .id(step.reader)
      .time(step.at)
      .id(step.newest_covered)
      .number(step.newest_covered_seq.value)
      .number(step.author_ordinal)
      .number(step.author_entry.value)
      .number(step.reader_entry.value)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::ConversationSeq up_to, chat::WatermarkStep& out) {
  RowReader reader(key, row);
  out.up_to = up_to;
  out.kind = reader.choice(chat::WatermarkKind::kDelivered, chat::WatermarkKind::kRead);
  out.author = reader.id<chat::UserId>();
  out.reader = reader.id<chat::UserId>();
  out.at = reader.time();
  out.newest_covered = reader.id<chat::MessageId>();
  out.newest_covered_seq = chat::ConversationSeq(reader.number());
  out.author_ordinal = reader.number();
  out.author_entry = chat::MailboxSeq(reader.number());
  out.reader_entry = chat::MailboxSeq(reader.number());
  return reader.done();
}

// place = low high number
std::string_view encode(const MessagePlace& place, std::string_view key, std::string& buffer) {
  return RowWriter(buffer).id(place.conversation.low).id(place.conversation.high).number(place.seq.value).seal(key);
}

bool decode(std::string_view key, std::string_view row, MessagePlace& out) {
  RowReader reader(key, row);
  out.conversation.low = reader.id<chat::UserId>();
  out.conversation.high = reader.id<chat::UserId>();
  out.seq = chat::ConversationSeq(reader.number());
  return reader.done();
}

std::string_view encode_number(std::uint64_t number, std::string_view key, std::string& buffer) {
  return RowWriter(buffer).number(number).seal(key);
}

bool decode_number(std::string_view key, std::string_view row, std::uint64_t& out) {
  RowReader reader(key, row);
  out = reader.number();
  return reader.done();
}

std::string_view encode_text(std::string_view text, std::string_view key, std::string& buffer) {
  return RowWriter(buffer).text(text).seal(key);
}

bool decode_text(std::string_view key, std::string_view row, std::string& out) {
  RowReader reader(key, row);
  out = reader.text();
  return reader.done();
}

}  // namespace adapters::rocksdb
