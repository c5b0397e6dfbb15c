#pragma once
// Rows as documents and back: the grammar of docs/data-model.md, "In MongoDB". A document that decodes to false is
// damaged. Inside of this room.

#include "adapters/mongodb/document.hpp"
#include "chat/ports/commit_batch.hpp"

namespace adapters::mongodb {

/// Both ids as 48 hex digits, the lower one first: messages, keys and relations of one pair stay together on a shard.
std::string conversation_text(const chat::ConversationKey& conversation);
bool parse_conversation(std::string_view text, chat::ConversationKey& out);

const char* to_text(chat::WatermarkKind kind);
/// ASCII letters in lower case; all other bytes as they are.
std::string folded(std::string_view name);

/// What watermarks say of a message: the founding field and its times.
struct DeliveryState {
  std::optional<base::WallTime> delivered_at;
  std::optional<base::WallTime> read_at;
};

Document encode(const chat::Message& message, const DeliveryState& state = {});
Document encode(const chat::MailboxEntry& entry);
Document encode(const chat::WatermarkStep& step);
Document encode(const chat::WrappedKey& key);
Document encode(const chat::Device& device);
Document encode(const chat::Login& login);
Document encode(const chat::Relation& relation);
Document encode(const chat::PushJob& job);
Document encode(const chat::DeviceTrace& trace);
/// Without _id: the fields of a user that are ours; `isOnline` and `friends` are kept up elsewhere.
Document encode_fields(const chat::User& user);

bool decode(const bson_t* document, chat::Message& out);
bool decode(const bson_t* document, chat::MailboxEntry& out);
bool decode(const bson_t* document, chat::WatermarkStep& out);
bool decode(const bson_t* document, chat::WrappedKey& out);
bool decode(const bson_t* document, chat::User& out);
bool decode(const bson_t* document, chat::Device& out);
bool decode(const bson_t* document, chat::DevicePosition& out);
bool decode(const bson_t* document, chat::Login& out);
bool decode(const bson_t* document, chat::Relation& out);
bool decode(const bson_t* document, chat::PushJob& out);
bool decode(const bson_t* document, chat::DeviceTrace& out);

/// The filter that names one row of a device.
Document device_filter(const chat::UserId& user, const chat::DeviceId& device);

}  // namespace adapters::mongodb
