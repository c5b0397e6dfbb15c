#include "adapters/mongodb/node_registry.hpp"

#include "adapters/mongodb/bulk.hpp"
#include "adapters/mongodb/schema.hpp"
#include "base/log.hpp"

namespace adapters::mongodb {

namespace {

constexpr std::chrono::milliseconds kEvery{1000};
constexpr int kRoundsPerTrim = 60;
/// Of the commit log: a node that missed more than this starts afresh. The newest stay whatever their age: a claim
/// looks for the number before it (commit_turn.cpp).
constexpr std::chrono::hours kLogKept{1};
constexpr std::uint64_t kNewestKept = 1000;
constexpr const char* kLeader = "leader";  // a lease like a node's: who sends pushes

/// A time that was before (`"$lt"`) or since (`"$gt"`) `age` ago, by the server's clock.
Document time_compared(const char* field, const char* comparison, std::chrono::milliseconds age) {
  Document filter;
  BCON_APPEND(filter.mutable_bson(), "$expr", "{", comparison, "[", BCON_UTF8(field), "{", "$subtract", "[", "$$NOW",
              BCON_INT64(age.count()), "]", "}", "]", "}");
  return filter;
}

Document lease_older_than(std::chrono::milliseconds age) {
  return lease_compared("$lt", age);
}

std::vector<Binary> as_binaries(const std::vector<std::string>& values) {
  std::vector<Binary> binaries;
  for (const auto& value : values) binaries.push_back({value});
  return binaries;
}

constexpr const char* kBuriedBy = "buriedBy";  // this node settles what the dead one has left

/// {"$currentDate": {lease: true}, "$set": fields}
Document renewal(const Document& fields) {
  Document change;
  change.add("$currentDate", Document().add("lease", true)).add("$set", fields);
  return change;
}

void append_uuid(Document& document, const char* key, const std::string& uuid) {
  bson_append_binary(document.mutable_bson(), key, -1, BSON_SUBTYPE_UUID,
                     reinterpret_cast<const std::uint8_t*>(uuid.data()), static_cast<std::uint32_t>(uuid.size()));
}

}  // namespace

Document lease_compared(const char* comparison, std::chrono::milliseconds age) {
  return time_compared("$lease", comparison, age);
}

Done kill_sessions(Connection& connection, const std::vector<std::string>& sessions) {
  if (sessions.empty()) return std::nullopt;
  std::vector<Document> ids;
  for (const auto& session : sessions) {
    append_uuid(ids.emplace_back(), "id", session);
  }
  Document command;
  command.add_array("killSessions", ids);
  return connection.run(command);
}

NodeRegistry::NodeRegistry(Pool& pool, std::string name, std::chrono::milliseconds lease)
    : pool_(pool), name_(std::move(name)), lease_(lease), judge_(lease) {}

NodeRegistry::~NodeRegistry() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    wake_.notify_one();
  }
  if (!thread_.joinable()) return;
  thread_.join();
  auto connection = pool_.lease();
  if (!connection) return;
  Bulk rows(*connection, kNodes);
  rows.remove(Document().add("_id", name_));
  if (leads()) rows.remove(Document().add("_id", kLeader).add("node", name_));
  static_cast<void>(rows.run());
}

void NodeRegistry::start() {
  thread_ = std::thread([this] { run(); });
}

void NodeRegistry::watch(std::function<bool(const std::string&)> died, std::function<void()> revived) {
  const std::lock_guard lock(watch_mutex_);
  died_ = std::move(died);
  revived_ = std::move(revived);
}

Done NodeRegistry::announce_session(const std::string& session) {
  {
    const std::lock_guard lock(mutex_);
    sessions_.push_back(session);
    constexpr std::size_t kMostSessions = 16;  // the one in use and those that were lost lately
    if (sessions_.size() > kMostSessions) sessions_.erase(sessions_.begin());
  }
  auto connection = pool_.lease();
  if (!connection) return Failure{Failure::kTransient, 0, "no connection"};
  return renew(*connection);
}

void NodeRegistry::hurry() {
  const std::lock_guard lock(mutex_);
  hurry_ = true;
  wake_.notify_one();
}

void NodeRegistry::run() {
  bool hurried = false;
  for (int round = 0;; ++round) {
    if (auto connection = pool_.lease()) {
      auto failed = renew(*connection);
      const auto now = std::chrono::steady_clock::now();
      if (!failed) judge_.renewed(now);
      if (!failed) say_revived();
      if (!failed && hurried) failed = end_orphans(*connection);
      if (!failed && judge_.may_judge(now)) failed = sweep(*connection);
      if (!failed) failed = elect(*connection);
      if (!failed && round % kRoundsPerTrim == 0) failed = trim_log(*connection);
      if (failed) leads_ = false;
    } else {
      leads_ = false;
    }
    std::unique_lock lock(mutex_);
    wake_.wait_for(lock, kEvery, [this] { return stopping_ || hurry_; });
    if (stopping_) return;
    hurried = std::exchange(hurry_, false);
  }
}

/// A row that is not there any more, or is about to go, was taken for a dead node's.
Done NodeRegistry::renew(Connection& connection) {
  Document fields;
  {
    const std::lock_guard lock(mutex_);
    fields.add_array("sessions", as_binaries(sessions_));
  }
  auto change = renewal(fields);
  change.add("$unset", Document().add(kBuriedBy, ""));
  Document command;
  command.add("findAndModify", kNodes)
      .add("query", Document().add("_id", name_))
      .add("update", change)
      .add("upsert", true);
  const bool known = known_;  // by now: two threads may make the first row together
  Document before;
  if (auto failed = connection.run(command, &before)) return failed;
  bool there = false;
  Fields(before.bson()).inside("value", [&](Fields& row) { there = !row.has(kBuriedBy); });
  if (known && !there) buried_ = true;
  known_ = true;
  return std::nullopt;
}

void NodeRegistry::say_revived() {
  if (!buried_.exchange(false)) return;
  base::log::warning("this node was taken for dead by the others, and lives");
  const std::lock_guard lock(watch_mutex_);
  if (revived_) revived_();
}

Done NodeRegistry::sweep(Connection& connection) {
  struct Dead {
    std::string name;
    std::vector<std::string> sessions;
  };
  std::vector<Dead> dead;
  const auto failed = connection.find(kNodes, lease_older_than(lease_), Document(), [&](const bson_t* row) {
    Fields fields(row);
    Dead one;
    fields.get("_id", one.name);
    one.sessions = fields.binaries("sessions");
    if (one.name != kLeader && one.name != name_) dead.push_back(std::move(one));
    return true;
  });
  if (failed) return failed;
  for (const auto& each : dead) {
    if (auto unburied = bury(connection, each.name, each.sessions)) return unburied;
  }
  return std::nullopt;
}

/// A server that does not let us look, or a router, which shows its own connections only: the leases have to do.
Done NodeRegistry::end_orphans(Connection& connection) {
  std::vector<std::string> sessions;
  const auto unread = connection.find(kNodes, Document(), Document(), [&](const bson_t* row) {
    for (auto& session : Fields(row).binaries("sessions")) sessions.push_back(std::move(session));
    return true;
  });
  if (unread) return unread;
  Document announced;
  for (std::size_t i = 0; i < sessions.size(); ++i) append_uuid(announced, std::to_string(i).c_str(), sessions[i]);
  Document command;
  BCON_APPEND(command.mutable_bson(), "aggregate", BCON_INT32(1), "pipeline", "[",                                    //
              "{", "$currentOp", "{", "idleConnections", BCON_BOOL(true), "idleSessions", BCON_BOOL(true), "}", "}",  //
              "{", "$match", "{", "shard", "{", "$exists", BCON_BOOL(false), "}",                                     //
              "connectionId", "{", "$exists", BCON_BOOL(true), "}",                                                   //
              "$or", "[", "{", "type", "op", "}",                                                                     //
              "{", "lsid.id", "{", "$in", BCON_ARRAY(announced.bson()), "}", "}", "]", "}", "}",                      //
              "{", "$group", "{", "_id", "$connectionId", "types", "{", "$addToSet", "$type", "}",                    //
              "sessions", "{", "$addToSet", "$lsid.id", "}", "}", "}",                                                //
              "{", "$match", "{", "types", "[", BCON_UTF8("idleSession"), "]", "}", "}", "]",                         //
              "cursor", "{", "}");
  Document reply;
  if (auto failed = connection.run_on_admin(command, &reply)) {
    return failed->kind == Failure::kTransient ? failed : std::nullopt;
  }
  std::vector<std::string> orphans;
  Fields(reply.bson()).inside("cursor", [&](Fields& cursor) {
    cursor.each("firstBatch", [&](const bson_t* row) {
      for (auto& session : Fields(row).binaries("sessions")) orphans.push_back(std::move(session));
    });
  });
  if (orphans.empty()) return std::nullopt;
  base::log::warning("a transaction whose connection is gone held the others up, and is ended");
  return kill_sessions(connection, orphans);
}

Done NodeRegistry::bury(Connection& connection, const std::string& node, const std::vector<std::string>& sessions) {
  if (auto failed = kill_sessions(connection, sessions)) return failed;
  const std::lock_guard lock(watch_mutex_);
  if (!died_) return std::nullopt;
  // Only one of those who look takes it, and it only counts while the node has not come back.
  Document filter = lease_older_than(lease_);
  filter.add("_id", node);
  Document command;
  command.add("findAndModify", kNodes).add("query", filter).add("update", renewal(Document().add(kBuriedBy, name_)));
  Document reply;
  if (auto failed = connection.run(command, &reply)) return failed;
  if (!Fields(reply.bson()).inside("value", [](Fields&) {})) return std::nullopt;
  base::log::warning("a node has died, or was cut off: " + node);
  if (!died_(node)) return std::nullopt;
  Bulk rows(connection, kNodes);
  rows.remove(Document().add("_id", node).add(kBuriedBy, name_));
  return rows.run();
}

/// One row says who leads. It changes hands when its lease has run out.
Done NodeRegistry::elect(Connection& connection) {
  const auto change = renewal(Document().add("node", name_));
  Document abandoned = lease_older_than(lease_);
  abandoned.add("_id", kLeader);
  Bulk taken(connection, kNodes);
  taken.update(abandoned, change);
  if (auto failed = taken.run()) return failed;
  // Ours: renewed. Nobody's: made. Somebody else's: the insertion meets their row.
  Bulk kept(connection, kNodes);
  kept.update(Document().add("_id", kLeader).add("node", name_), change, true);
  const auto failed = kept.run();
  leads_ = !failed;
  if (failed && failed->kind == Failure::kConflict) return std::nullopt;
  return failed;
}

Done NodeRegistry::trim_log(Connection& connection) {
  std::uint64_t newest = 0;
  Document last;
  last.add("sort", Document().add("_id", -1)).add("limit", 1);
  auto failed = connection.find(kCommits, Document(), last, [&](const bson_t* row) {
    Fields(row).get("_id", newest);
    return false;
  });
  if (failed || newest <= kNewestKept) return failed;
  Bulk rows(connection, kCommits);
  auto filter = time_compared("$at", "$lt", kLogKept);
  filter.add("_id", Document().add("$lt", newest - kNewestKept));
  rows.remove_many(filter);
  return rows.run();
}

}  // namespace adapters::mongodb
