// A store that is read while somebody else has it open: `restante why` beside the server.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "adapters/rocksdb/rocksdb_store.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::rocksdb {
namespace {

chat::CommitBatch one_position(std::uint64_t n) {
  chat::CommitBatch batch;
  batch.positions = {{chat::UserId{}, chat::DeviceId{"phone"}, chat::MailboxSeq(n)}};
  return batch;
}

std::uint64_t position_in(const RocksDbStore& store) {
  const auto rows = store.positions(chat::UserId{});
  return rows.ok() && !rows->empty() ? rows->front().position.value : 0;
}

class ReadOnly : public ::testing::Test {
 protected:
  ReadOnly() { options_.min_free_bytes = 0; }
  std::unique_ptr<RocksDbStore> open() { return checked(RocksDbStore::open(path(), options_)); }
  std::unique_ptr<RocksDbStore> open_read_only() { return checked(RocksDbStore::open_read_only(path(), options_)); }
  [[nodiscard]] std::string path() const { return directory_.file("store"); }
  [[nodiscard]] std::string listing() const {
    std::string text;
    for (const auto& file : std::filesystem::directory_iterator(path())) {
      text += file.path().filename().string() + " " + std::to_string(file.file_size()) + "\n";
    }
    return text;
  }

  base::TemporaryDirectory directory_;
  Options options_;

 private:
  template <class Opened>
  static std::unique_ptr<RocksDbStore> checked(Opened opened) {
    if (!opened) throw std::runtime_error(opened.error().message);
    return std::move(*opened);
  }
};

TEST_F(ReadOnly, ShowsWhatWasCommittedBeforeItWasOpenedAndNothingLater) {
  const auto writer = open();
  ASSERT_TRUE(writer->commit(one_position(1), chat::Durability::kSynced).ok());
  ASSERT_TRUE(writer->commit(one_position(2), chat::Durability::kBuffered).ok());
  const auto reader = open_read_only();
  ASSERT_TRUE(writer->commit(one_position(3), chat::Durability::kSynced).ok());
  EXPECT_EQ(position_in(*reader), 2u);
  EXPECT_EQ(position_in(*open_read_only()), 3u);
  EXPECT_EQ(reader->epochs(), writer->epochs());
}

TEST_F(ReadOnly, ChangesNothingAndRefusesToCommit) {
  {
    ASSERT_TRUE(open()->commit(one_position(1), chat::Durability::kSynced).ok());
  }
  const auto before = listing();
  {
    const auto reader = open_read_only();
    EXPECT_EQ(position_in(*reader), 1u);
    const auto refused = reader->commit(one_position(2), chat::Durability::kSynced);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error(), chat::StoreError::kUnavailable);
    EXPECT_EQ(position_in(*reader), 1u);
  }
  EXPECT_EQ(listing(), before);
  EXPECT_EQ(open()->epochs().size(), 2u) << "one of each writer's";
}

TEST_F(ReadOnly, IsForStoresThatExist) {
  const auto absent = RocksDbStore::open_read_only(path(), options_);
  ASSERT_FALSE(absent.ok());
  EXPECT_NE(absent.error().message.find(path()), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path()));
}

TEST_F(ReadOnly, WorksBesideAWriterThatFlushesAndCompactsAllTheTime) {
  constexpr std::uint64_t kOpenings = 25;
  // Some 25 flushes an opening: more than one attempt meets, fewer than an opening attempts, however slow it is.
  constexpr std::uint64_t kCommitsPerOpening = 200;
  options_.memtable_bytes = 64 * 1024;
  const auto writer = open();
  std::atomic<std::uint64_t> committed{0};
  std::atomic<std::uint64_t> openings{0};
  std::atomic<bool> stop{false};
  std::thread writing([&] {
    for (std::uint64_t n = 1; !stop; ++n) {
      while (!stop && n > kCommitsPerOpening * (openings + 1)) std::this_thread::yield();
      auto batch = one_position(n);
      auto& user = batch.users.emplace_back();
      user.id.bytes[0] = static_cast<std::uint8_t>(n);
      user.username = "user" + std::to_string(n % 256);
      user.email = user.username + "@example.org";
      user.password_hash = std::string(8 * 1024, 'x');
      if (!writer->commit(batch, chat::Durability::kBuffered).ok()) break;
      committed = n;
    }
  });
  for (std::uint64_t n = 0; n < kOpenings; ++n) {
    const std::uint64_t at_least = committed;
    const auto reader = RocksDbStore::open_read_only(path(), options_);
    EXPECT_TRUE(reader.ok()) << reader.error().message;
    if (!reader.ok()) break;
    EXPECT_GE(position_in(**reader), at_least);
    EXPECT_LE((*reader)->users_after({}, 1000)->size(), 256u);
    EXPECT_EQ((*reader)->damaged_rows(), 0u);
    ++openings;
  }
  stop = true;
  writing.join();
  EXPECT_GT(committed.load(), 0u);
}

}  // namespace
}  // namespace adapters::rocksdb
