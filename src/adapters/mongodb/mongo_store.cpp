// Opening, and the commit: one transaction a batch.

#include "adapters/mongodb/mongo_store.hpp"

#include <thread>

#include "adapters/mongodb/batch_transaction.hpp"
#include "adapters/mongodb/row_reader.hpp"
#include "adapters/mongodb/schema.hpp"

namespace adapters::mongodb {

namespace {

using Clock = std::chrono::steady_clock;

/// Between two tries of one batch: an election takes seconds, a lost connection is back at once.
constexpr std::chrono::milliseconds kPause{50};
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
  auto epochs = open_epochs(*connection, options.append_epoch);
  if (!epochs) return base::fail(epochs.error());
  connection->remember_time();
  connection.reset();
  return std::unique_ptr<MongoStore>(new MongoStore(options, std::move(*pool), std::move(*epochs)));
}

MongoStore::MongoStore(const Options& options, std::unique_ptr<Pool> pool, std::vector<std::string> epochs)
    : options_(options),
      pool_(std::move(pool)),
      reader_(std::make_unique<RowReader>(*pool_)),
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

/// Both durabilities are one here: what a majority has not journaled could roll back, and a read could not see it.
base::Result<void, chat::StoreError> MongoStore::commit(const chat::CommitBatch& batch,
                                                        chat::Durability /*durability*/) {
  if (options_.read_only) return base::fail(chat::StoreError::kUnavailable);
  if (batch.empty()) return {};
  const auto deadline = Clock::now() + options_.commit_time;
  for (;;) {
    if (const auto settled = try_commit(batch, deadline)) return *settled;
    // Nothing is written: the transaction was never committed.
    if (Clock::now() + kPause >= deadline) return base::fail(chat::StoreError::kUnavailable);
    std::this_thread::sleep_for(kPause);
  }
}

MongoStore::Settled MongoStore::try_commit(const chat::CommitBatch& batch, Deadline deadline) {
  auto connection = pool_->lease();
  if (!connection) {
    reader_->note_failure("no connection");
    return std::nullopt;
  }
  auto failed = connection->begin(options_.majority_time);
  reach("begun");
  if (!failed) failed = BatchTransaction(*connection, batch).write();
  if (failed) {
    connection->abort();
    return refused(*failed);
  }
  reach("written");
  return finish_commit(*connection, deadline);
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
      reader_->note_failure(failure.message);
      return std::nullopt;
    case Failure::kOther:
      break;
  }
  reader_->note_failure(failure.message);
  return base::Result<void, chat::StoreError>(base::fail(chat::StoreError::kUnavailable));
}

MongoStore::Settled MongoStore::finish_commit(Connection& connection, Deadline deadline) {
  for (;;) {
    const auto failed = connection.commit();
    if (!failed) {
      connection.remember_time();
      reach("committed");
      return base::Result<void, chat::StoreError>();
    }
    // The server answers a repeated commit with this only when a majority knows that it did not happen.
    if (failed->kind == Failure::kTransient) {
      reader_->note_failure(failed->message);
      return std::nullopt;
    }
    if (failed->kind == Failure::kConflict) return refused(*failed);
    if (failed->kind != Failure::kUnknown || Clock::now() + kPause >= deadline) {
      ++unknown_outcomes_;
      reader_->note_failure(failed->message);
      return base::Result<void, chat::StoreError>(base::fail(chat::StoreError::kUnknown));
    }
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace adapters::mongodb
