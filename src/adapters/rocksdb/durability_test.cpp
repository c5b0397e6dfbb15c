// What reaches the disk before commit() returns, watched from below RocksDB, and who else may open a store.

#include <fcntl.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <filesystem>
#include <mutex>

#include "adapters/rocksdb/rocksdb_store.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::rocksdb {
namespace {

/// Bytes of the write-ahead log that were appended, and how many of them a sync has covered.
struct LogWatch {
  std::mutex mutex;
  std::uint64_t appended = 0;
  std::uint64_t synced = 0;
  std::uint64_t syncs = 0;

  [[nodiscard]] std::uint64_t unsynced() {
    const std::lock_guard lock(mutex);
    return appended - synced;
  }
};

class WatchedFile final : public ::rocksdb::WritableFileWrapper {
 public:
  WatchedFile(std::unique_ptr<::rocksdb::WritableFile> file, LogWatch& watch)
      : WritableFileWrapper(file.get()), file_(std::move(file)), watch_(watch) {}

  using WritableFileWrapper::Append;
  ::rocksdb::Status Append(const ::rocksdb::Slice& data) override {
    const std::lock_guard lock(watch_.mutex);
    watch_.appended += data.size();
    return WritableFileWrapper::Append(data);
  }
  ::rocksdb::Status Sync() override { return note(WritableFileWrapper::Sync()); }
  ::rocksdb::Status Fsync() override { return note(WritableFileWrapper::Fsync()); }

 private:
  ::rocksdb::Status note(::rocksdb::Status status) {
    const std::lock_guard lock(watch_.mutex);
    watch_.synced = watch_.appended;
    ++watch_.syncs;
    return status;
  }
  std::unique_ptr<::rocksdb::WritableFile> file_;
  LogWatch& watch_;
};

class WatchedEnv final : public ::rocksdb::EnvWrapper {
 public:
  explicit WatchedEnv(LogWatch& watch) : EnvWrapper(::rocksdb::Env::Default()), watch_(watch) {}
  const char* Name() const override { return "watched"; }
  ::rocksdb::Status NewWritableFile(const std::string& path, std::unique_ptr<::rocksdb::WritableFile>* file,
                                    const ::rocksdb::EnvOptions& options) override {
    const auto status = EnvWrapper::NewWritableFile(path, file, options);
    if (status.ok() && path.ends_with(".log")) *file = std::make_unique<WatchedFile>(std::move(*file), watch_);
    return status;
  }

 private:
  LogWatch& watch_;
};

chat::CommitBatch one_position(std::uint64_t n) {
  chat::CommitBatch batch;
  batch.positions = {{chat::UserId{}, chat::DeviceId{"phone"}, chat::MailboxSeq(n)}};
  return batch;
}

class Durability : public ::testing::Test {
 protected:
  Durability() : env_(watch_) { options_.min_free_bytes = 0; }
  std::unique_ptr<RocksDbStore> open() {
    auto opened = RocksDbStore::open(path(), options_);
    if (!opened) ADD_FAILURE() << opened.error().message;
    return opened ? std::move(*opened) : nullptr;
  }
  [[nodiscard]] std::string path() const { return directory_.file("store"); }

  LogWatch watch_;
  WatchedEnv env_;
  base::TemporaryDirectory directory_;
  Options options_;
};

TEST_F(Durability, OfASyncedCommitIsReachedBeforeItReturns) {
  options_.env = &env_;
  const auto store = open();
  EXPECT_EQ(watch_.unsynced(), 0u) << "the new epoch is on the disk before anybody can be told of it";
  for (std::uint64_t n = 1; n <= 20; ++n) {
    const auto before = watch_.appended;
    const auto syncs = watch_.syncs;
    ASSERT_TRUE(store->commit(one_position(n), chat::Durability::kSynced).ok());
    EXPECT_GT(watch_.appended, before);
    EXPECT_EQ(watch_.unsynced(), 0u);
    EXPECT_EQ(watch_.syncs, syncs + 1) << "one sync a commit, whatever its size";
  }
}

TEST_F(Durability, OfABufferedCommitIsNotPromisedWhichShowsThatTheWatchSees) {
  options_.env = &env_;
  const auto store = open();
  const auto syncs = watch_.syncs;
  ASSERT_TRUE(store->commit(one_position(1), chat::Durability::kBuffered).ok());
  EXPECT_GT(watch_.unsynced(), 0u);
  EXPECT_EQ(watch_.syncs, syncs);
  ASSERT_TRUE(store->commit(one_position(2), chat::Durability::kSynced).ok());
  EXPECT_EQ(watch_.unsynced(), 0u) << "a sync covers all that came before it";
}

TEST_F(Durability, ReachesItsNamedPointsInOrder) {
  std::vector<std::string> reached;
  std::uint64_t appended = 0;
  options_.env = &env_;
  options_.at_point = [&](std::string_view point) {
    reached.emplace_back(point);
    if (reached.size() == 1) appended = watch_.appended;
    if (reached.size() == 2) {
      EXPECT_GT(watch_.appended, appended);
      EXPECT_EQ(watch_.unsynced(), 0u);
    }
  };
  const auto store = open();
  ASSERT_TRUE(store->commit(one_position(1), chat::Durability::kSynced).ok());
  EXPECT_EQ(reached, (std::vector<std::string>{"store.before_write", "store.after_write_before_return"}));
}

TEST_F(Durability, SurvivesAProcessThatEndsWithoutClosingTheStore) {
  EXPECT_EXIT(
      {
        const auto store = open();
        for (std::uint64_t n = 1; n <= 50; ++n) {
          if (!store->commit(one_position(n), chat::Durability::kSynced).ok()) std::_Exit(1);
        }
        std::_Exit(7);
      },
      ::testing::ExitedWithCode(7), "");
  const auto store = open();
  EXPECT_EQ(store->positions(chat::UserId{})->front().position.value, 50u);
  EXPECT_EQ(store->epochs().size(), 2u);
}

TEST_F(Durability, OfAStoreIsForOneProcessOnly) {
  const auto store = open();
  const auto second = RocksDbStore::open(path(), options_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().cause, OpenError::kInUse);
  EXPECT_NE(second.error().message.find(path()), std::string::npos);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos);
}

TEST_F(Durability, OfAStoreThatAnotherProcessHolds) {
  std::filesystem::create_directories(path());  // no store yet: its threads would not be in the child
  const int file = ::open((path() + "/LOCK").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct flock whole{};
  whole.l_type = F_WRLCK;
  ASSERT_EQ(::fcntl(file, F_SETLK, &whole), 0);  // this process's: the child below does not inherit it
  EXPECT_EXIT(
      {
        const auto store = RocksDbStore::open(path(), options_);
        std::_Exit(!store && store.error().cause == OpenError::kInUse ? 7 : 1);
      },
      ::testing::ExitedWithCode(7), "");
  ::close(file);
}

TEST_F(Durability, OfAStoreWhoseLockCannotBeOpenedIsNotCalledInUse) {
  open();
  std::filesystem::remove(path() + "/LOCK");
  std::filesystem::create_directory(path() + "/LOCK");
  const auto store = RocksDbStore::open(path(), options_);
  ASSERT_FALSE(store.ok());
  EXPECT_EQ(store.error().cause, OpenError::kUnavailable) << store.error().message;
}

TEST_F(Durability, IsRefusedToADirectoryOfAnotherFormat) {
  ::rocksdb::Options plain;
  plain.create_if_missing = true;
  ::rocksdb::DB* raw = nullptr;
  ASSERT_TRUE(::rocksdb::DB::Open(plain, path(), &raw).ok());
  ASSERT_TRUE(raw->Put({}, "someone", "else's").ok());
  delete raw;
  for (int round = 0; round < 2; ++round) {
    const auto opened = RocksDbStore::open(path(), options_);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().cause, OpenError::kWrongFormat);
  }
}

TEST_F(Durability, IsRefusedWhereNothingCanBeWritten) {
  const auto opened = RocksDbStore::open("/proc/nowhere/store", options_);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().cause, OpenError::kUnavailable);
  EXPECT_NE(opened.error().message.find("/proc/nowhere/store"), std::string::npos);
}

TEST(Space, IsRefusedToNewContentBelowTheLimitAndToAllBelowTheReserve) {
  std::uint64_t free_bytes = 1000;
  const auto probe = [&free_bytes] { return SpaceReading{free_bytes, 100'000}; };
  EXPECT_TRUE(SpaceGuard(probe, 1000).has_room());
  EXPECT_FALSE(SpaceGuard(probe, 1001).has_room());
  EXPECT_TRUE(SpaceGuard(probe, 8000).has_reserve());
  EXPECT_FALSE(SpaceGuard(probe, 8008).has_reserve());
  EXPECT_FALSE(SpaceGuard(probe, std::nullopt).has_room()) << "5 % are 5000";
  free_bytes = 5000;
  EXPECT_TRUE(SpaceGuard(probe, std::nullopt).has_room());
  const auto huge = [] { return SpaceReading{512ull << 20, 1ull << 50}; };
  EXPECT_TRUE(SpaceGuard(huge, std::nullopt).has_room()) << "512 MiB are enough on any disk";
}

TEST(Space, IsAskedForAtMostOnceASecond) {
  int asked = 0;
  const SpaceGuard guard([&asked] { return ++asked, SpaceReading{1, 1}; }, 0);
  for (int n = 0; n < 1000; ++n) static_cast<void>(guard.has_room());
  EXPECT_LE(asked, 2);
}

TEST_F(Durability, OfACommitWithoutSpaceIsRefusedBeforeAnythingIsWritten) {
  options_.space_probe = [] { return SpaceReading{10, 1000}; };
  options_.min_free_bytes = 1000;
  const auto store = open();
  EXPECT_FALSE(store->has_room());
  const auto refused = store->commit(one_position(1), chat::Durability::kSynced);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error(), chat::StoreError::kFull);
  EXPECT_TRUE(store->positions(chat::UserId{})->empty());
}

}  // namespace
}  // namespace adapters::rocksdb
