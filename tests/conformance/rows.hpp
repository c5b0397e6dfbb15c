#pragma once
// Rows for tests, every field set to something that a codec could lose.

#include "chat/ports/commit_batch.hpp"

namespace conformance {

inline base::WallTime at_ms(std::int64_t ms) {
  return base::WallTime(std::chrono::milliseconds(ms));
}

/// The n-th id of its type: equal n, equal id.
template <class Id>
Id nth(std::uint32_t n) {
  Id id;
  for (int i = 0; i < 4; ++i) id.bytes[static_cast<std::size_t>(8 + i)] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  id.bytes[0] = static_cast<std::uint8_t>(n * 37);  // not in the order of n
  return id;
}
inline chat::UserId user_id(std::uint32_t n) {
  return nth<chat::UserId>(n);
}
inline chat::MessageId message_id(std::uint32_t n) {
  return nth<chat::MessageId>(n);
}

inline chat::Message message(std::uint32_t id, const chat::UserId& from, const chat::UserId& to, std::uint64_t seq,
                             std::string client_id = "", std::string content = "sealed") {
  return {.id = message_id(id),
          .sender = from,
          .recipient = to,
          .seq = chat::ConversationSeq(seq),
          .sender_ordinal = seq / 2 + 1,
          .recipient_ordinal = seq / 3,
          .timestamp = at_ms(1'700'000'000'000 + static_cast<std::int64_t>(seq)),
          .client_id = std::move(client_id),
          .content = {.key = nth<chat::KeyId>(id % 5), .bytes = std::move(content)},
          .failure = std::nullopt};
}

inline chat::MailboxEntry message_entry(const chat::UserId& owner, std::uint64_t position, const chat::Message& m) {
  const bool own = m.sender == owner;
  return {.owner = owner,
          .position = chat::MailboxSeq(position),
          .epoch = chat::EpochNumber(1),
          .kind = chat::EntryKind::kMessage,
          .at = m.timestamp,
          .peer = own ? m.recipient : m.sender,
          .seq = m.seq,
          .message = m.id,
          .own = own,
          .origin = chat::DeviceId{own ? "phone" : ""}};
}

inline chat::MailboxEntry status_entry(const chat::UserId& owner, std::uint64_t position, const chat::UserId& peer,
                                       chat::WatermarkKind kind, std::uint64_t up_to) {
  return {.owner = owner,
          .position = chat::MailboxSeq(position),
          .epoch = chat::EpochNumber(1),
          .kind = chat::EntryKind::kStatus,
          .at = at_ms(5),
          .peer = peer,
          .seq = chat::ConversationSeq(up_to),
          .message = message_id(static_cast<std::uint32_t>(up_to)),
          .origin = chat::DeviceId{},
          .watermark = kind};
}

inline chat::MailboxEntry own_read_entry(const chat::UserId& owner, std::uint64_t position, const chat::UserId& peer,
                                         std::uint64_t up_to) {
  auto entry = status_entry(owner, position, peer, chat::WatermarkKind::kRead, up_to);
  entry.kind = chat::EntryKind::kOwnRead;
  entry.origin = chat::DeviceId{"laptop"};
  return entry;
}

inline chat::WatermarkStep step(const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind,
                                std::uint64_t up_to, std::uint64_t author_entry = 0, std::uint64_t reader_entry = 0) {
  return {.author = author,
          .reader = reader,
          .kind = kind,
          .up_to = chat::ConversationSeq(up_to),
          .at = at_ms(-7 + static_cast<std::int64_t>(up_to)),
          .newest_covered = message_id(static_cast<std::uint32_t>(up_to)),
          .newest_covered_seq = chat::ConversationSeq(up_to),
          .author_ordinal = up_to * 3,
          .author_entry = chat::MailboxSeq(author_entry),
          .reader_entry = chat::MailboxSeq(reader_entry)};
}

inline chat::User user(std::uint32_t n, std::string name, std::string email) {
  return {.id = user_id(n),
          .username = std::move(name),
          .email = std::move(email),
          .password_hash = "$argon2id$" + std::to_string(n),
          .created = at_ms(1000 + n),
          .last_seen = at_ms(2000 + n),
          .deactivated = n % 2 == 1,
          .push_previews = n % 3 == 1};
}

inline chat::Device device(const chat::UserId& user, std::string id, std::uint32_t login) {
  return {.user = user,
          .id = chat::DeviceId{std::move(id)},
          .login = nth<chat::LoginId>(login),
          .created = at_ms(11),
          .last_seen = at_ms(12),
          .start = chat::MailboxSeq(13),
          .push = chat::PushAddress{"webpush", "{\"endpoint\":\"https://push.example\"}"}};
}

inline chat::Login login(std::uint32_t n, const chat::UserId& user, std::string device) {
  return {.id = nth<chat::LoginId>(n),
          .user = user,
          .device = chat::DeviceId{std::move(device)},
          .created = at_ms(21),
          .last_used = at_ms(22),
          .expires = at_ms(23),
          .address = "192.0.2.1",
          .current = std::string(32, '\xfe'),
          .children = {std::string(32, '\0'), std::string(32, 'c')}};
}

inline chat::PushJob push_job(const chat::UserId& user, std::string device, base::WallTime due,
                              std::string kind = "webpush", std::uint64_t position = 7) {
  return {.user = user,
          .device = chat::DeviceId{std::move(device)},
          .kind = std::move(kind),
          .position = chat::MailboxSeq(position),
          .message = message_id(static_cast<std::uint32_t>(position)),
          .due = due,
          .expires = at_ms(41),
          .attempts = 4'000'000'000};
}

inline chat::DeviceTrace device_trace(const chat::UserId& user, std::string device,
                                      chat::PushOutcome outcome = chat::PushOutcome::kNotNeeded) {
  return {.user = user,
          .device = chat::DeviceId{std::move(device)},
          .written = chat::MailboxSeq(51),
          .written_at = at_ms(52),
          .pushed = chat::MailboxSeq(53),
          .pushed_at = at_ms(54),
          .outcome = outcome,
          .detail = "UNREGISTERED"};
}

inline chat::Relation relation(const chat::UserId& a, const chat::UserId& b, chat::Friendship friendship) {
  return {.pair = chat::ConversationKey::of(a, b),
          .friendship = friendship,
          .blocked_by_low = true,
          .blocked_by_high = false,
          .changed = at_ms(31)};
}

inline chat::WrappedKey wrapped_key(std::uint32_t n, const chat::UserId& a, const chat::UserId& b) {
  return {.id = nth<chat::KeyId>(n),
          .conversation = chat::ConversationKey::of(a, b),
          .wrapped = std::string("\0\xff wrapped ", 11) + std::to_string(n)};
}

}  // namespace conformance
