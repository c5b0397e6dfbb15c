#pragma once
// The stores that the suite runs on: how each is opened, restarted, backed up and restored.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/memory/memory_store.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
#include "adapters/rocksdb/row_key.hpp"
#include "base/temporary_directory_testing.hpp"
#include "mongo_under_test.hpp"

namespace conformance {

class MemoryUnderTest {
 public:
  static std::optional<std::string> missing() { return std::nullopt; }
  chat::Store& store() { return *store_; }
  chat::KeyCheckStore& key_checks() { return *store_; }
  void reopen() { store_->reopen(); }
  void backup() { backup_ = store_->copy(); }
  void restore() {
    store_ = backup_->copy();
    store_->reopen();
  }

 private:
  std::unique_ptr<adapters::memory::MemoryStore> store_ = std::make_unique<adapters::memory::MemoryStore>();
  std::unique_ptr<adapters::memory::MemoryStore> backup_;
};

class RocksDbUnderTest {
 public:
  static std::optional<std::string> missing() { return std::nullopt; }
  RocksDbUnderTest() { open(); }
  chat::Store& store() { return *store_; }
  chat::KeyCheckStore& key_checks() { return *store_; }
  void reopen() {
    store_.reset();
    open();
  }
  void backup() {
    store_.reset();
    std::filesystem::copy(path(), directory_.file("backup"), std::filesystem::copy_options::recursive);
    open();
  }
  void restore() {
    store_.reset();
    std::filesystem::remove_all(path());
    std::filesystem::copy(directory_.file("backup"), path(), std::filesystem::copy_options::recursive);
    open();
  }

  // Rows changed behind the store's back, by one bit. The store is opened again: what store() gave is gone.
  void damage_key(const chat::KeyId& id) {
    flip(adapters::rocksdb::Key(adapters::rocksdb::Table::kKey).add(id).view());
  }
  void damage_user(const chat::UserId& id) {
    flip(adapters::rocksdb::Key(adapters::rocksdb::Table::kUser).add(id).view());
  }
  void damage_message(const chat::Message& message) {
    flip(adapters::rocksdb::message_key(message.conversation(), message.seq).view());
  }
  void damage_watermark(const chat::WatermarkStep& step) {
    flip(adapters::rocksdb::watermark_prefix(step.author, step.reader, step.kind).add_number(step.up_to.value).view());
  }

 private:
  void flip(std::string_view key) {
    store_.reset();
    ::rocksdb::DB* raw = nullptr;
    ASSERT_TRUE(::rocksdb::DB::Open(::rocksdb::Options(), path(), &raw).ok());
    const std::unique_ptr<::rocksdb::DB> database(raw);
    const ::rocksdb::Slice slice(key.data(), key.size());
    std::string row;
    ASSERT_TRUE(database->Get({}, slice, &row).ok());
    row[row.size() / 2] = static_cast<char>(row[row.size() / 2] ^ 0x10);
    ASSERT_TRUE(database->Put({}, slice, row).ok());
    ASSERT_TRUE(database->Close().ok());
    open();
  }
  [[nodiscard]] std::string path() const { return directory_.file("store"); }
  void open() {
    adapters::rocksdb::Options options;
    options.min_free_bytes = 0;  // the machine that tests may be full
    auto opened = adapters::rocksdb::RocksDbStore::open(path(), options);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  base::TemporaryDirectory directory_;
  std::unique_ptr<adapters::rocksdb::RocksDbStore> store_;
};

using Stores = ::testing::Types<MemoryUnderTest, RocksDbUnderTest, MongoUnderTest>;

struct StoreNames {
  template <class Harness>
  static std::string GetName(int /*index*/) {
    if (std::is_same_v<Harness, MemoryUnderTest>) return "Memory";
    return std::is_same_v<Harness, RocksDbUnderTest> ? "RocksDb" : "MongoDb";
  }
};

/// What all suites start from: skipped where the store's server is missing.
template <class Harness>
class StoreSuite : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = Harness::missing()) GTEST_SKIP() << *missing;
  }
};

}  // namespace conformance
