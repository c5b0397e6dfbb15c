#include "app/measured_store.hpp"

#include <gtest/gtest.h>

#include "adapters/memory/memory_store.hpp"
#include "base/random.hpp"

namespace app {
namespace {

class MeasuredStoreTest : public ::testing::Test {
 protected:
  std::uint64_t count(const char* verb) {
    const std::string line = std::string("restante_store_seconds_count{verb=\"") + verb + "\"} ";
    const auto page = registry.render();
    const auto at = page.find(line);
    if (at == std::string::npos) return 0;
    return std::stoull(page.substr(at + line.size()));
  }

  base::SeededRandom random{1};
  base::ManualClock clock;
  base::Registry registry;
  adapters::memory::MemoryStore store{random};
  MeasuredStore measured{store, clock, registry};
};

TEST_F(MeasuredStoreTest, EveryCommitIsMeasuredByWhetherItWasSynced) {
  chat::User user;
  user.id = chat::UserId::make(clock.wall_now(), random);
  user.username = "anna";
  chat::CommitBatch batch;
  batch.users.push_back(user);
  ASSERT_TRUE(measured.commit(batch, chat::Durability::kSynced).ok());
  ASSERT_TRUE(measured.commit(batch, chat::Durability::kBuffered).ok());
  ASSERT_TRUE(measured.commit(batch, chat::Durability::kBuffered).ok());
  EXPECT_EQ(count("commit_synced"), 1u);
  EXPECT_EQ(count("commit_buffered"), 2u);
  const auto row = measured.user_by_name("anna");
  ASSERT_TRUE(row.ok());
  EXPECT_EQ(row.value()->id, user.id) << "what the store inside holds";
}

TEST_F(MeasuredStoreTest, OneInSixteenReadsOfAClassIsMeasuredTheFirstOneAmongThem) {
  const auto before = count("relation");
  for (unsigned i = 0; i < 2 * MeasuredStore::kReadsPerSample; ++i) {
    EXPECT_TRUE(measured.relations(chat::UserId{}).ok());
  }
  EXPECT_EQ(count("relation") - before, 2u);
  EXPECT_EQ(count("history"), 0u) << "another class";
}

/// As one of a cluster, whose commit was lost on the way and has happened.
class OneOfMany final : public adapters::memory::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  bool shared() const override { return true; }
  base::Result<chat::ForeignCommits, chat::StoreError> begin_turn() override { return lost(); }
  void end_turn() override { ++ended; }
  base::Result<chat::ForeignCommits, chat::StoreError> foreign_commits() override { return lost(); }
  base::Result<bool, chat::StoreError> find_outcome() override { return true; }
  int ended = 0;

 private:
  static chat::ForeignCommits lost() { return {.batches = {}, .lost = true}; }
};

TEST_F(MeasuredStoreTest, WhatConcernsOtherNodesIsAskedOfTheStoreInside) {
  OneOfMany inside{random};
  MeasuredStore outside{inside, clock, registry};
  EXPECT_TRUE(outside.shared());
  EXPECT_TRUE(outside.begin_turn().value().lost);
  EXPECT_TRUE(outside.foreign_commits().value().lost);
  outside.end_turn();
  EXPECT_EQ(inside.ended, 1);
  const auto outcome = outside.find_outcome();
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(*outcome);
}

}  // namespace
}  // namespace app
