#include "adapters/rocksdb/rocksdb_store.hpp"

#include "adapters/rocksdb/batch_writer.hpp"
#include "adapters/rocksdb/database.hpp"

namespace adapters::rocksdb {

base::Result<std::unique_ptr<RocksDbStore>, OpenError> RocksDbStore::open(const std::string& path,
                                                                          const Options& options) {
  auto database = Database::open(path, options);
  if (!database) return base::fail(database.error());
  std::unique_ptr<RocksDbStore> store(new RocksDbStore(std::move(*database), options));
  if (options.admit) {
    if (auto refused = options.admit(*store, store->database_->epochs().empty())) {
      return base::fail(OpenError{OpenError::kNotAdmitted, std::move(*refused)});
    }
  }
  store->database_->append_epoch();
  return store;
}

base::Result<std::unique_ptr<RocksDbStore>, OpenError> RocksDbStore::open_read_only(const std::string& path,
                                                                                    const Options& options) {
  auto database = Database::open_read_only(path, options);
  if (!database) return base::fail(database.error());
  return std::unique_ptr<RocksDbStore>(new RocksDbStore(std::move(*database), options));
}

RocksDbStore::RocksDbStore(std::unique_ptr<Database> database, const Options& options)
    : database_(std::move(database)),
      writer_(database_->writable() ? std::make_unique<BatchWriter>(*database_) : nullptr),
      space_([opened = database_.get()] { return opened->space(); }, options.min_free_bytes),
      at_point_(options.at_point) {}

RocksDbStore::~RocksDbStore() = default;

std::uint64_t RocksDbStore::damaged_rows() const {
  return database_->damaged_rows();
}

std::vector<std::string> RocksDbStore::epochs() const {
  return database_->epochs();
}

base::Result<void, chat::StoreError> RocksDbStore::commit(const chat::CommitBatch& batch, chat::Durability durability) {
  if (!writer_) return base::fail(chat::StoreError::kUnavailable);
  // The lane asks has_room() before it numbers new content; this is the last line, for what came in between.
  if (!space_.has_reserve()) return base::fail(chat::StoreError::kFull);
  auto rows = writer_->write(batch);
  if (!rows) return base::fail(rows.error());
  reach("store.before_write");
  database_->write(**rows, durability == chat::Durability::kSynced);
  space_.note_written((*rows)->GetDataSize());
  reach("store.after_write_before_return");
  return {};
}

}  // namespace adapters::rocksdb
