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

}  // namespace
}  // namespace app
