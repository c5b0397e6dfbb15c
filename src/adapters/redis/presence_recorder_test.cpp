#include "adapters/redis/presence_recorder.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>

#include "adapters/redis/redis_server_testing.hpp"

namespace adapters::redis {
namespace {

using chat::ConnectionId;
using namespace std::chrono_literals;

const chat::DeviceId kPhone{"phone"};

chat::UserId user(std::uint16_t n) {
  chat::UserId id;
  id.bytes[10] = static_cast<std::uint8_t>(n >> 8);
  id.bytes[11] = static_cast<std::uint8_t>(n);
  return id;
}

/// Remembers, and fails when told to.
class Book final : public chat::PresenceRecord {
 public:
  bool record(std::string_view node, chat::WallTime said, std::span<const chat::PresenceChange> changes) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return false;
    EXPECT_EQ(node, "a");
    EXPECT_GT(said, said_) << "rises with each call";
    said_ = said;
    largest_ = std::max(largest_, changes.size());
    for (const auto& change : changes)
      change.online ? void(online_.insert(change.user)) : void(online_.erase(change.user));
    return true;
  }
  bool forget_node(std::string_view node) override {
    const std::lock_guard lock(mutex_);
    if (failing_) return false;
    EXPECT_EQ(node, "a");
    online_.clear();
    return true;
  }
  bool forget_strays(std::string_view node) override {
    const std::lock_guard lock(mutex_);
    EXPECT_EQ(node, "a");
    ++strays_forgotten_;
    return !std::exchange(strays_fail_, false);
  }
  chat::Read<std::vector<chat::UserId>> recorded_by(std::string_view) const override {
    const std::lock_guard lock(mutex_);
    return std::vector<chat::UserId>(online_.begin(), online_.end());
  }
  chat::Read<std::vector<bool>> recorded_online(std::span<const chat::UserId> users) const override {
    return std::vector<bool>(users.size(), false);
  }
  void fail(bool failing) {
    const std::lock_guard lock(mutex_);
    failing_ = failing;
  }
  void put(const chat::UserId& whom) {
    const std::lock_guard lock(mutex_);
    online_.insert(whom);
  }
  bool has(const chat::UserId& whom) {
    const std::lock_guard lock(mutex_);
    return online_.contains(whom);
  }
  void take(const chat::UserId& whom) {
    const std::lock_guard lock(mutex_);
    online_.erase(whom);
  }
  void fail_strays() { strays_fail_ = true; }
  int strays_forgotten() {
    const std::lock_guard lock(mutex_);
    return strays_forgotten_;
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return online_.size();
  }
  std::size_t largest() {
    const std::lock_guard lock(mutex_);
    return largest_;
  }

 private:
  mutable std::mutex mutex_;
  bool failing_ = false;
  bool strays_fail_ = false;
  int strays_forgotten_ = 0;
  chat::WallTime said_{};
  std::size_t largest_ = 0;
  std::set<chat::UserId> online_;
};

class PresenceRecorderTest : public ::testing::Test {
 protected:
  std::unique_ptr<PresenceRecorder> start() { return start({.every = 1ms, .compare_every = 1h}); }
  std::unique_ptr<PresenceRecorder> start(PresenceRecorder::Pace pace) {
    return std::make_unique<PresenceRecorder>("a", pace, book_, table_);
  }
  LeaseTable table_;
  Book book_;
};

TEST_F(PresenceRecorderTest, AnEarlierLifeIsForgottenAndThisOneAtItsEnd) {
  book_.put(user(9));
  table_.add(user(1), ConnectionId(1), kPhone);
  auto recorder = start();
  EXPECT_TRUE(eventually([&] { return book_.has(user(1)) && !book_.has(user(9)); }));
  recorder.reset();
  EXPECT_EQ(book_.size(), 0u);
}

TEST_F(PresenceRecorderTest, WhatTheTableSaysInTheEndIsRecorded) {
  auto recorder = start();
  for (int round = 0; round < 50; ++round) {
    table_.add(user(1), ConnectionId(1), kPhone);
    recorder->changed(user(1));
    table_.remove(user(1), ConnectionId(1));
    recorder->changed(user(1));
  }
  table_.add(user(2), ConnectionId(2), kPhone);
  recorder->changed(user(2));
  EXPECT_TRUE(eventually([&] { return book_.has(user(2)) && !book_.has(user(1)); }));
}

TEST_F(PresenceRecorderTest, WhatFailsIsTriedAgain) {
  auto recorder = start();
  book_.fail(true);
  table_.add(user(1), ConnectionId(1), kPhone);
  recorder->changed(user(1));
  EXPECT_TRUE(eventually([&] { return recorder->failed() >= 2; }));
  EXPECT_FALSE(book_.has(user(1)));
  book_.fail(false);
  EXPECT_TRUE(eventually([&] { return book_.has(user(1)); }));
}

TEST_F(PresenceRecorderTest, WhatOthersDidToTheRecordIsPutRight) {
  table_.add(user(1), ConnectionId(1), kPhone);
  auto recorder = start({.every = 1ms, .compare_every = 6ms});
  ASSERT_TRUE(eventually([&] { return book_.has(user(1)); }));
  book_.take(user(1));
  book_.put(user(2));
  EXPECT_TRUE(eventually([&] { return book_.has(user(1)) && !book_.has(user(2)); }));
}

TEST_F(PresenceRecorderTest, StraysAreForgottenOnceAtTheBeginning) {
  book_.fail_strays();
  table_.add(user(1), ConnectionId(1), kPhone);
  auto recorder = start();
  ASSERT_TRUE(eventually([&] { return book_.has(user(1)); }));
  EXPECT_EQ(book_.strays_forgotten(), 2) << "tried again after it failed";
  book_.put(user(2));
  recorder->start_over();
  ASSERT_TRUE(eventually([&] { return !book_.has(user(2)) && book_.has(user(1)); }));
  EXPECT_EQ(book_.strays_forgotten(), 2);
}

TEST_F(PresenceRecorderTest, ARecordThatIsWrongIsWrittenAgainInBatches) {
  constexpr std::uint16_t kUsers = 40'000;
  auto recorder = start();
  for (std::uint16_t n = 0; n < kUsers; ++n) table_.add(user(n), ConnectionId(n), kPhone);
  book_.put(user(kUsers + 1));
  recorder->start_over();
  EXPECT_TRUE(eventually([&] { return book_.size() == kUsers && !book_.has(user(kUsers + 1)); }));
  EXPECT_LE(book_.largest(), 1'000u);
}

}  // namespace
}  // namespace adapters::redis
