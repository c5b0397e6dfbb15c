// A disk of a few MiB that does fill up: refusals come in time, no write fails, and the next start finds everything.

#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <thread>

#include "adapters/rocksdb/rocksdb_store.hpp"
#include "base/random.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::rocksdb {
namespace {

constexpr std::uint64_t kDiskBytes = 48ull << 20;
constexpr std::size_t kContentBytes = 8192;

/// The files of one directory may not hold more than `total` bytes. Any thread.
class SmallDisk {
 public:
  SmallDisk(std::string directory, std::uint64_t total) : directory_(std::move(directory)), total_(total) {}

  [[nodiscard]] SpaceReading read() const {
    std::uint64_t used = 0;
    std::error_code gone;
    for (const auto& file : std::filesystem::directory_iterator(directory_, gone)) {
      const auto size = file.file_size(gone);
      if (!gone) used += size;
    }
    const std::uint64_t total = total_;
    return {total - std::min(total, used), total};
  }
  [[nodiscard]] ::rocksdb::IOStatus take(std::size_t bytes) const {
    if (stopped_) return ::rocksdb::IOStatus::IOError("the process was killed");
    if (bytes <= read().free_bytes) return ::rocksdb::IOStatus::OK();
    return ::rocksdb::IOStatus::NoSpace("the small disk is full");
  }
  void resize(std::uint64_t total) { total_ = total; }
  /// As if the process was killed: from here on nothing changes.
  void stop() { stopped_ = true; }

 private:
  const std::string directory_;
  std::atomic<std::uint64_t> total_;
  std::atomic<bool> stopped_{false};
};

class SmallDiskFile final : public ::rocksdb::FSWritableFileOwnerWrapper {
 public:
  SmallDiskFile(std::unique_ptr<::rocksdb::FSWritableFile> file, const SmallDisk& disk)
      : FSWritableFileOwnerWrapper(std::move(file)), disk_(disk) {}

  ::rocksdb::IOStatus Append(const ::rocksdb::Slice& data, const ::rocksdb::IOOptions& options,
                             ::rocksdb::IODebugContext* context) override {
    auto status = disk_.take(data.size());
    return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, context) : status;
  }
  ::rocksdb::IOStatus Append(const ::rocksdb::Slice& data, const ::rocksdb::IOOptions& options,
                             const ::rocksdb::DataVerificationInfo& info, ::rocksdb::IODebugContext* context) override {
    auto status = disk_.take(data.size());
    return status.ok() ? FSWritableFileOwnerWrapper::Append(data, options, info, context) : status;
  }

 private:
  const SmallDisk& disk_;
};

class SmallDiskFiles final : public ::rocksdb::FileSystemWrapper {
 public:
  explicit SmallDiskFiles(const SmallDisk& disk) : FileSystemWrapper(::rocksdb::FileSystem::Default()), disk_(disk) {}
  const char* Name() const override { return "small disk"; }

  ::rocksdb::IOStatus NewWritableFile(const std::string& path, const ::rocksdb::FileOptions& options,
                                      std::unique_ptr<::rocksdb::FSWritableFile>* file,
                                      ::rocksdb::IODebugContext* context) override {
    auto status = disk_.take(0);
    if (status.ok()) status = FileSystemWrapper::NewWritableFile(path, options, file, context);
    if (status.ok()) *file = std::make_unique<SmallDiskFile>(std::move(*file), disk_);
    return status;
  }
  ::rocksdb::IOStatus DeleteFile(const std::string& path, const ::rocksdb::IOOptions& options,
                                 ::rocksdb::IODebugContext* context) override {
    auto status = disk_.take(0);
    return status.ok() ? FileSystemWrapper::DeleteFile(path, options, context) : status;
  }
  ::rocksdb::IOStatus RenameFile(const std::string& from, const std::string& to, const ::rocksdb::IOOptions& options,
                                 ::rocksdb::IODebugContext* context) override {
    auto status = disk_.take(0);
    return status.ok() ? FileSystemWrapper::RenameFile(from, to, options, context) : status;
  }

 private:
  const SmallDisk& disk_;
};

class FullDisk : public ::testing::Test {
 protected:
  FullDisk() {
    options_.env = env_.get();
    options_.space_probe = [this] { return disk_.read(); };
  }
  static std::unique_ptr<::rocksdb::Env> on(const SmallDisk& disk) {
    return ::rocksdb::NewCompositeEnv(std::make_shared<SmallDiskFiles>(disk));
  }
  std::unique_ptr<RocksDbStore> open() {
    auto opened = RocksDbStore::open(path_, options_);
    if (!opened) ADD_FAILURE() << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }

  /// Message `n` of one conversation. Written by hand: this room knows no lane.
  chat::CommitBatch message(std::uint64_t n) {
    chat::CommitBatch batch;
    auto& message = batch.messages.emplace_back();
    message.id = chat::MessageId::make(now_, random_);
    message.sender = sender_;
    message.recipient = recipient_;
    message.seq = chat::ConversationSeq(n);
    message.sender_ordinal = n;
    message.timestamp = now_;
    message.content = {chat::KeyId{}, random_.bytes(kContentBytes)};
    auto& entry = batch.entries.emplace_back();
    entry.owner = recipient_;
    entry.position = chat::MailboxSeq(n);
    entry.epoch = chat::EpochNumber(1);
    entry.at = now_;
    entry.peer = sender_;
    entry.seq = message.seq;
    entry.message = message.id;
    return batch;
  }
  /// Stores messages while there is room. Returns the number of the last one.
  std::uint64_t fill(RocksDbStore& store, std::uint64_t stored) {
    while (store.has_room() && store.commit(message(stored + 1), chat::Durability::kSynced).ok()) ++stored;
    return stored;
  }
  base::TemporaryDirectory directory_;
  std::string path_ = directory_.file("store");
  SmallDisk disk_{path_, kDiskBytes};
  std::unique_ptr<::rocksdb::Env> env_ = on(disk_);
  Options options_;
  base::SeededRandom random_{1};
  base::WallTime now_{std::chrono::milliseconds(1'700'000'000'000)};
  chat::UserId sender_ = chat::UserId::make(now_, random_);
  chat::UserId recipient_ = chat::UserId::make(now_, random_);
};

// A write that failed would end the process, and these tests with it.

TEST_F(FullDisk, RefusesContentAndThenAllElseBeforeAWriteFails) {
  const auto store = open();
  const auto stored = fill(*store, 0);
  EXPECT_GT(stored * kContentBytes, kDiskBytes / 4) << "the disk is not wasted";
  auto last = stored;  // what does not ask for room: receipts and positions go on into the reserve
  while (store->commit(message(last + 1), chat::Durability::kBuffered).ok()) ++last;
  EXPECT_GT(last, stored);
  EXPECT_FALSE(store->has_room());
  EXPECT_EQ(store->mailbox_bounds(recipient_)->head.value, last);
}

TEST_F(FullDisk, RefusesBeforeTablesThatWaitForACompactionHoldWritesUp) {
  options_.memtable_bytes = 64 * 1024;
  options_.min_free_bytes = 4 << 20;
  // Somebody else makes room all the time, but never enough for a compaction.
  const auto kept = *options_.min_free_bytes / 2 + 4 * options_.memtable_bytes;
  const auto make_room = [&] {
    const auto now = disk_.read();
    disk_.resize(now.total_bytes - now.free_bytes + kept);
  };
  make_room();
  const auto tables = [this] {
    return std::count_if(std::filesystem::directory_iterator(path_), std::filesystem::directory_iterator(),
                         [](const auto& file) { return file.path().extension() == ".sst"; });
  };
  const auto store = open();
  std::uint64_t stored = 0;
  const auto write = [&] {
    make_room();
    return store->commit(message(stored + 1), chat::Durability::kBuffered).ok();
  };
  const auto write_after_a_reading = [&] {  // until then, what was written counts twice
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    return write();
  };
  while (write() || write_after_a_reading()) {
    ++stored;
    ASSERT_LT(tables(), 60) << "RocksDB holds writes up at 64";
  }
  EXPECT_GE(tables(), 40) << "it was another limit";
  EXPECT_EQ(store->mailbox_bounds(recipient_)->head.value, stored);
}

TEST_F(FullDisk, StartsAgainAfterAKillWithEverythingThatWasStored) {
  const auto left = directory_.file("left");
  const SmallDisk next_disk(left, kDiskBytes);
  const auto next_env = on(next_disk);
  const auto store = open();
  const auto stored = fill(*store, 0);
  disk_.stop();
  std::filesystem::copy(path_, left);
  options_.env = next_env.get();
  options_.space_probe = [&] { return next_disk.read(); };
  const auto opened = RocksDbStore::open(left, options_);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ((*opened)->mailbox_bounds(recipient_)->head.value, stored);
}

TEST_F(FullDisk, GoesOnAfterRoomWasMade) {
  const auto store = open();
  const auto stored = fill(*store, 0);
  disk_.resize(2 * kDiskBytes);
  while (!store->has_room()) std::this_thread::sleep_for(std::chrono::milliseconds(10));  // until the next reading
  for (std::uint64_t n = stored + 1; n <= stored + 200; ++n) {
    ASSERT_TRUE(store->has_room());
    ASSERT_TRUE(store->commit(message(n), chat::Durability::kSynced).ok());
  }
}

}  // namespace
}  // namespace adapters::rocksdb
