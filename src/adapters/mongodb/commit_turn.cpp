#include "adapters/mongodb/commit_turn.hpp"

#include <thread>

#include "adapters/mongodb/bulk.hpp"
#include "adapters/mongodb/digest_documents.hpp"
#include "adapters/mongodb/schema.hpp"
#include "base/hex.hpp"
#include "base/log.hpp"
#include "base/random.hpp"

namespace adapters::mongodb {

namespace {

using Clock = std::chrono::steady_clock;

/// After a failure of the network or an election.
constexpr std::chrono::milliseconds kAfterFailure{50};
/// A turn of another node takes some ten milliseconds: asked again often enough not to add much to it.
constexpr std::chrono::microseconds kShortestWait{500};
constexpr std::uint32_t kWaits = 4;
/// As long as others want turns too, they get a chance after each of ours.
constexpr std::chrono::microseconds kCourtesy{1500};
constexpr std::chrono::milliseconds kOthersBusy{200};
/// Longer than turns take: perhaps its holder is dead. Looked into again and again while it lasts.
constexpr std::chrono::milliseconds kSuspicious{250};
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

std::string random_mark() {
  constexpr std::size_t kBytes = 8;
  base::SecureRandom random;
  return base::to_hex(random.bytes(kBytes));
}

}  // namespace

Done CommitTurn::start_at_newest() {
  auto connection = pool_.lease();
  if (!connection) return Failure{Failure::kTransient, 0, "no connection"};
  Document newest;
  newest.add("sort", Document().add("_id", -1)).add("limit", 1);
  std::uint64_t number = 0;
  const auto failed = connection->find(kCommits, Document(), newest, [&](const bson_t* row) {
    Fields(row).get("_id", number);
    return false;
  });
  if (!failed) seen_ = number;
  connection->remember_time();
  return failed;
}

Done CommitTurn::open_connection() {
  if (connection_) return std::nullopt;
  auto opened = pool_.lease();
  if (!opened) return Failure{Failure::kTransient, 0, "no connection"};
  connection_.emplace(std::move(*opened));
  auto failed = end_abandoned();
  if (!failed) failed = registry_.announce_session(session_id(*connection_));
  if (failed) connection_.reset();
  return failed;
}

Done CommitTurn::end_abandoned() {
  if (abandoned_.empty()) return std::nullopt;
  const auto failed = kill_sessions(*connection_, abandoned_);
  if (failed && failed->kind == Failure::kTransient) return failed;
  if (failed) reader_.note_failure(failed->message);  // then the server's own limit for idle transactions has to do
  abandoned_.clear();
  return std::nullopt;
}

void CommitTurn::reconnect() {
  if (!connection_) return;
  // The driver uses others again, perhaps for a read: their transactions were ended by the server's own answer.
  const bool unheard = mongoc_client_session_get_dirty(connection_->session());
  constexpr std::size_t kMostAbandoned = 16;  // a server that does not answer has long forgotten the first of them
  if (auto id = session_id(*connection_); unheard && !id.empty() && abandoned_.size() < kMostAbandoned) {
    abandoned_.push_back(std::move(id));
  }
  connection_.reset();
}

/// Inserts the number, and sees in the same command whether the one before it is still there (in an empty log: that
/// there is none). It is whenever nothing was missed: trim_log() leaves the newest alone.
Done CommitTurn::insert_next(bool& missed) {
  mark_ = random_mark();
  Document before;
  if (seen_ == 0) {
    before.add("_id", Document().add("$gt", seen_));
  } else {
    before.add("_id", seen_);
  }
  const auto with = [&](const char* op) {
    Document change;
    change.add(op, Document().add("node", registry_.name()));
    return change;
  };
  Bulk log(*connection_, kCommits);
  log.update(before, with("$setOnInsert"));  // changes nothing and locks nothing, but is counted
  log.update(Document().add("_id", seen_ + 1).add("claim", mark_), with("$set"), true);
  std::uint64_t matched = 0;
  const auto failed = log.run(&matched);
  missed = (matched == 0) != (seen_ == 0);
  return failed;
}

/// Behind what nobody can tell any more.
Done CommitTurn::skip_missed() {
  base::log::warning("this node has missed more than the commit log keeps, and starts afresh");
  foreign_.lost = behind_ = true;
  return start_at_newest();
}

CommitTurn::Try CommitTurn::try_claim() {
  bool missed = false;
  auto failed = open_connection();
  if (!failed) failed = connection_->begin(options_.majority_time);
  if (!failed) failed = insert_next(missed);
  if (!failed && missed) {
    connection_->abort();
    failed = skip_missed();
    if (!failed) return Try::kMissed;
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
  auto suspicious = Clock::now() + kSuspicious;
  for (;;) {
    const auto outcome = try_claim();
    if (outcome == Try::kClaimed) return true;
    if (Clock::now() >= deadline) return false;
    if (outcome == Try::kMissed) continue;
    if (outcome == Try::kFailed) {
      std::this_thread::sleep_for(kAfterFailure);
      continue;
    }
    const auto before = seen_;
    if (auto failed = catch_up()) reader_.note_failure(failed->message);
    if (seen_ != before) continue;
    if (const auto now = Clock::now(); now >= suspicious) {
      registry_.hurry();
      suspicious = now + kSuspicious;
    }
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

void CommitTurn::lose() {
  lost_ = {.number = seen_ + 1, .mark = mark_};
  release();
  reconnect();
}

std::optional<bool> CommitTurn::find_lost(Deadline deadline) {
  if (lost_.number == 0) return std::nullopt;
  lost_.looked_for = true;
  std::optional<bool> written;
  while (!written && Clock::now() < deadline && claim(deadline)) {
    // Claimed numbers have all before them read. Of a log that no longer keeps everything its document may be missing.
    if (lost_.found || foreign_.lost) break;
    if (seen_ >= lost_.number || take_place_of_lost()) written = false;
  }
  if (lost_.found) written = true;  // a majority has what is read, also on the way to a claim that failed
  if (claimed_) release();
  lost_ = {};
  return written;
}

/// A free number is no proof: the old primary may have the document and win the next election. One that a majority has
/// in its place is.
bool CommitTurn::take_place_of_lost() {
  auto failed = describe(chat::CommitBatch{});
  if (!failed) failed = connection_->commit();
  if (!failed) {
    committed();
    return true;
  }
  reader_.note_failure(failed->message);
  release();
  reconnect();
  return false;
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
    if (lost_.looked_for && number == lost_.number && Fields(row).text("claim") == lost_.mark) {
      lost_.found = true;
      return true;
    }
    foreign_.batches.push_back(std::move(digest));
    behind_ = true;
    last_foreign_ = Clock::now();
    return true;
  });
  connection->remember_time();
  return failed;
}

}  // namespace adapters::mongodb
