// Faults and restarts of the double itself; what the port promises is in tests/conformance.

#include "adapters/memory/memory_store.hpp"

#include <gtest/gtest.h>

namespace adapters::memory {
namespace {

chat::CommitBatch position(std::uint64_t n) {
  chat::CommitBatch batch;
  batch.positions = {{chat::UserId{}, chat::DeviceId{"phone"}, chat::MailboxSeq(n)}};
  return batch;
}

std::uint64_t stored(const MemoryStore& store) {
  const auto rows = store.positions(chat::UserId{});
  return rows.ok() && !rows->empty() ? rows->front().position.value : 0;
}

TEST(MemoryStore, FailsExactlyTheCommitItWasToldToAndWritesNothing) {
  for (std::uint64_t nth = 1; nth <= 5; ++nth) {
    MemoryStore store;
    store.fail_commit(nth, chat::StoreError::kFull);
    for (std::uint64_t n = 1; n <= 6; ++n) {
      const auto done = store.commit(position(n), chat::Durability::kSynced);
      EXPECT_EQ(done.ok(), n != nth);
      EXPECT_EQ(stored(store), n == nth ? n - 1 : n);
    }
    EXPECT_EQ(store.commits(), 6u);
  }
}

TEST(MemoryStore, PlaysAnUnknownOutcomeBothWays) {
  for (const bool written : {false, true}) {
    MemoryStore store;
    store.fail_commit(1, chat::StoreError::kUnknown, written);
    const auto done = store.commit(position(7), chat::Durability::kSynced);
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error(), chat::StoreError::kUnknown);
    EXPECT_EQ(stored(store), written ? 7u : 0u);
  }
}

TEST(MemoryStore, FailsExactlyTheReadItWasToldTo) {
  MemoryStore store;
  store.fail_read(2);
  EXPECT_TRUE(store.has_users().ok());
  EXPECT_EQ(store.has_users().error(), chat::StoreError::kUnavailable);
  EXPECT_TRUE(store.has_users().ok());
  EXPECT_EQ(store.reads(), 3u);
}

TEST(MemoryStore, ForgetsFaultsAndAppendsAnEpochWhenReopened) {
  base::SeededRandom random(1);
  MemoryStore store(random);
  store.fail_commit(1, chat::StoreError::kFull);
  store.reopen(random);
  EXPECT_TRUE(store.commit(position(1), chat::Durability::kBuffered).ok());
  EXPECT_EQ(store.epochs().size(), 2u);
  EXPECT_EQ(store.synced_commits(), 0u);
  base::SeededRandom same(1);
  EXPECT_EQ(MemoryStore(same).epochs().front(), store.epochs().front()) << "repeatable under a seed";
}

TEST(MemoryStore, CopiesStayAsTheyWere) {
  MemoryStore store;
  ASSERT_TRUE(store.commit(position(1), chat::Durability::kSynced).ok());
  const auto backup = store.copy();
  ASSERT_TRUE(store.commit(position(2), chat::Durability::kSynced).ok());
  EXPECT_EQ(stored(*backup), 1u);
  EXPECT_EQ(stored(store), 2u);
  EXPECT_EQ(backup->epochs(), store.epochs());
}

TEST(MemoryStore, HasNoRoomWhenToldSo) {
  MemoryStore store;
  EXPECT_TRUE(store.has_room());
  store.set_has_room(false);
  EXPECT_FALSE(store.has_room());
}

}  // namespace
}  // namespace adapters::memory
