#include "adapters/mongodb/commit_turn.hpp"

#include <thread>

#include "adapters/mongodb/bulk.hpp"
#include "adapters/mongodb/digest_documents.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

using Clock = std::chrono::steady_clock;

/// After a failure of the network or an election.
constexpr std::chrono::milliseconds kPause{50};
/// A turn of another node takes some ten milliseconds: asked again often enough not to add much to it.
constexpr std::chrono::microseconds kShortestWait{500};
constexpr std::uint32_t kWaits = 4;
/// As long as others want turns too, they get a chance after each of ours.
constexpr std::chrono::microseconds kCourtesy{1500};
constexpr std::chrono::milliseconds kOthersBusy{200};
/// Longer than turns take: perhaps its holder is dead.
constexpr std::chrono::milliseconds kSuspicious{500};
/// Documents of one look into the log; more is read by the next.
constexpr int kLookedAt = 1000;

std::string session_id(Connection& connection) {
  bson_iter_t id;
  if (!bson_iter_init_find(&id, mongoc_client_session_get_lsid(connection.session()), "id")) return {};
  bson_subtype_t subtype = BSON_SUBTYPE_BINARY;
  std::uint32_t size = 0;
  const std::uint8_t* bytes = nullptr;
  bson_iter_binary(&id, &subtype, &size, &bytes);
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

Done CommitTurn::start_at_newest() {
  auto connection = pool_.lease();
  if (!connection) return Failure{Failure::kTransient, 0, "no connection"};
  Document newest;
  newest.add("sort", Document().add("_id", -1)).add("limit", 1);
  const auto failed = connection->find(kCommits, Document(), newest, [&](const bson_t* row) {
    Fields(row).get("_id", seen_);
    return false;
  });
  connection->remember_time();
  return failed;
}

Done CommitTurn::open_connection() {
  if (connection_) return std::nullopt;
  auto opened = pool_.lease();
  if (!opened) return Failure{Failure::kTransient, 0, "no connection"};
  connection_.emplace(std::move(*opened));
  auto failed = registry_.announce_session(session_id(*connection_));
  if (failed) connection_.reset();
  return failed;
}

CommitTurn::Try CommitTurn::try_claim() {
  auto failed = open_connection();
  if (!failed) failed = connection_->begin(options_.majority_time);
  if (!failed) {
    Document claim;
    claim.add("_id", seen_ + 1).add("node", registry_.name());
    failed = connection_->insert(kCommits, claim);
  }
  if (!failed) {
    claimed_ = true;
    return Try::kClaimed;
  }
  const bool taken = failed->kind == Failure::kConflict;
  if (connection_) connection_->abort();
  if (!taken) {
    reader_.note_failure(failed->message);
    reconnect();
  }
  return taken ? Try::kTaken : Try::kFailed;
}

bool CommitTurn::claim(Deadline deadline) {
  let_others_in();
  const auto started = Clock::now();
  for (;;) {
    const auto outcome = try_claim();
    if (outcome == Try::kClaimed) return true;
    if (Clock::now() >= deadline) return false;
    if (outcome == Try::kFailed) {
      std::this_thread::sleep_for(kPause);
      continue;
    }
    const auto before = seen_;
    if (auto failed = catch_up()) reader_.note_failure(failed->message);
    if (seen_ != before) continue;
    if (Clock::now() - started > kSuspicious) registry_.hurry();
    jitter_ = jitter_ * 1'103'515'245 + 12'345;
    std::this_thread::sleep_for(kShortestWait * (1 + (jitter_ >> 16) % kWaits));
  }
}

void CommitTurn::let_others_in() {
  const auto now = Clock::now();
  if (now - last_foreign_ > kOthersBusy) return;
  const auto next = last_commit_ + kCourtesy;
  if (next > now) std::this_thread::sleep_until(next);
}

Done CommitTurn::describe(const chat::CommitBatch& batch) {
  Document fields = encode(chat::digest_of(batch));
  Document change;
  change.add("$set", fields).add("$currentDate", Document().add("at", true));
  Bulk rows(*connection_, kCommits);
  rows.update(Document().add("_id", seen_ + 1), change);
  return rows.run();
}

void CommitTurn::committed() {
  ++seen_;
  claimed_ = false;
  last_commit_ = Clock::now();
  connection_->remember_time();
}

void CommitTurn::release() {
  claimed_ = false;
  if (connection_) connection_->abort();
}

Done CommitTurn::catch_up() {
  auto connection = pool_.lease();
  if (!connection) return Failure{Failure::kTransient, 0, "no connection"};
  Document options;
  options.add("sort", Document().add("_id", 1)).add("limit", kLookedAt);
  Document newer;
  newer.add("_id", Document().add("$gt", seen_));
  const auto failed = connection->find(kCommits, newer, options, [&](const bson_t* row) {
    std::uint64_t number = 0;
    chat::BatchDigest digest;
    const bool readable = Fields(row).get("_id", number).ok() && decode(row, digest);
    if (!readable || number != seen_ + 1) foreign_.lost = true;
    if (number > seen_) seen_ = number;
    foreign_.batches.push_back(std::move(digest));
    behind_ = true;
    last_foreign_ = Clock::now();
    return true;
  });
  connection->remember_time();
  return failed;
}

}  // namespace adapters::mongodb
