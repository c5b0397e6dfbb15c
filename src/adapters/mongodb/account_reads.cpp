// The AccountStore part of MongoStore.

#include <algorithm>

#include "adapters/mongodb/mongo_store.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

Document sorted_by(const char* field) {
  Document options;
  options.add("sort", Document().add(field, 1));
  return options;
}

struct IdRow {
  chat::UserId id;
};
bool decode(const bson_t* document, IdRow& out) {
  Fields fields(document);
  fields.get("_id", out.id);
  return fields.ok();
}

}  // namespace

chat::Read<std::optional<chat::User>> MongoStore::user(const chat::UserId& id) const {
  return reader_->find_one<chat::User>(kUsers, where("_id", id));
}

chat::Read<std::optional<chat::User>> MongoStore::user_by_name(std::string_view username) const {
  return reader_->find_one<chat::User>(kUsers, where("usernameKey", folded(username)));
}

chat::Read<std::optional<chat::User>> MongoStore::user_by_email(std::string_view email) const {
  return reader_->find_one<chat::User>(kUsers, where("emailKey", folded(email)));
}

chat::Read<bool> MongoStore::has_users() const {
  const auto first = users_after({}, 1);
  if (!first) return base::fail(first.error());
  return !first->empty();
}

chat::Read<std::vector<chat::UserId>> MongoStore::users_after(const chat::UserId& after, std::size_t limit) const {
  std::vector<chat::UserId> ids;
  if (limit == 0) return ids;  // which the server would take for "all"
  Document options = sorted_by("_id");
  options.add("limit", limit).add("projection", Document().add("_id", 1));
  const auto rows = reader_->find_all<IdRow>(kUsers, where("_id", Document().add("$gt", after)), options);
  if (!rows) return base::fail(rows.error());
  for (const auto& row : *rows) ids.push_back(row.id);
  return ids;
}

chat::Read<std::vector<chat::Device>> MongoStore::devices(const chat::UserId& user) const {
  return reader_->find_all<chat::Device>(kDevices, where("user", user), sorted_by("device"));
}

chat::Read<std::vector<chat::DevicePosition>> MongoStore::positions(const chat::UserId& user) const {
  return reader_->find_all<chat::DevicePosition>(kPositions, where("user", user), sorted_by("device"));
}

chat::Read<std::optional<chat::Login>> MongoStore::login(const chat::LoginId& id) const {
  return reader_->find_one<chat::Login>(kLogins, where("_id", id));
}

chat::Read<std::vector<chat::Login>> MongoStore::logins(const chat::UserId& user) const {
  return reader_->find_all<chat::Login>(kLogins, where("user", user), sorted_by("_id"));
}

chat::Read<chat::Relation> MongoStore::relation(const chat::ConversationKey& pair) const {
  auto found = reader_->find_one<chat::Relation>(kRelations, where("_id", conversation_text(pair)));
  if (!found) return base::fail(found.error());
  return found->value_or(chat::Relation{.pair = pair});
}

chat::Read<std::vector<chat::Relation>> MongoStore::relations(const chat::UserId& user) const {
  std::vector<Document> sides;
  sides.push_back(where("low", user));
  sides.push_back(where("high", user));
  Document filter;
  filter.add_array("$or", sides);
  auto rows = reader_->find_all<chat::Relation>(kRelations, filter);
  if (!rows) return rows;
  std::sort(rows->begin(), rows->end(), [&](const chat::Relation& a, const chat::Relation& b) {
    return a.pair.peer_of(user) < b.pair.peer_of(user);
  });
  return rows;
}

}  // namespace adapters::mongodb
