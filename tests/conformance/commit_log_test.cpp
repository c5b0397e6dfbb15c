// CommitLog: epochs, restarts, restored backups.

#include <set>

#include "describe.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

template <class Harness>
class CommitLog : public StoreSuite<Harness> {
 protected:
  chat::Store& store() { return under_test_.store(); }
  void add_message(std::uint32_t n) {
    chat::CommitBatch batch;
    batch.messages = {message(n, user_id(1), user_id(2), n)};
    batch.entries = {message_entry(user_id(2), n, batch.messages[0])};
    ASSERT_TRUE(store().commit(batch, chat::Durability::kSynced).ok());
  }
  Harness under_test_;
};
TYPED_TEST_SUITE(CommitLog, Stores, StoreNames);

TYPED_TEST(CommitLog, AppendsARandomEpochAtEachOpening) {
  std::vector<std::string> expected = this->store().epochs();
  ASSERT_EQ(expected.size(), 1u);
  for (int round = 0; round < 12; ++round) {  // beyond one digit: the list is in order of number
    this->under_test_.reopen();
    const auto epochs = this->store().epochs();
    ASSERT_EQ(epochs.size(), expected.size() + 1);
    EXPECT_TRUE(std::equal(expected.begin(), expected.end(), epochs.begin()));
    EXPECT_EQ(epochs.back().size(), 32u);
    EXPECT_EQ(epochs.back().find_first_not_of("0123456789abcdef"), std::string::npos);
    expected = epochs;
  }
  EXPECT_EQ(std::set<std::string>(expected.begin(), expected.end()).size(), expected.size());
}

TYPED_TEST(CommitLog, ARestoredBackupHasTheOlderRowsAndDoesNotKnowTheLaterEpoch) {
  this->add_message(1);
  this->under_test_.backup();
  this->under_test_.reopen();
  this->add_message(2);
  const auto lost = this->store().epochs().back();
  this->under_test_.restore();
  EXPECT_EQ(describe(this->store().mailbox_bounds(user_id(2))), "bounds 1..1");
  EXPECT_EQ(describe(this->store().message(message_id(2))), "none");
  const auto epochs = this->store().epochs();
  EXPECT_EQ(std::count(epochs.begin(), epochs.end(), lost), 0);
  this->add_message(2);
  EXPECT_EQ(describe(this->store().mailbox_bounds(user_id(2))), "bounds 1..2");
}

TYPED_TEST(CommitLog, TakesAnEmptyBatch) {
  chat::CommitBatch batch;
  EXPECT_TRUE(batch.empty());
  EXPECT_TRUE(this->store().commit(batch, chat::Durability::kSynced).ok());
  EXPECT_TRUE(this->store().commit(batch, chat::Durability::kBuffered).ok());
}

TYPED_TEST(CommitLog, KeepsBufferedCommitsOverACleanRestart) {
  chat::CommitBatch batch;
  batch.positions = {{user_id(1), chat::DeviceId{"phone"}, chat::MailboxSeq(5)}};
  ASSERT_TRUE(this->store().commit(batch, chat::Durability::kBuffered).ok());
  this->under_test_.reopen();
  EXPECT_EQ(describe(this->store().positions(user_id(1))), describe(batch.positions));
}

TYPED_TEST(CommitLog, HasRoomOnAnEmptyDisk) {
  EXPECT_TRUE(this->store().has_room());
}

}  // namespace
}  // namespace conformance
