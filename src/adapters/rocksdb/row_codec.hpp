#pragma once
// Rows <-> values of the domain, one pair of functions per table (fields in the order of the grammar above each body).
// encode: the bytes live in `buffer`. decode: false when the row is damaged; `out` is then worthless. What the key says
// already (owner and position, conversation and number, …) is not repeated in the value; the caller hands it in.

#include "adapters/rocksdb/row_bytes.hpp"
#include "chat/ports/commit_batch.hpp"

namespace adapters::rocksdb {

struct MessagePlace {
  chat::ConversationKey conversation;
  chat::ConversationSeq seq;
};

std::string_view encode(const chat::Message& message, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, const chat::ConversationKey& conversation,
            chat::ConversationSeq seq, chat::Message& out);

std::string_view encode(const chat::MailboxEntry& entry, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, const chat::UserId& owner, chat::MailboxSeq position,
            chat::MailboxEntry& out);

std::string_view encode(const chat::WatermarkStep& step, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::ConversationSeq up_to, chat::WatermarkStep& out);

std::string_view encode(const MessagePlace& place, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, MessagePlace& out);

std::string_view encode(const chat::WrappedKey& wrapped, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::WrappedKey& out);

std::string_view encode(const chat::User& user, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::User& out);

std::string_view encode(const chat::Device& device, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::Device& out);

std::string_view encode(const chat::Login& login, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::Login& out);

std::string_view encode(const chat::Relation& relation, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::Relation& out);

/// User and device of jobs and traces are those of the key.
std::string_view encode(const chat::PushJob& job, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::PushJob& out);

std::string_view encode(const chat::DeviceTrace& trace, std::string_view key, std::string& buffer);
bool decode(std::string_view key, std::string_view row, chat::DeviceTrace& out);

/// A single number: position, floor, number behind a client id.
std::string_view encode_number(std::uint64_t number, std::string_view key, std::string& buffer);
bool decode_number(std::string_view key, std::string_view row, std::uint64_t& out);

/// A single id: user behind a name, current key.
template <class Tag>
std::string_view encode_id(const base::ObjectId<Tag>& id, std::string_view key, std::string& buffer) {
  return RowWriter(buffer).id(id).seal(key);
}
template <class Tag>
bool decode_id(std::string_view key, std::string_view row, base::ObjectId<Tag>& out) {
  RowReader reader(key, row);
  out = reader.id<base::ObjectId<Tag>>();
  return reader.done();
}

/// The overloads above as one object each, for Database::find.
inline constexpr auto kDecode = [](std::string_view key, std::string_view row, auto& out) {
  return decode(key, row, out);
};
inline constexpr auto kDecodeId = [](std::string_view key, std::string_view row, auto& out) {
  return decode_id(key, row, out);
};

/// A short text: epoch id, format.
std::string_view encode_text(std::string_view text, std::string_view key, std::string& buffer);
bool decode_text(std::string_view key, std::string_view row, std::string& out);

}  // namespace adapters::rocksdb
