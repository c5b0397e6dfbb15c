#include "adapters/rocksdb/settings.hpp"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <sys/resource.h>

#include <algorithm>
#include <limits>

#include "adapters/rocksdb/row_key.hpp"

namespace adapters::rocksdb {

namespace {

constexpr std::uint64_t kMemtablesOnDisk = 32;  // a flush is 3 % of a small disk, less than SpaceGuard's limit
constexpr std::size_t kLeastMemtable = 1024 * 1024;
constexpr std::size_t kLogStep = 1024 * 1024;
constexpr double kBloomBitsPerKey = 10;  // 1 % false positives: a new client id is looked up before every send

/// Where rows of the hot tables grow at one end: a mailbox, a conversation, a watermark. The memtable remembers the
/// last place of each and inserts behind it instead of searching from the top, which is most of what an insert costs.
///
/// A range deletion must never begin with a key of this domain: RocksDB 7.8 would remember a place in its table of
/// range deletions and use it in the table of rows (BatchWriter::delete_entries sees to it).
class GrowingRange final : public ::rocksdb::SliceTransform {
 public:
  [[nodiscard]] const char* Name() const override { return "restante.GrowingRange"; }
  [[nodiscard]] ::rocksdb::Slice Transform(const ::rocksdb::Slice& key) const override {
    return {key.data(), key.size() - kNumberBytes};
  }
  [[nodiscard]] bool InDomain(const ::rocksdb::Slice& key) const override {
    if (key.empty()) return false;
    switch (static_cast<Table>(key[0])) {
      case Table::kEntry:
        return key.size() == 1 + kIdBytes + kNumberBytes;
      case Table::kMessage:
        return key.size() == 1 + 2 * kIdBytes + kNumberBytes;
      case Table::kWatermark:
        return key.size() == 1 + 2 * kIdBytes + 2 + kNumberBytes;
      default:
        return false;
    }
  }

 private:
  static constexpr std::size_t kNumberBytes = 8;
  static constexpr std::size_t kIdBytes = 12;
};

/// Tables that stay open: less than the application keeps from its connections, however large the store.
int open_tables() {
  constexpr rlim_t kPart = 8;
  constexpr rlim_t kFewest = 20;  // RocksDB itself takes no fewer
  constexpr rlim_t kMost = 512;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return kFewest;
  return static_cast<int>(std::clamp(files.rlim_cur / kPart, kFewest, kMost));
}

void set_integrity(::rocksdb::Options& settings) {
  // The default mode drops silently whatever follows a damaged record; this one forgives a torn tail only.
  settings.wal_recovery_mode = ::rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  settings.paranoid_checks = true;
  settings.track_and_verify_wals_in_manifest = true;
}

void set_writing(::rocksdb::Options& settings, std::size_t memtable) {
  settings.write_buffer_size = memtable;
  settings.max_write_buffer_number = 4;  // one fills while others are written: a slow flush does not stop commits
  // With one column family the memtables bound the log; this is only the step in which its file is allocated. The
  // default is a whole memtable's, at once, which a nearly full disk has not got.
  settings.max_total_wal_size = std::min(kLogStep, memtable / 8);
  settings.manifest_preallocation_size = 64 * 1024;
  settings.allow_concurrent_memtable_write = false;  // there is one writer
  settings.enable_write_thread_adaptive_yield = false;
  settings.memtable_insert_with_hint_prefix_extractor = std::make_shared<GrowingRange>();
  settings.memtable_whole_key_filtering = true;
  settings.memtable_prefix_bloom_size_ratio = 0.02;
  settings.max_background_jobs = 2;
  // A burst of some hundred MiB is taken in before compaction slows the committer; it catches up when the load falls.
  settings.level0_file_num_compaction_trigger = 6;
  settings.level0_slowdown_writes_trigger = kMostFreshTables;
  settings.level0_stop_writes_trigger = 64;
  settings.target_file_size_base = memtable;
  settings.max_bytes_for_level_base = kTablesBelow * memtable;
  settings.bytes_per_sync = 1024 * 1024;  // table files trickle to the disk: no burst in front of the log's sync
  settings.compression = ::rocksdb::kNoCompression;  // contents are ciphertext
}

void set_reading(::rocksdb::Options& settings, const Options& options) {
  ::rocksdb::BlockBasedTableOptions table;
  table.block_cache = ::rocksdb::NewLRUCache(options.cache_bytes);
  table.filter_policy.reset(::rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
  table.whole_key_filtering = true;
  table.cache_index_and_filter_blocks = true;  // bounded memory, whatever the history
  table.cache_index_and_filter_blocks_with_high_priority = true;
  table.pin_l0_filter_and_index_blocks_in_cache = true;
  table.checksum = ::rocksdb::kXXH3;  // the packaged CRC32c runs in software
  table.format_version = 5;
  settings.max_open_files = open_tables();
  settings.table_factory.reset(::rocksdb::NewBlockBasedTableFactory(table));
}

/// Of a memtable, and of a table file.
std::size_t memtable_bytes(const Options& options, std::uint64_t disk_bytes) {
  const auto share = static_cast<std::size_t>(disk_bytes / kMemtablesOnDisk);
  return std::min(options.memtable_bytes, std::max(share, kLeastMemtable));
}

}  // namespace

::rocksdb::Options settings(const Options& options, std::uint64_t disk_bytes) {
  ::rocksdb::Options settings;
  settings.create_if_missing = true;
  if (options.env != nullptr) settings.env = options.env;
  set_integrity(settings);
  set_writing(settings, memtable_bytes(options, disk_bytes));
  set_reading(settings, options);
  settings.skip_stats_update_on_db_open = true;  // a start does not read every file (P8)
  settings.info_log_level = ::rocksdb::WARN_LEVEL;
  settings.keep_log_file_num = 4;
  settings.max_log_file_size = 4 * 1024 * 1024;  // on a full disk RocksDB notes every second that compactions wait
  settings.stats_dump_period_sec = 0;
  return settings;
}

::rocksdb::Options read_only_settings(const Options& options) {
  auto reading = settings(options, std::numeric_limits<std::uint64_t>::max());
  reading.create_if_missing = false;
  reading.max_open_files = -1;  // every file is opened at once: the writer may delete it, what is open stays readable
  // The list of logs moves on while it is compared with the directory.
  reading.track_and_verify_wals_in_manifest = false;
  return reading;
}

}  // namespace adapters::rocksdb
