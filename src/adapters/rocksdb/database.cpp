#include "adapters/rocksdb/database.hpp"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "adapters/rocksdb/row_codec.hpp"
#include "adapters/rocksdb/row_key.hpp"
#include "adapters/rocksdb/settings.hpp"
#include "base/hex.hpp"
#include "base/log.hpp"
#include "base/random.hpp"
#include "base/read_number.hpp"

namespace adapters::rocksdb {

namespace {

constexpr std::string_view kFormat = "restante-store 1";
constexpr std::uint64_t kMostGuarded = 512ull * 1024 * 1024;  // min_free may be far more: that is not for compactions
constexpr std::size_t kEpochBytes = 16;
constexpr int kReadOnlyAttempts = 50;                  // at full load RocksDB changes its files a few times a second
constexpr std::chrono::seconds kReadOnlyPatience{10};  // with a writer that is faster than this process can read

Key format_key() {
  return Key(Table::kFormat).add("format");
}

OpenError open_error(const std::string& path, const ::rocksdb::Status& status) {
  const std::string text = status.ToString();
  // What RocksDB says when it may open the file LOCK and somebody else has it; then no word of `path` is looked at.
  const bool locked =
      text.starts_with("IO error: While lock file") || text.starts_with("IO error: lock hold by current");
  if (status.IsIOError() && locked) {
    return {OpenError::kInUse,
            "the store in " + path + " is in use by another process; stop it, or use another data directory"};
  }
  if (status.IsCorruption()) {
    return {OpenError::kCorrupt, "the store in " + path + " is damaged (" + text +
                                     "); restore it from a backup, then run `restante epoch new`"};
  }
  if (status.IsInvalidArgument() || status.IsNotSupported()) {
    return {OpenError::kWrongFormat,
            "the store in " + path + " was made by other software or another version: " + text};
  }
  return {OpenError::kUnavailable,
          "cannot open the store in " + path + ": " + text + "; check that the directory exists and may be written"};
}

OpenError wrong_format(const std::string& path, const std::string& found) {
  return {OpenError::kWrongFormat, "the store in " + path + " has the format \"" + found + "\", this version needs \"" +
                                       std::string(kFormat) + "\"; use the version that made it, or another directory"};
}

/// Name and size of the file that every change of the set of files is appended to; empty: there is none.
std::string state_of_file_list(const std::string& path) {
  std::ifstream current(path + "/CURRENT");
  std::string name;
  if (!std::getline(current, name)) return {};
  std::error_code gone;  // replaced since: differs from the next reading
  return name + " " + std::to_string(std::filesystem::file_size(path + "/" + name, gone));
}

SpaceProbe disk_of(const std::string& path, const Options& options) {
  return options.space_probe ? options.space_probe : statvfs_probe(path);
}

}  // namespace

chat::StoreError read_error(const ::rocksdb::Status& status) {
  return status.IsCorruption() ? chat::StoreError::kCorrupt : chat::StoreError::kUnavailable;
}

Range::Range(const Database& database, ::rocksdb::DB& db, std::string lower, std::string upper)
    : database_(database),
      lower_(std::move(lower)),
      upper_(std::move(upper)),
      lower_slice_(lower_),
      upper_slice_(upper_) {
  ::rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower_slice_;
  options.iterate_upper_bound = &upper_slice_;
  iterator_.reset(db.NewIterator(options));
}

std::optional<chat::StoreError> Range::error() const {
  const auto status = iterator_->status();
  if (status.ok()) return std::nullopt;
  if (status.IsCorruption()) database_.note_damage(lower_);
  return read_error(status);
}

base::Result<std::unique_ptr<Database>, OpenError> Database::open(const std::string& path, const Options& options) {
  std::error_code ignored;  // RocksDB reports what is wrong with the directory
  std::filesystem::create_directories(path, ignored);
  auto disk = disk_of(path, options);
  const auto space = disk();
  auto tuned = settings(options, space.total_bytes);
  // Half of the guard's limit is for what else is written then; a compaction allocates two tables beyond its result.
  const auto guarded = std::min(space_limit(space.total_bytes, options.min_free_bytes), kMostGuarded);
  auto room =
      std::make_unique<CompactionRoom>(options.env, guarded / 2 + 2 * tuned.write_buffer_size, space.free_bytes);
  tuned.sst_file_manager = room->files();
  ::rocksdb::DB* opened = nullptr;
  const auto status = ::rocksdb::DB::Open(tuned, path, &opened);
  if (!status.ok()) return base::fail(open_error(path, status));
  std::unique_ptr<Database> database(
      new Database(std::unique_ptr<::rocksdb::DB>(opened), Access::kReadWrite, std::move(disk), std::move(room)));
  database->table_bytes_ = tuned.write_buffer_size;
  if (auto error = database->check_format(path)) return base::fail(std::move(*error));
  if (auto error = database->read_epochs()) return base::fail(std::move(*error));
  return database;
}

base::Result<std::unique_ptr<Database>, OpenError> Database::open_read_only(const std::string& path,
                                                                            const Options& options) {
  // RocksDB reads the list of files first and the logs second. What is flushed in between is in neither: the log is
  // gone, and the file was not yet in the list. So the list must be the same afterwards; else all is read again.
  std::unique_ptr<::rocksdb::DB> opened;
  ::rocksdb::Status status;
  const auto deadline = std::chrono::steady_clock::now() + kReadOnlyPatience;
  const auto goes_on = [&] { return status.ok() && std::chrono::steady_clock::now() < deadline; };
  for (int attempt = 0; !opened && (attempt < kReadOnlyAttempts || goes_on()); ++attempt) {
    const std::string before = state_of_file_list(path);
    ::rocksdb::DB* raw = nullptr;
    status = ::rocksdb::DB::OpenForReadOnly(read_only_settings(options), path, &raw);
    opened.reset(raw);
    if (before.empty()) break;
    if (opened && state_of_file_list(path) != before) opened.reset();
  }
  if (!opened && status.ok()) status = ::rocksdb::Status::TryAgain("its files change too fast");
  if (!status.ok()) return base::fail(open_error(path, status));
  std::unique_ptr<Database> database(
      new Database(std::move(opened), Access::kReadOnly, disk_of(path, options), nullptr));
  if (auto error = database->check_format(path)) return base::fail(std::move(*error));
  if (auto error = database->read_epochs()) return base::fail(std::move(*error));
  return database;
}

Database::~Database() {
  if (!writable()) return;
  // A clean stop leaves nothing to replay. A failure costs the next start some time, nothing else: the log has it all.
  ::rocksdb::FlushOptions at_once;
  at_once.allow_write_stall = true;  // nobody writes any more, and a compaction may be waiting for space
  const auto flushed = db_->Flush(at_once);
  const auto closed = db_->Close();
  if (!flushed.ok() || !closed.ok()) {
    base::log::warning("store.close", {{"flush", flushed.ToString()}, {"close", closed.ToString()}});
  }
}

std::optional<OpenError> Database::check_format(const std::string& path) {
  const Key key = format_key();
  const auto format = find<std::string>(key.view(), decode_text);
  if (!format.ok()) return OpenError{OpenError::kCorrupt, "the store in " + path + " has an unreadable format row"};
  if (*format) {
    if (**format != kFormat) return wrong_format(path, **format);
    return std::nullopt;
  }
  auto anything = range(std::string(1, '\0'), std::string(1, '\xff'));
  anything.to_first();
  if (anything.valid() || anything.error() || !writable()) return wrong_format(path, "none");
  std::string buffer;
  ::rocksdb::WriteBatch batch;
  batch.Put(slice(key.view()), slice(encode_text(kFormat, key.view(), buffer)));
  write(batch, true);
  return std::nullopt;
}

std::optional<OpenError> Database::read_epochs() {
  auto rows = prefix(Key(Table::kEpoch).view());
  for (rows.to_first(); rows.valid(); rows.next()) {
    std::string epoch;
    // The place in the list is the epoch's number, so a damaged one keeps its place; no client can name it any more.
    if (!decode_text(rows.key(), rows.row(), epoch)) epoch = "unreadable";
    epochs_.push_back(std::move(epoch));
  }
  if (rows.error()) return OpenError{OpenError::kCorrupt, "the list of epochs cannot be read; restore from a backup"};
  return std::nullopt;
}

void Database::append_epoch() {
  epochs_.push_back(base::to_hex(base::SecureRandom().bytes(kEpochBytes)));
  const Key key = Key(Table::kEpoch).add_number(epochs_.size());
  std::string buffer;
  ::rocksdb::WriteBatch batch;
  batch.Put(slice(key.view()), slice(encode_text(epochs_.back(), key.view(), buffer)));
  write(batch, true);
}

SpaceReading Database::space() const {
  auto reading = disk_();
  if (room_) room_->set_free(reading.free_bytes);
  std::uint64_t unflushed = 0;
  db_->GetIntProperty(::rocksdb::DB::Properties::kCurSizeAllMemTables, &unflushed);
  reading.free_bytes -= std::min(reading.free_bytes, unflushed);
  if (is_clogged()) reading.free_bytes = 0;
  return reading;
}

/// So many tables wait for a compaction that has no space that RocksDB would slow all writes down, and in the end hold
/// them up without a word.
bool Database::is_clogged() const {
  std::string text;
  std::uint64_t fresh = 0;
  if (!room_ || !db_->GetProperty(::rocksdb::DB::Properties::kNumFilesAtLevelPrefix + "0", &text)) return false;
  return base::read_number(text, fresh) && fresh >= std::uint64_t{kMostFreshTables} &&
         !room_->fits((fresh + std::uint64_t{kTablesBelow}) * table_bytes_);
}

Range Database::prefix(std::string_view prefix) const {
  return range(std::string(prefix), end_of(prefix));
}

void Database::note_damage(std::string_view key) const {
  const std::uint64_t count = damaged_rows_.fetch_add(1, std::memory_order_relaxed) + 1;
  // One row may be read again and again: the log gets the first and then ever rarer ones, the metric gets all.
  if (std::has_single_bit(count))
    base::log::error("store.damaged_row", {{"table", key.substr(0, 1)}, {"count", count}});
}

void Database::write(::rocksdb::WriteBatch& batch, bool sync) {
  ::rocksdb::WriteOptions options;
  options.sync = sync;
  const auto status = db_->Write(options, &batch);
  if (status.ok()) return;
  // After a failed write or sync nobody knows what the disk holds: the next start finds out from the log.
  base::log::error("store.write_failed", {{"cause", status.ToString()}});
  std::abort();
}

}  // namespace adapters::rocksdb
