#include "adapters/mongodb/presence_record.hpp"

#include <unordered_set>

#include "adapters/mongodb/bulk.hpp"
#include "adapters/mongodb/schema.hpp"
#include "base/log.hpp"

namespace adapters::mongodb {

namespace {

/// Of one find: its filter stays far below the limit of a document, whatever the number of somebody's friends.
constexpr std::size_t kUsersPerFind = 10'000;

Document online_at(std::string_view node) {
  Document change;
  change.add("$set", Document().add("isOnline", true).add("onlineNode", node));
  return change;
}

Document offline() {
  Document change;
  change.add("$set", Document().add("isOnline", false)).add("$unset", Document().add("onlineNode", ""));
  return change;
}

bool succeeded(const Done& failed, Connection& connection) {
  if (!failed) {
    connection.remember_time();
    return true;
  }
  base::log::warning("presence_not_recorded", {{"cause", failed->message}});
  return false;
}

Done find_online(Connection& connection, std::span<const chat::UserId> users,
                 std::unordered_set<chat::UserId>& online) {
  Document filter;
  filter.add("_id", Document().add_array("$in", std::vector<chat::UserId>(users.begin(), users.end())));
  Document options;
  options.add("projection", Document().add("isOnline", true));
  return connection.find(kUsers, filter, options, [&](const bson_t* row) {
    chat::UserId id;
    bool is_online = false;
    // Who is not known to be online is not: a damaged row has no other meaning here.
    if (Fields(row).get("_id", id).maybe("isOnline", is_online).ok() && is_online) online.insert(id);
    return true;
  });
}

}  // namespace

bool MongoPresenceRecord::record(std::string_view node, std::span<const chat::PresenceChange> changes) {
  if (changes.empty()) return true;
  auto connection = pool_.lease();
  if (!connection) return false;
  Bulk rows(*connection, kUsers, Bulk::Order::kAny);
  for (const auto& change : changes) {
    Document filter;
    filter.add("_id", change.user);
    if (!change.online) filter.add("onlineNode", node);
    rows.update(filter, change.online ? online_at(node) : offline());
  }
  return succeeded(rows.run(), *connection);
}

chat::Read<std::vector<chat::UserId>> MongoPresenceRecord::recorded_by(std::string_view node) const {
  std::vector<chat::UserId> users;
  auto connection = pool_.lease();
  if (!connection) return base::fail(chat::StoreError::kUnavailable);
  Document options;
  options.add("projection", Document().add("_id", true));
  const auto failed = connection->find(kUsers, Document().add("onlineNode", node), options, [&](const bson_t* row) {
    chat::UserId id;
    if (Fields(row).get("_id", id).ok()) users.push_back(id);
    return true;
  });
  if (failed) return base::fail(chat::StoreError::kUnavailable);
  return users;
}

bool MongoPresenceRecord::forget_node(std::string_view node) {
  auto connection = pool_.lease();
  if (!connection) return false;
  Bulk rows(*connection, kUsers);
  Document change = offline();
  change.add("$currentDate", Document().add("lastSeen", true));
  rows.update_many(Document().add("onlineNode", node), change);
  return succeeded(rows.run(), *connection);
}

chat::Read<std::vector<bool>> MongoPresenceRecord::recorded_online(std::span<const chat::UserId> users) const {
  std::unordered_set<chat::UserId> online;
  std::vector<bool> answers;
  if (users.empty()) return answers;
  auto connection = pool_.lease();
  if (!connection) return base::fail(chat::StoreError::kUnavailable);
  for (auto left = users; !left.empty();) {
    const auto part = left.first(std::min(left.size(), kUsersPerFind));
    if (find_online(*connection, part, online)) return base::fail(chat::StoreError::kUnavailable);
    left = left.subspan(part.size());
  }
  answers.reserve(users.size());
  for (const auto& user : users) answers.push_back(online.contains(user));
  return answers;
}

}  // namespace adapters::mongodb
