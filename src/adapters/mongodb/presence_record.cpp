#include "adapters/mongodb/presence_record.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "adapters/mongodb/bulk.hpp"
#include "adapters/mongodb/schema.hpp"
#include "base/log.hpp"

namespace adapters::mongodb {

namespace {

/// Of one find: its filter stays far below the limit of a document, whatever the number of somebody's friends.
constexpr std::size_t kUsersPerFind = 10'000;

/// {"$literal": node}: a name is no expression, whatever it begins with.
Document literal(std::string_view node) {
  Document value;
  value.add("$literal", node);
  return value;
}

/// An expression: the entries of the other nodes. A field that is no array has none.
Document others_than(std::string_view node) {
  Document filter;
  const auto name = literal(node);
  BCON_APPEND(filter.mutable_bson(), "$filter", "{", "input", "{", "$cond", "[", "{", "$isArray", "[", "$onlineNodes",
              "]", "}", "$onlineNodes", "[", "]", "]", "}", "cond", "{", "$ne", "[", "$$this.node",
              BCON_DOCUMENT(name.bson()), "]", "}", "}");
  return filter;
}

/// An expression: some node has the user.
Document somewhere() {
  Document any;
  BCON_APPEND(any.mutable_bson(), "$or", "[", "{", "$gt", "[", "{", "$size", "$onlineNodes", "}", BCON_INT32(0), "]",
              "}", "{", "$eq", "[", "{", "$type", "$onlineNode", "}", "string", "]", "}", "]");
  return any;
}

Document entry_of(std::string_view node, chat::WallTime said) {
  Document entry;
  entry.add("node", literal(node)).add("at", said);
  return entry;
}

/// A change that computes: an aggregation pipeline, here of two stages.
Document pipeline(const Document& first, const Document& second) {
  Document stages;
  stages.add("0", first).add("1", second);
  return stages;
}

Document set(const Document& fields) {
  Document stage;
  stage.add("$set", fields);
  return stage;
}

Document came_online(std::string_view node, chat::WallTime said) {
  Document fields;
  const auto others = others_than(node);
  const auto own = entry_of(node, said);
  BCON_APPEND(fields.mutable_bson(), "onlineNodes", "{", "$concatArrays", "[", BCON_DOCUMENT(others.bson()), "[",
              BCON_DOCUMENT(own.bson()), "]", "]", "}", "isOnline", BCON_BOOL(true));
  return pipeline(set(fields), Document().add("$unset", "onlineNode"));
}

Document went_offline(std::string_view node, chat::WallTime said) {
  Document fields;
  fields.add("onlineNodes", others_than(node)).add("leftNode", entry_of(node, said));
  return pipeline(set(fields), set(Document().add("isOnline", somewhere())));
}

Document node_died(std::string_view node) {
  Document fields;
  const auto name = literal(node);
  fields.add("onlineNodes", others_than(node));
  BCON_APPEND(fields.mutable_bson(), "onlineNode", "{", "$cond", "[", "{", "$eq", "[", "$onlineNode",
              BCON_DOCUMENT(name.bson()), "]", "}", "$$REMOVE", "$onlineNode", "]", "}");
  Document outcome;
  const auto still = somewhere();
  outcome.add("isOnline", still);
  BCON_APPEND(outcome.mutable_bson(), "lastSeen", "{", "$cond", "[", BCON_DOCUMENT(still.bson()), "$lastSeen", "{",
              "$max", "[", "$lastSeen", "$$NOW", "]", "}", "]", "}");
  return pipeline(set(fields), set(outcome));
}

/// This user, unless the node has said something newer of it.
Document not_said_since(const chat::UserId& user, std::string_view node, chat::WallTime said) {
  const auto newer = [&](const char* name, const char* at) {
    Document filter;
    filter.add(name, node).add(at, Document().add("$gte", said));
    return filter;
  };
  std::vector<Document> refused(1);
  refused.front().add("onlineNodes", Document().add("$elemMatch", newer("node", "at")));
  refused.push_back(newer("leftNode.node", "leftNode.at"));
  Document filter;
  filter.add("_id", user).add_array("$nor", refused);
  return filter;
}

/// Where a node's word is found: as an entry, and as an earlier version left it.
std::array<Document, 2> said_by(std::string_view node) {
  std::array<Document, 2> filters;
  filters[0].add("onlineNodes.node", node);
  filters[1].add("onlineNode", node);
  return filters;
}

bool succeeded(const Done& failed, Connection& connection) {
  if (!failed) {
    connection.remember_time();
    return true;
  }
  base::log::warning("presence_not_recorded", {{"cause", failed->message}});
  return false;
}

Done forget(Connection& connection, std::string_view node) {
  Bulk rows(connection, kUsers);
  for (const auto& filter : said_by(node)) rows.update_many(filter, node_died(node));
  return rows.run();
}

/// Online by nobody's word: an application of the founding schema has written it, or an earlier version of a node that
/// is not among `known`.
Done forget_unsaid(Connection& connection, const std::vector<std::string>& known) {
  Document filter;
  filter.add("isOnline", true)
      .add("onlineNodes.0", Document().add("$exists", false))
      .add("onlineNode", Document().add_array("$nin", known));
  Document change;
  change.add("$set", Document().add("isOnline", false)).add("$unset", Document().add("onlineNode", ""));
  Bulk rows(connection, kUsers);
  rows.update_many(filter, change);
  return rows.run();
}

/// A node that has somebody online and is not among `known`; `found` stays empty: there is none.
Done find_unknown(Connection& connection, const std::vector<std::string>& known, std::string& found) {
  Document entry;
  entry.add("node", Document().add_array("$nin", known));
  Document filter;
  filter.add("onlineNodes", Document().add("$elemMatch", entry));
  Document options;
  options.add("projection", Document().add("onlineNodes", true)).add("limit", 1);
  return connection.find(kUsers, filter, options, [&](const bson_t* row) {
    Fields(row).each("onlineNodes", [&](const bson_t* each) {
      std::string node;
      Fields(each).get("node", node);
      if (std::find(known.begin(), known.end(), node) == known.end()) found = node;
    });
    return true;
  });
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

bool MongoPresenceRecord::record(std::string_view node, chat::WallTime said,
                                 std::span<const chat::PresenceChange> changes) {
  if (changes.empty()) return true;
  auto connection = pool_.lease();
  if (!connection) return false;
  Bulk rows(*connection, kUsers, Bulk::Order::kAny);
  const auto online = came_online(node, said);
  const auto offline = went_offline(node, said);
  for (const auto& change : changes) {
    rows.update(not_said_since(change.user, node, said), change.online ? online : offline);
  }
  return succeeded(rows.run(), *connection);
}

chat::Read<std::vector<chat::UserId>> MongoPresenceRecord::recorded_by(std::string_view node) const {
  std::vector<chat::UserId> users;
  auto connection = pool_.lease();
  if (!connection) return base::fail(chat::StoreError::kUnavailable);
  Document options;
  options.add("projection", Document().add("_id", true));
  for (auto& filter : said_by(node)) {
    filter.add("isOnline", true);
    const auto failed = connection->find(kUsers, filter, options, [&](const bson_t* row) {
      chat::UserId id;
      if (Fields(row).get("_id", id).ok()) users.push_back(id);
      return true;
    });
    if (failed) return base::fail(chat::StoreError::kUnavailable);
  }
  return users;
}

bool MongoPresenceRecord::forget_node(std::string_view node) {
  auto connection = pool_.lease();
  if (!connection) return false;
  return succeeded(forget(*connection, node), *connection);
}

bool MongoPresenceRecord::forget_strays(std::string_view node) {
  auto connection = pool_.lease();
  if (!connection) return false;
  std::vector<std::string> known = {std::string(node)};
  auto failed = connection->find(kNodes, Document(), Document(), [&](const bson_t* row) {
    Fields(row).get("_id", known.emplace_back());
    return true;
  });
  if (!failed) failed = forget_unsaid(*connection, known);
  while (!failed) {
    std::string unknown;
    failed = find_unknown(*connection, known, unknown);
    if (failed || unknown.empty()) break;
    failed = forget(*connection, unknown);
    known.push_back(unknown);
  }
  return succeeded(failed, *connection);
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
