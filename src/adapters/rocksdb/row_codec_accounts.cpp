// Rows of the account tables and of data keys.

#include "adapters/rocksdb/row_codec.hpp"

namespace adapters::rocksdb {

// key = id low high wrapped
std::string_view encode(const chat::WrappedKey& wrapped, std::string_view key, std::string& buffer) {
  return RowWriter(buffer)
      .id(wrapped.id)
      .id(wrapped.conversation.low)
      .id(wrapped.conversation.high)
      .text(wrapped.wrapped)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::WrappedKey& out) {
  RowReader reader(key, row);
  out.id = reader.id<chat::KeyId>();
  out.conversation.low = reader.id<chat::UserId>();
  out.conversation.high = reader.id<chat::UserId>();
  out.wrapped = reader.text();
  return reader.done();
}

// user = id username email password-hash created last-seen deactivated [push-previews]
// Rows from before there was push end after deactivated.
std::string_view encode(const chat::User& user, std::string_view key, std::string& buffer) {
  return RowWriter(buffer)
      .id(user.id)
      .text(user.username)
      .text(user.email)
      .text(user.password_hash)
      .time(user.created)
      .time(user.last_seen)
      .byte(user.deactivated ? 1 : 0)
      .byte(user.push_previews ? 1 : 0)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::User& out) {
  RowReader reader(key, row);
  out.id = reader.id<chat::UserId>();
  out.username = reader.text();
  out.email = reader.text();
  out.password_hash = reader.text();
  out.created = reader.time();
  out.last_seen = reader.time();
  out.deactivated = reader.flag();
  out.push_previews = reader.more() && reader.flag();
  return reader.done();
}

// device = user id login created last-seen start has-push [push-kind push-address]
std::string_view encode(const chat::Device& device, std::string_view key, std::string& buffer) {
  RowWriter row(buffer);
  row.id(device.user).text(device.id.value).id(device.login).time(device.created).time(device.last_seen);
  row.number(device.start.value).byte(device.push ? 1 : 0);
  if (device.push) row.text(device.push->kind).text(device.push->address);
  return row.seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::Device& out) {
  RowReader reader(key, row);
  out.user = reader.id<chat::UserId>();
  out.id.value = reader.text();
  out.login = reader.id<chat::LoginId>();
  out.created = reader.time();
  out.last_seen = reader.time();
  out.start = chat::MailboxSeq(reader.number());
  out.push.reset();
  if (reader.flag()) {
    out.push.emplace();
    out.push->kind = reader.text();
    out.push->address = reader.text();
  }
  return reader.done();
}

// login = id user device created last-used expires address current count child*
std::string_view encode(const chat::Login& login, std::string_view key, std::string& buffer) {
  RowWriter row(buffer);
  row.id(login.id).id(login.user).text(login.device.value);
  row.time(login.created).time(login.last_used).time(login.expires);
  row.text(login.address).text(login.current).number(login.children.size());
  for (const auto& child : login.children) row.text(child);
  return row.seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::Login& out) {
  RowReader reader(key, row);
  out.id = reader.id<chat::LoginId>();
  out.user = reader.id<chat::UserId>();
  out.device.value = reader.text();
  out.created = reader.time();
  out.last_used = reader.time();
  out.expires = reader.time();
  out.address = reader.text();
  out.current = reader.text();
  out.children.clear();
  const std::uint64_t count = reader.number();
  // Every child takes a byte at least: a damaged count cannot make this loop long.
  for (std::uint64_t i = 0; i < count && i < row.size(); ++i) out.children.emplace_back(reader.text());
  return reader.done() && out.children.size() == count;
}

// relation = low high friendship blocked-by-low blocked-by-high changed
std::string_view encode(const chat::Relation& relation, std::string_view key, std::string& buffer) {
  return RowWriter(buffer)
      .id(relation.pair.low)
      .id(relation.pair.high)
      .byte(static_cast<std::uint8_t>(relation.friendship))
      .byte(relation.blocked_by_low ? 1 : 0)
      .byte(relation.blocked_by_high ? 1 : 0)
      .time(relation.changed)
      .seal(key);
}

bool decode(std::string_view key, std::string_view row, chat::Relation& out) {
  RowReader reader(key, row);
  out.pair.low = reader.id<chat::UserId>();
  out.pair.high = reader.id<chat::UserId>();
  out.friendship = reader.choice(chat::Friendship::kNone, chat::Friendship::kFriends);
  out.blocked_by_low = reader.flag();
  out.blocked_by_high = reader.flag();
  out.changed = reader.time();
  return reader.done();
}

}  // namespace adapters::rocksdb
