// Opening, and the commit: one transaction a batch.

#include "adapters/mongodb/mongo_store.hpp"

#include <thread>

#include "adapters/mongodb/batch_transaction.hpp"
#include "adapters/mongodb/commit_turn.hpp"
#include "adapters/mongodb/node_registry.hpp"
#include "adapters/mongodb/presence_record.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "adapters/mongodb/schema.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"

namespace adapters::mongodb {

namespace {

constexpr std::size_t kNodeNameBytes = 6;

std::string random_name() {
  base::SecureRandom random;
  return base::to_hex(random.bytes(kNodeNameBytes));
}

using Clock = std::chrono::steady_clock;

/// Between two tries of one batch: an election takes seconds, a lost connection is back at once.
constexpr std::chrono::milliseconds kBetweenTries{50};
/// find_outcome() looks so many times as long as commit() tries: with a primary that has fallen silent its first
/// question costs a socket's whole time-out, which is as long as that, before another is found.
constexpr int kOutcomeTries = 2;
/// How long "full" is believed before content is let through again to find out.
constexpr std::chrono::seconds kFullFor{1};

}  // namespace

base::Result<std::unique_ptr<MongoStore>, OpenError> MongoStore::open(const Options& options) {
  auto pool = Pool::create(options);
  if (!pool) return base::fail(pool.error());
  auto connection = (*pool)->lease();
  if (!connection) {
    return base::fail(OpenError{OpenError::kUnavailable, "no server of storage.mongodb_uri answers"});
  }
  if (auto error = prepare_database(*connection)) return base::fail(std::move(*error));
  auto before = existing_epochs(*connection);
  if (!before) return base::fail(before.error());
  connection->remember_time();
  connection.reset();
  std::unique_ptr<MongoStore> store(new MongoStore(options, std::move(*pool), std::move(*before)));
  if (options.admit) {
    if (auto refused = options.admit(*store, store->epochs_.empty())) {
      return base::fail(OpenError{OpenError::kNotAdmitted, std::move(*refused)});
    }
  }
  if (auto error = store->enter_epoch()) return base::fail(std::move(*error));
  if (auto failed = store->join_nodes()) return base::fail(OpenError{OpenError::kUnavailable, failed->message});
  return store;
}

std::optional<OpenError> MongoStore::enter_epoch() {
  auto connection = pool_->lease();
  if (!connection) return OpenError{OpenError::kUnavailable, "no server of storage.mongodb_uri answers"};
  auto epochs = open_epochs(*connection, options_.append_epoch);
  if (!epochs) return std::move(epochs.error());
  connection->remember_time();
  epochs_ = std::move(*epochs);
  return std::nullopt;
}

Done MongoStore::join_nodes() {
  registry_ = std::make_unique<NodeRegistry>(*pool_, options_.node.empty() ? random_name() : options_.node,
                                             options_.node_lease);
  turn_ = std::make_unique<CommitTurn>(*pool_, *reader_, *registry_, options_);
  if (auto failed = turn_->start_at_newest()) return failed;
  registry_->start();
  return std::nullopt;
}

MongoStore::MongoStore(const Options& options, std::unique_ptr<Pool> pool, std::vector<std::string> epochs)
    : options_(options),
      pool_(std::move(pool)),
      reader_(std::make_unique<RowReader>(*pool_)),
      presence_record_(std::make_unique<MongoPresenceRecord>(*pool_)),
      epochs_(std::move(epochs)) {}

MongoStore::~MongoStore() = default;

std::uint64_t MongoStore::damaged_rows() const {
  return reader_->damaged_rows();
}
std::uint64_t MongoStore::failures() const {
  return reader_->failures();
}
bool MongoStore::has_room() const {
  return Clock::now() >= full_until_.load(std::memory_order_relaxed);
}

bool MongoStore::leads() const {
  return registry_->leads();
}
void MongoStore::watch_nodes(std::function<bool(const std::string&)> died, std::function<void()> revived) {
  registry_->watch(std::move(died), std::move(revived));
}
const std::string& MongoStore::node() const {
  return registry_->name();
}
chat::PresenceRecord& MongoStore::presence_record() const {
  return *presence_record_;
}

std::optional<base::WallTime> MongoStore::shared_now() const {
  auto connection = pool_->lease();
  if (!connection) return std::nullopt;
  Document hello;
  if (auto failed = connection->run(Document().add("hello", 1), &hello)) {
    reader_->note_failure(failed->message);
    return std::nullopt;
  }
  base::WallTime now{};
  if (!Fields(hello.bson()).get("localTime", now).ok()) return std::nullopt;
  return now;
}

base::Result<chat::ForeignCommits, chat::StoreError> MongoStore::begin_turn() {
  if (!turn_->claimed() && !turn_->claim(Clock::now() + options_.commit_time)) {
    return base::fail(chat::StoreError::kUnavailable);
  }
  return turn_->take_foreign();
}

void MongoStore::end_turn() {
  if (turn_->claimed()) turn_->release();
}

base::Result<chat::ForeignCommits, chat::StoreError> MongoStore::foreign_commits() {
  if (turn_->claimed()) return chat::ForeignCommits{};
  if (auto failed = turn_->catch_up()) {
    reader_->note_failure(failed->message);
    return base::fail(chat::StoreError::kUnavailable);
  }
  return turn_->take_foreign();
}

/// Both durabilities are one here: what a majority has not journaled could roll back, and a read could not see it.
base::Result<void, chat::StoreError> MongoStore::commit(const chat::CommitBatch& batch,
                                                        chat::Durability /*durability*/) {
  if (options_.read_only) return base::fail(chat::StoreError::kUnavailable);
  if (batch.empty()) {
    end_turn();
    return {};
  }
  const auto deadline = Clock::now() + options_.commit_time;
  for (;;) {
    if (const auto settled = try_commit(batch, deadline)) return *settled;
    // Nothing is written: the transaction was never committed.
    if (Clock::now() + kBetweenTries >= deadline) return base::fail(chat::StoreError::kUnavailable);
    std::this_thread::sleep_for(kBetweenTries);
  }
}

base::Result<bool, chat::StoreError> MongoStore::find_outcome() {
  const auto written = turn_->find_lost(Clock::now() + kOutcomeTries * options_.commit_time);
  if (!written) return base::fail(chat::StoreError::kUnavailable);
  return *written;
}

MongoStore::Settled MongoStore::try_commit(const chat::CommitBatch& batch, Deadline deadline) {
  if (!turn_->claimed() && !turn_->claim(deadline)) return std::nullopt;
  // What was staged does not know of what others have committed meanwhile.
  if (turn_->say_behind()) {
    turn_->release();
    ++conflicts_;
    return base::Result<void, chat::StoreError>(base::fail(chat::StoreError::kConflict));
  }
  reach("begun");
  auto failed = turn_->describe(batch);
  if (!failed) failed = BatchTransaction(turn_->connection(), batch).write();
  if (failed) {
    turn_->release();
    return refused(*failed);
  }
  reach("written");
  return finish_commit(deadline);
}

/// The transaction is written and not committed, so this failure is a certain one.
MongoStore::Settled MongoStore::refused(const Failure& failure) {
  switch (failure.kind) {
    case Failure::kConflict:
      ++conflicts_;
      return base::Result<void, chat::StoreError>(base::fail(chat::StoreError::kConflict));
    case Failure::kFull:
      full_until_ = Clock::now() + kFullFor;
      return base::Result<void, chat::StoreError>(base::fail(chat::StoreError::kFull));
    case Failure::kTransient:
    case Failure::kUnknown:
      turn_->reconnect();
      reader_->note_failure(failure.message);
      return std::nullopt;
    case Failure::kOther:
      break;
  }
  reader_->note_failure(failure.message);
  return base::Result<void, chat::StoreError>(base::fail(chat::StoreError::kUnavailable));
}

MongoStore::Settled MongoStore::finish_commit(Deadline deadline) {
  for (;;) {
    const auto failed = turn_->connection().commit();
    if (!failed) {
      turn_->committed();
      reach("committed");
      return base::Result<void, chat::StoreError>();
    }
    // The server answers a repeated commit with this only when a majority knows that it did not happen.
    if (failed->undone()) {
      turn_->release();
      return refused(*failed);
    }
    const bool may_pass = failed->kind == Failure::kUnknown || failed->kind == Failure::kTransient;
    if (may_pass && Clock::now() + kBetweenTries < deadline) {
      std::this_thread::sleep_for(kBetweenTries);
      continue;
    }
    turn_->lose();
    ++unknown_outcomes_;
    reader_->note_failure(failed->message);
    return base::Result<void, chat::StoreError>(base::fail(chat::StoreError::kUnknown));
  }
}

}  // namespace adapters::mongodb
