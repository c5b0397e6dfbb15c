// Rows whose bytes were changed behind the store's back: named, counted, never believed, never a crash.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <fstream>
#include <map>

#include "adapters/rocksdb/rocksdb_store.hpp"
#include "adapters/rocksdb/row_bytes.hpp"
#include "adapters/rocksdb/row_key.hpp"
#include "base/random.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::rocksdb {
namespace {

template <class Id>
Id id(std::uint8_t n) {
  Id made;
  made.bytes.fill(n);
  return made;
}

class DamagedRows : public ::testing::Test {
 protected:
  DamagedRows() {
    options_.min_free_bytes = 0;
    open();
    chat::CommitBatch batch;
    for (std::uint8_t n = 1; n <= 5; ++n) {
      chat::Message message{.id = id<chat::MessageId>(n),
                            .sender = ann_,
                            .recipient = bob_,
                            .seq = chat::ConversationSeq(n),
                            .client_id = "client-" + std::to_string(n),
                            .content = {.key = id<chat::KeyId>(1), .bytes = "sealed"},
                            .failure = std::nullopt};
      chat::MailboxEntry entry;
      entry.owner = bob_;
      entry.position = chat::MailboxSeq(n);
      entry.epoch = chat::EpochNumber(1);
      entry.peer = ann_;
      entry.seq = message.seq;
      entry.message = message.id;
      batch.entries.push_back(entry);
      batch.messages.push_back(std::move(message));
    }
    fill_accounts(batch);
    batch.trims = {{bob_, chat::MailboxSeq(2)}};
    EXPECT_TRUE(store_->commit(batch, chat::Durability::kSynced).ok());
  }

  void fill_accounts(chat::CommitBatch& batch) {
    auto& user = batch.users.emplace_back();
    user.id = ann_;
    user.username = "ann";
    user.email = "a@x";
    auto& device = batch.devices.emplace_back();
    device.user = ann_;
    device.id = chat::DeviceId{"phone"};
    auto& login = batch.logins.emplace_back();
    login.id = id<chat::LoginId>(1);
    login.user = ann_;
    auto& relation = batch.relations.emplace_back();
    relation.pair = chat::ConversationKey::of(ann_, bob_);
    batch.positions = {{bob_, chat::DeviceId{"phone"}, chat::MailboxSeq(2)}};
    batch.keys = {{id<chat::KeyId>(1), relation.pair, "wrapped"}};
    auto& step = batch.watermark_steps.emplace_back();
    step.author = ann_;
    step.reader = bob_;
    step.up_to = chat::ConversationSeq(2);
    batch.push_jobs = {job(ann_, "laptop", 1), job(ann_, "phone", 2), job(bob_, "phone", 3)};
    auto& trace = batch.device_traces.emplace_back();
    trace.user = ann_;
    trace.device = chat::DeviceId{"phone"};
    trace.detail = "UNREGISTERED";
  }
  static chat::PushJob job(const chat::UserId& user, const std::string& device, std::int64_t due) {
    chat::PushJob made;
    made.user = user;
    made.device = chat::DeviceId{device};
    made.kind = "fcm";
    made.due = chat::WallTime(std::chrono::milliseconds(due));
    return made;
  }
  /// Dues of all jobs that can be read, in their order.
  [[nodiscard]] std::vector<std::int64_t> dues() const {
    std::vector<std::int64_t> found;
    const auto jobs = store_->due_push_jobs("fcm", chat::kPushHeld, 10);
    if (!jobs) return {-1};
    for (const auto& each : *jobs) found.push_back(each.due.time_since_epoch().count());
    return found;
  }
  /// Rows in the index of dues, whatever they point to.
  std::size_t places() {
    std::size_t count = 0;
    tamper([&](::rocksdb::DB& database) {
      const std::unique_ptr<::rocksdb::Iterator> row(database.NewIterator({}));
      for (row->Seek("I"); row->Valid() && row->key()[0] == 'I'; row->Next()) ++count;
    });
    open();
    return count;
  }
  void open() { store_ = std::move(*RocksDbStore::open(path(), options_)); }
  [[nodiscard]] std::string path() const { return directory_.file("store"); }

  /// Changes rows with the store closed.
  template <class Fn>
  void tamper(Fn&& fn) {
    store_.reset();
    ::rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(::rocksdb::DB::Open(::rocksdb::Options(), path(), &raw).ok());
    const std::unique_ptr<::rocksdb::DB> database(raw);
    fn(*database);
    ASSERT_TRUE(database->Close().ok());
  }
  void flip(std::string_view key, std::size_t byte) {
    tamper([&](::rocksdb::DB& database) {
      const ::rocksdb::Slice slice(key.data(), key.size());
      std::string row;
      ASSERT_TRUE(database.Get({}, slice, &row).ok());
      row[byte % row.size()] = static_cast<char>(row[byte % row.size()] ^ 0x10);
      ASSERT_TRUE(database.Put({}, slice, row).ok());
    });
    open();
  }
  /// Calls every read; what matters is that all of them return.
  void read_everything() {
    const auto conversation = chat::ConversationKey::of(ann_, bob_);
    for (std::uint8_t n = 0; n <= 6; ++n) {
      static_cast<void>(store_->message(id<chat::MessageId>(n)));
      static_cast<void>(store_->message_by_client_id(ann_, bob_, "client-" + std::to_string(n)));
      static_cast<void>(store_->entry_epoch(bob_, chat::MailboxSeq(n)));
      const auto page = store_->read_mailbox(bob_, chat::MailboxSeq(n), {});
      if (!page) continue;
      for (const auto& row : page->rows) {
        EXPECT_TRUE(!row.message || row.message->content.bytes == "sealed");
      }
    }
    static_cast<void>(store_->mailbox_bounds(bob_));
    static_cast<void>(store_->history(conversation, std::nullopt, 10));
    static_cast<void>(store_->conversation_peers(ann_));
    static_cast<void>(store_->watermark(ann_, bob_, chat::WatermarkKind::kDelivered, std::nullopt));
    static_cast<void>(store_->current_key(conversation));
    static_cast<void>(store_->user(ann_));
    static_cast<void>(store_->user_by_name("ann"));
    static_cast<void>(store_->user_by_email("a@x"));
    static_cast<void>(store_->devices(ann_));
    static_cast<void>(store_->positions(bob_));
    static_cast<void>(store_->logins(ann_));
    static_cast<void>(store_->relation(conversation));
    static_cast<void>(store_->relations(ann_));
    static_cast<void>(store_->due_push_jobs("fcm", chat::kPushHeld, 10));
    static_cast<void>(store_->push_jobs(ann_));
    static_cast<void>(store_->push_jobs_after({}, {}, 10));
    static_cast<void>(store_->device_trace(ann_, chat::DeviceId{"phone"}));
  }

  base::TemporaryDirectory directory_;
  Options options_;
  chat::UserId ann_ = id<chat::UserId>(1);
  chat::UserId bob_ = id<chat::UserId>(2);
  std::unique_ptr<RocksDbStore> store_;
};

TEST_F(DamagedRows, OfAMessageLeaveItsEntryWithoutIt) {
  flip(message_key(chat::ConversationKey::of(ann_, bob_), chat::ConversationSeq(3)).view(), 30);
  const auto page = store_->read_mailbox(bob_, chat::MailboxSeq(0), {});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->rows.size(), 4u);
  for (const auto& row : page->rows) EXPECT_EQ(row.message.has_value(), row.entry.position.value != 3);
  EXPECT_EQ(page->rows[1].entry.message, id<chat::MessageId>(3)) << "the entry says what was lost";
  EXPECT_EQ(store_->message(id<chat::MessageId>(3)).error(), chat::StoreError::kCorrupt);
  EXPECT_EQ(store_->message_by_client_id(ann_, bob_, "client-3").error(), chat::StoreError::kCorrupt);
  EXPECT_EQ(store_->history(chat::ConversationKey::of(ann_, bob_), std::nullopt, 10)->size(), 4u);
  EXPECT_GE(store_->damaged_rows(), 4u);
}

TEST_F(DamagedRows, OfAMailboxAppearAsUnreadableEntriesAndNeverAsAGap) {
  flip(entry_key(bob_, chat::MailboxSeq(4)).view(), 9);
  const auto page = store_->read_mailbox(bob_, chat::MailboxSeq(0), {});
  ASSERT_TRUE(page.ok());
  ASSERT_EQ(page->rows.size(), 4u);
  const auto& damaged = page->rows[2];
  EXPECT_EQ(damaged.entry.position.value, 4u);
  EXPECT_EQ(damaged.entry.owner, bob_);
  EXPECT_EQ(damaged.entry.kind, chat::EntryKind::kMessage);
  EXPECT_TRUE(damaged.entry.message.is_zero());
  EXPECT_EQ(damaged.entry.epoch.value, 0u);
  EXPECT_FALSE(damaged.message);
  EXPECT_EQ(store_->entry_epoch(bob_, chat::MailboxSeq(4)).error(), chat::StoreError::kCorrupt);
}

TEST_F(DamagedRows, OfAccountsFailTheirReadAndNoOther) {
  flip(Key(Table::kUser).add(ann_).view(), 20);
  EXPECT_EQ(store_->user(ann_).error(), chat::StoreError::kCorrupt);
  EXPECT_EQ(store_->user_by_name("ann").error(), chat::StoreError::kCorrupt);
  EXPECT_TRUE(store_->devices(ann_).ok());
  flip(Key(Table::kRelation).add(ann_).add(bob_).view(), 5);
  EXPECT_EQ(store_->relations(ann_).error(), chat::StoreError::kCorrupt);
  EXPECT_TRUE(store_->relations(bob_).ok());
}

TEST_F(DamagedRows, OfAPushJobCostThatJobAndNoOther) {
  EXPECT_EQ(dues(), (std::vector<std::int64_t>{1, 2, 3}));
  flip(push_job_key(ann_, chat::DeviceId{"laptop"}).view(), 4);
  EXPECT_EQ(dues(), (std::vector<std::int64_t>{2, 3}));
  EXPECT_EQ(store_->due_push_jobs("fcm", chat::kPushHeld, 1)->front().due, job(ann_, "phone", 2).due)
      << "a damaged job in front takes no place in the answer";
  EXPECT_EQ(store_->push_jobs(ann_)->size(), 1u);
  EXPECT_EQ(store_->push_jobs_after({}, {}, 10)->size(), 2u);
  EXPECT_GE(store_->damaged_rows(), 4u);
}

TEST_F(DamagedRows, OfAPushJobAreHealedByTheNextOneAndLeaveNoPlaceBehind) {
  for (const std::int64_t due : {9, 8}) {
    flip(push_job_key(ann_, chat::DeviceId{"laptop"}).view(), 4);
    chat::CommitBatch again;
    again.push_jobs = {job(ann_, "laptop", due)};
    ASSERT_TRUE(store_->commit(again, chat::Durability::kSynced).ok());
    EXPECT_EQ(dues(), (std::vector<std::int64_t>{2, 3, due}));
    EXPECT_EQ(places(), 3u);
  }
  flip(push_job_key(ann_, chat::DeviceId{"laptop"}).view(), 4);
  chat::CommitBatch erase;
  erase.erased_users = {ann_};
  ASSERT_TRUE(store_->commit(erase, chat::Durability::kSynced).ok());
  EXPECT_EQ(dues(), (std::vector<std::int64_t>{3}));
  EXPECT_EQ(places(), 1u);
}

TEST_F(DamagedRows, OfATraceAreNamed) {
  const chat::DeviceId phone{"phone"};
  EXPECT_EQ(store_->device_trace(ann_, phone)->detail, "UNREGISTERED");
  flip(device_trace_key(ann_, phone).view(), 4);
  EXPECT_EQ(store_->device_trace(ann_, phone).error(), chat::StoreError::kCorrupt);
  EXPECT_EQ(dues(), (std::vector<std::int64_t>{1, 2, 3}));
}

TEST_F(DamagedRows, AreNotThoseOfUsersFromBeforeThereWasPush) {
  const Key key = Key(Table::kUser).add(ann_);
  tamper([&](::rocksdb::DB& database) {
    std::string buffer;
    const auto row =
        RowWriter(buffer).id(ann_).text("ann").text("a@x").text("hash").time({}).time({}).byte(1).seal(key.view());
    ASSERT_TRUE(database.Put({}, {key.view().data(), key.view().size()}, {row.data(), row.size()}).ok());
  });
  open();
  const auto user = store_->user(ann_);
  ASSERT_TRUE(user.ok() && *user);
  EXPECT_EQ((*user)->username, "ann");
  EXPECT_TRUE((*user)->deactivated);
  EXPECT_FALSE((*user)->push_previews);
}

TEST_F(DamagedRows, OfAWholeBlockAreCountedByEveryRead) {
  constexpr std::uint8_t kMessages = 200;
  base::SeededRandom random(1);
  chat::CommitBatch batch;
  for (std::uint8_t n = 6; n <= kMessages; ++n) {
    batch.messages.push_back({.id = id<chat::MessageId>(n),
                              .sender = ann_,
                              .recipient = bob_,
                              .seq = chat::ConversationSeq(n),
                              .client_id = "",
                              .content = {.key = id<chat::KeyId>(1), .bytes = random.bytes(1000)},
                              .failure = std::nullopt});
  }
  ASSERT_TRUE(store_->commit(batch, chat::Durability::kSynced).ok());
  store_.reset();
  std::filesystem::path largest;
  for (const auto& file : std::filesystem::directory_iterator(path())) {
    const bool rows = file.path().extension() == ".sst";
    if (rows && (largest.empty() || file.file_size() > std::filesystem::file_size(largest))) largest = file.path();
  }
  std::fstream bytes(largest, std::ios::in | std::ios::out | std::ios::binary);
  bytes.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2));
  bytes << "damage";
  bytes.close();
  open();
  std::size_t lost = 0;
  for (std::uint8_t n = 6; n <= kMessages; ++n) {
    const auto message = store_->message(id<chat::MessageId>(n));
    if (message.ok()) continue;
    EXPECT_EQ(message.error(), chat::StoreError::kCorrupt);
    EXPECT_EQ(store_->damaged_rows(), ++lost);
  }
  EXPECT_GT(lost, 0u);
  EXPECT_LT(lost, 100u);
  EXPECT_EQ(store_->history(chat::ConversationKey::of(ann_, bob_), std::nullopt, 1000).error(),
            chat::StoreError::kCorrupt);
  EXPECT_EQ(store_->damaged_rows(), lost + 1) << "a walk counts it too";
}

TEST_F(DamagedRows, CanBeErasedWithTheirOwner) {
  flip(Key(Table::kUser).add(ann_).view(), 20);
  flip(Key(Table::kLogin).add(id<chat::LoginId>(1)).view(), 3);
  chat::CommitBatch erase;
  erase.erased_users = {ann_};
  erase.erased_logins = {id<chat::LoginId>(1)};
  erase.erased_conversations = {chat::ConversationKey::of(ann_, bob_)};
  ASSERT_TRUE(store_->commit(erase, chat::Durability::kSynced).ok());
  EXPECT_FALSE(*store_->user(ann_));
  EXPECT_FALSE(*store_->user_by_name("ann"));
  EXPECT_FALSE(*store_->login(id<chat::LoginId>(1)));
}

TEST_F(DamagedRows, OfAnyTableWithAnyBitFlippedAreDetected) {
  std::map<std::string, std::string> rows;
  tamper([&](::rocksdb::DB& database) {
    const std::unique_ptr<::rocksdb::Iterator> row(database.NewIterator({}));
    for (row->SeekToFirst(); row->Valid(); row->Next()) rows[row->key().ToString()] = row->value().ToString();
  });
  int flips = 0;
  for (const auto& [key, good] : rows) {
    for (std::size_t bit = 0; bit < good.size() * 8; ++bit) {
      std::string bad = good;
      bad[bit / 8] = static_cast<char>(bad[bit / 8] ^ (1 << (bit % 8)));
      const std::string_view fields = std::string_view(bad).substr(0, bad.size() - 4);
      std::uint32_t stored = 0;
      for (std::size_t i = 0; i < 4; ++i) {
        stored |= static_cast<std::uint32_t>(static_cast<unsigned char>(bad[fields.size() + i])) << (8 * i);
      }
      EXPECT_NE(stored, row_checksum(key, fields)) << key << " bit " << bit;
      ++flips;
    }
  }
  EXPECT_GT(flips, 5000);
}

TEST_F(DamagedRows, OfAllTablesAtOnceCrashNoRead) {
  for (const std::size_t byte : {0u, 1u, 7u, 1000u}) {
    tamper([&](::rocksdb::DB& database) {
      std::map<std::string, std::string> rows;
      const std::unique_ptr<::rocksdb::Iterator> row(database.NewIterator({}));
      for (row->SeekToFirst(); row->Valid(); row->Next()) rows[row->key().ToString()] = row->value().ToString();
      for (auto& [key, value] : rows) {
        if (value.empty() || key[0] == static_cast<char>(Table::kFormat)) continue;
        value[byte % value.size()] = static_cast<char>(value[byte % value.size()] ^ 0x55);
        if (byte == 1000u) value.resize(value.size() / 2);
        ASSERT_TRUE(database.Put({}, key, value).ok());
      }
    });
    open();
    read_everything();
  }
  EXPECT_EQ(store_->epochs().front(), "unreadable");
}

}  // namespace
}  // namespace adapters::rocksdb
