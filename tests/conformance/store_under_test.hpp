#pragma once
// The stores that the suite runs on: how each is opened, restarted, backed up and restored.

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <memory>
#include <string>

#include "adapters/memory/memory_store.hpp"
#include "adapters/rocksdb/rocksdb_store.hpp"

namespace conformance {

/// A directory of its own, gone at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    static std::atomic<int> count{0};
    path_ = std::filesystem::temp_directory_path() /
            ("restante-conformance-" + std::to_string(::getpid()) + "-" + std::to_string(++count));
    std::filesystem::create_directories(path_);
  }
  ~TemporaryDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

class MemoryUnderTest {
 public:
  chat::Store& store() { return *store_; }
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
  RocksDbUnderTest() { open(); }
  chat::Store& store() { return *store_; }
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

  TemporaryDirectory directory_;
  std::unique_ptr<adapters::rocksdb::RocksDbStore> store_;
};

using Stores = ::testing::Types<MemoryUnderTest, RocksDbUnderTest>;

struct StoreNames {
  template <class Harness>
  static std::string GetName(int /*index*/) {
    return std::is_same_v<Harness, MemoryUnderTest> ? "Memory" : "RocksDb";
  }
};

}  // namespace conformance
