#pragma once
// The stores that the suite runs on: how each is opened, restarted, backed up and restored.

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "adapters/memory/memory_store.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"
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

 private:
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
