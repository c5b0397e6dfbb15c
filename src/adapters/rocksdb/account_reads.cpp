// The AccountStore half of RocksDbStore.

#include <algorithm>

#include "adapters/rocksdb/database.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "adapters/rocksdb/row_codec.hpp"
#include "adapters/rocksdb/row_key.hpp"

namespace adapters::rocksdb {

namespace {

/// All rows under `prefix`; one damaged row fails the list: half a list of devices or blocks would be believed.
template <class T>
chat::Read<std::vector<T>> list(const Database& database, const Key& prefix) {
  std::vector<T> found;
  auto rows = database.prefix(prefix.view());
  for (rows.to_first(); rows.valid(); rows.next()) {
    if (!decode(rows.key(), rows.row(), found.emplace_back())) {
      database.note_damage(rows.key());
      return base::fail(chat::StoreError::kCorrupt);
    }
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return found;
}

chat::Read<std::optional<chat::User>> find_user(const Database& database, const chat::UserId& id) {
  return database.find<chat::User>(Key(Table::kUser).add(id).view(), kDecode);
}

/// By an index of lower-case names. The user must still have the name: it may have changed between the two reads.
chat::Read<std::optional<chat::User>> find_by(const Database& database, Table index, const std::string& name,
                                              std::string chat::User::* field) {
  const auto id = database.find<chat::UserId>(Key(index).add(name).view(), kDecodeId);
  if (!id) return base::fail(id.error());
  if (!*id) return std::optional<chat::User>();
  auto user = find_user(database, **id);
  if (user && *user && lower_case((**user).*field) != name) return std::optional<chat::User>();
  return user;
}

}  // namespace

chat::Read<std::optional<chat::User>> RocksDbStore::user(const chat::UserId& id) const {
  return find_user(*database_, id);
}

chat::Read<std::optional<chat::User>> RocksDbStore::user_by_name(std::string_view username) const {
  return find_by(*database_, Table::kUsername, lower_case(username), &chat::User::username);
}

chat::Read<std::optional<chat::User>> RocksDbStore::user_by_email(std::string_view email) const {
  return find_by(*database_, Table::kEmail, lower_case(email), &chat::User::email);
}

chat::Read<bool> RocksDbStore::has_users() const {
  auto rows = database_->prefix(Key(Table::kUser).view());
  rows.to_first();
  if (const auto error = rows.error()) return base::fail(*error);
  return rows.valid();
}

chat::Read<std::vector<chat::UserId>> RocksDbStore::users_after(const chat::UserId& after, std::size_t limit) const {
  const Key table(Table::kUser);
  auto rows = database_->prefix(table.view());
  std::vector<chat::UserId> found;
  for (rows.seek(Key(Table::kUser).add(after).view()); rows.valid() && found.size() < limit; rows.next()) {
    const auto raw = rows.key().substr(table.view().size());
    chat::UserId id;
    if (raw.size() != id.bytes.size()) continue;
    std::copy(raw.begin(), raw.end(), id.bytes.begin());
    if (id > after) found.push_back(id);
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return found;
}

chat::Read<std::vector<chat::Device>> RocksDbStore::devices(const chat::UserId& user) const {
  return list<chat::Device>(*database_, Key(Table::kDevice).add(user));
}

chat::Read<std::vector<chat::DevicePosition>> RocksDbStore::positions(const chat::UserId& user) const {
  const Key prefix = Key(Table::kPosition).add(user);
  std::vector<chat::DevicePosition> found;
  auto rows = database_->prefix(prefix.view());
  for (rows.to_first(); rows.valid(); rows.next()) {
    std::uint64_t position = 0;
    if (decode_number(rows.key(), rows.row(), position)) {
      chat::DeviceId device{std::string(rows.key().substr(prefix.view().size()))};
      found.push_back({user, std::move(device), chat::MailboxSeq(position)});
    } else {
      database_->note_damage(rows.key());  // a lost position costs a resend
    }
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return found;
}

chat::Read<std::optional<chat::Login>> RocksDbStore::login(const chat::LoginId& id) const {
  return database_->find<chat::Login>(Key(Table::kLogin).add(id).view(), kDecode);
}

chat::Read<std::vector<chat::Login>> RocksDbStore::logins(const chat::UserId& user) const {
  const Key prefix = Key(Table::kLoginOfUser).add(user);
  std::vector<chat::Login> found;
  auto rows = database_->prefix(prefix.view());
  for (rows.to_first(); rows.valid(); rows.next()) {
    const Key key = Key(Table::kLogin).add(rows.key().substr(prefix.view().size()));
    auto login = database_->find<chat::Login>(key.view(), kDecode);
    if (!login) return base::fail(login.error());
    if (*login) found.push_back(std::move(**login));  // absent: erased since the list was opened
  }
  if (const auto error = rows.error()) return base::fail(*error);
  return found;
}

chat::Read<chat::Relation> RocksDbStore::relation(const chat::ConversationKey& pair) const {
  auto row = database_->find<chat::Relation>(Key(Table::kRelation).add(pair.low).add(pair.high).view(), kDecode);
  if (!row) return base::fail(row.error());
  return row->value_or(chat::Relation{.pair = pair});
}

chat::Read<std::vector<chat::Relation>> RocksDbStore::relations(const chat::UserId& user) const {
  return list<chat::Relation>(*database_, Key(Table::kRelation).add(user));
}

}  // namespace adapters::rocksdb
