// MailStore: mailboxes, pages, trims, superseded watermarks.

#include "describe.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

using chat::WatermarkKind;

template <class Harness>
class Mailbox : public StoreSuite<Harness> {
 protected:
  void commit(const chat::CommitBatch& batch) { ASSERT_TRUE(store().commit(batch, chat::Durability::kSynced).ok()); }
  chat::Store& store() { return under_test_.store(); }

  /// `count` messages from bob, positions 1..count in ann's mailbox.
  chat::CommitBatch backlog(std::uint32_t count, std::string content = "sealed") {
    chat::CommitBatch batch;
    for (std::uint32_t n = 1; n <= count; ++n) {
      batch.messages.push_back(message(n, bob_, ann_, n, "", content));
      batch.entries.push_back(message_entry(ann_, n, batch.messages.back()));
    }
    return batch;
  }
  chat::MailboxPage page(std::uint64_t after, chat::PageLimit limit = {}) {
    return *store().read_mailbox(ann_, chat::MailboxSeq(after), limit);
  }
  std::vector<std::uint64_t> positions(std::uint64_t after, chat::PageLimit limit = {}) {
    std::vector<std::uint64_t> found;
    for (const auto& row : page(after, limit).rows) found.push_back(row.entry.position.value);
    return found;
  }
  void trim(std::uint64_t below) {
    chat::CommitBatch batch;
    batch.trims = {{ann_, chat::MailboxSeq(below)}};
    commit(batch);
  }

  Harness under_test_;
  chat::UserId ann_ = user_id(1);
  chat::UserId bob_ = user_id(2);
  chat::UserId eve_ = user_id(3);
};
TYPED_TEST_SUITE(Mailbox, Stores, StoreNames);

TYPED_TEST(Mailbox, IsEmptyBeforeItsFirstEntry) {
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 1..0");
  EXPECT_EQ(describe(this->page(0)), "through 0");
  EXPECT_EQ(describe(this->page(9)), "through 9");
  EXPECT_EQ(describe(this->store().entry_epoch(this->ann_, chat::MailboxSeq(1))), "none");
}

TYPED_TEST(Mailbox, ReturnsEntriesOfEveryKindWithTheirMessages) {
  chat::CommitBatch batch;
  batch.messages = {message(1, this->bob_, this->ann_, 1), message(2, this->ann_, this->bob_, 2)};
  auto relation_change = message_entry(this->ann_, 5, batch.messages[0]);
  relation_change.kind = chat::EntryKind::kRelation;
  relation_change.relation = chat::RelationEvent::kFriendRemoved;
  relation_change.epoch = chat::EpochNumber(70'000);
  auto failed = message_entry(this->ann_, 6, batch.messages[1]);
  failed.kind = chat::EntryKind::kFailed;
  failed.reason = chat::FailureReason::kSkipped;
  auto removed = message_entry(this->ann_, 7, batch.messages[0]);
  removed.kind = chat::EntryKind::kRemoved;
  batch.entries = {message_entry(this->ann_, 1, batch.messages[0]),
                   message_entry(this->ann_, 2, batch.messages[1]),
                   status_entry(this->ann_, 3, this->bob_, WatermarkKind::kRead, 2),
                   own_read_entry(this->ann_, 4, this->bob_, 1),
                   relation_change,
                   failed,
                   removed};
  this->commit(batch);
  for (int round = 0; round < 2; ++round) {
    const auto page = this->page(0);
    ASSERT_EQ(page.rows.size(), 7u);
    for (std::size_t i = 0; i < 7; ++i) EXPECT_EQ(describe(page.rows[i].entry), describe(batch.entries[i]));
    EXPECT_EQ(describe(page.rows[0].message), describe(batch.messages[0]));
    EXPECT_EQ(describe(page.rows[1].message), describe(batch.messages[1]));
    EXPECT_FALSE(page.rows[6].message);
    EXPECT_EQ(page.through.value, 7u);
    EXPECT_EQ(describe(this->store().entry_epoch(this->ann_, chat::MailboxSeq(5))), "epoch 70000");
    EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 1..7");
    this->under_test_.reopen();
  }
}

TYPED_TEST(Mailbox, IsReadInPagesWithoutGapOrRepeat) {
  auto batch = this->backlog(700);
  // Neighbours on both sides in key order must not leak in.
  for (std::uint32_t n : {2u, 3u, 4u, 5u}) {
    batch.entries.push_back(status_entry(user_id(n), 1, this->ann_, WatermarkKind::kRead, 1));
  }
  this->commit(batch);
  for (const std::size_t size : {1u, 3u, 64u, 65u, 256u, 1000u}) {
    std::uint64_t after = 0;
    std::uint64_t expected = 1;
    while (after < 700) {
      const auto page = this->page(after, {.entries = size, .bytes = 1 << 20});
      ASSERT_LE(page.rows.size(), size);
      for (const auto& row : page.rows) {
        ASSERT_EQ(row.entry.position.value, expected);
        ASSERT_EQ(describe(row.message), describe(batch.messages[expected - 1]));
        ++expected;
      }
      ASSERT_GT(page.through.value, after);
      after = page.through.value;
    }
    EXPECT_EQ(expected, 701u);
    EXPECT_TRUE(this->page(700, {.entries = size}).rows.empty());
  }
}

TYPED_TEST(Mailbox, CutsAPageByBytesButReturnsAtLeastOneEntry) {
  this->commit(this->backlog(5, std::string(100, 's')));
  EXPECT_EQ(this->positions(0, {.entries = 10, .bytes = 250}), (std::vector<std::uint64_t>{1, 2}));
  EXPECT_EQ(this->page(0, {.entries = 10, .bytes = 250}).through.value, 2u);
  EXPECT_EQ(this->positions(2, {.entries = 10, .bytes = 1}), (std::vector<std::uint64_t>{3}));
  EXPECT_EQ(this->positions(2, {.entries = 0, .bytes = 0}), (std::vector<std::uint64_t>{3}));
}

TYPED_TEST(Mailbox, FindsTheMessagesOfManySendersInAnyOrder) {
  chat::CommitBatch batch;
  for (std::uint32_t n = 1; n <= 200; ++n) {
    const auto sender = user_id(100 + n % 7);
    batch.messages.push_back(message(n, sender, this->ann_, 1 + n / 7));
    batch.entries.push_back(message_entry(this->ann_, n, batch.messages.back()));
  }
  this->commit(batch);
  const auto page = this->page(0);
  ASSERT_EQ(page.rows.size(), 200u);
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(describe(page.rows[i].message), describe(batch.messages[i]));
}

TYPED_TEST(Mailbox, ShowsAnEntryWhoseMessageIsGoneWithoutIt) {
  this->commit(this->backlog(2));
  chat::CommitBatch erase;
  erase.erased_conversations = {chat::ConversationKey::of(this->ann_, this->bob_)};
  erase.messages = {message(77, this->bob_, this->ann_, 1)};  // the number is used again by another message
  this->commit(erase);
  const auto page = this->page(0);
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_FALSE(page.rows[0].message);
  EXPECT_FALSE(page.rows[1].message);
}

TYPED_TEST(Mailbox, LeavesOutWatermarksThatANewerOneSupersedes) {
  chat::CommitBatch batch;
  batch.entries = {status_entry(this->ann_, 1, this->bob_, WatermarkKind::kDelivered, 1),
                   status_entry(this->ann_, 2, this->bob_, WatermarkKind::kRead, 1),
                   status_entry(this->ann_, 3, this->bob_, WatermarkKind::kDelivered, 2),
                   own_read_entry(this->ann_, 4, this->bob_, 1),
                   status_entry(this->ann_, 5, this->eve_, WatermarkKind::kDelivered, 1),
                   own_read_entry(this->ann_, 6, this->bob_, 2),
                   status_entry(this->ann_, 7, this->bob_, WatermarkKind::kDelivered, 3)};
  const auto delivered = WatermarkKind::kDelivered;
  batch.watermark_steps = {
      step(this->ann_, this->bob_, delivered, 1, 1), step(this->ann_, this->bob_, WatermarkKind::kRead, 1, 2),
      step(this->ann_, this->bob_, delivered, 2, 3), step(this->bob_, this->ann_, WatermarkKind::kRead, 1, 0, 4),
      step(this->ann_, this->eve_, delivered, 1, 5), step(this->bob_, this->ann_, WatermarkKind::kRead, 2, 0, 6),
      step(this->ann_, this->bob_, delivered, 3, 7)};
  this->commit(batch);
  EXPECT_EQ(this->positions(0), (std::vector<std::uint64_t>{2, 5, 6, 7}));
  EXPECT_EQ(this->positions(0, {.entries = 1}), (std::vector<std::uint64_t>{2}));
  EXPECT_EQ(this->positions(2), (std::vector<std::uint64_t>{5, 6, 7}));
  EXPECT_EQ(this->page(2, {.entries = 2}).through.value, 6u);
}

TYPED_TEST(Mailbox, MovesThroughALongRunOfSupersededEntriesInBoundedCalls) {
  constexpr std::uint64_t kCount = chat::kMaxEntriesLookedAt + 500;
  chat::CommitBatch batch;
  for (std::uint64_t n = 1; n <= kCount; ++n) {
    batch.entries.push_back(status_entry(this->ann_, n, this->bob_, WatermarkKind::kRead, n));
  }
  batch.watermark_steps = {step(this->ann_, this->bob_, WatermarkKind::kRead, kCount, kCount)};
  this->commit(batch);
  const auto first = this->page(0);
  EXPECT_TRUE(first.rows.empty());
  EXPECT_EQ(first.through.value, chat::kMaxEntriesLookedAt);
  const auto second = this->page(first.through.value);
  ASSERT_EQ(second.rows.size(), 1u);
  EXPECT_EQ(second.rows[0].entry.position.value, kCount);
}

TYPED_TEST(Mailbox, TrimsBelowAPositionAndKeepsItsNumbers) {
  this->commit(this->backlog(10));
  this->trim(4);
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 4..10");
  EXPECT_EQ(this->positions(0, {.entries = 3}), (std::vector<std::uint64_t>{4, 5, 6}));
  EXPECT_EQ(describe(this->store().entry_epoch(this->ann_, chat::MailboxSeq(3))), "none");
  EXPECT_EQ(describe(this->store().entry_epoch(this->ann_, chat::MailboxSeq(4))), "epoch 1");
  EXPECT_NE(describe(this->store().message(message_id(1))), "none") << "messages stay for the history";
  this->trim(2);  // backwards: nothing happens
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 4..10");
}

TYPED_TEST(Mailbox, AlwaysKeepsItsHeadSoThatNumbersGoOn) {
  this->commit(this->backlog(10));
  this->trim(1000);
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 10..10");
  this->under_test_.reopen();
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 10..10");
  this->trim(1000);
  EXPECT_EQ(this->positions(0), (std::vector<std::uint64_t>{10}));
}

TYPED_TEST(Mailbox, TrimsGoByTheHeadThatTheirOwnBatchMakes) {
  for (std::uint32_t n = 1; n <= 30; ++n) {
    chat::CommitBatch batch;
    batch.messages = {message(n, this->bob_, this->ann_, n)};
    batch.entries = {message_entry(this->ann_, n, batch.messages[0])};
    batch.trims = {{this->ann_, chat::MailboxSeq(n)}, {this->ann_, chat::MailboxSeq(n + 1)}};
    this->commit(batch);
    ASSERT_EQ(this->positions(0), (std::vector<std::uint64_t>{n}));
    if (n % 10 == 0) this->under_test_.reopen();
  }
}

TYPED_TEST(Mailbox, TrimsLongAndShortRunsAlike) {
  this->commit(this->backlog(6000));
  for (const std::uint64_t below : {2u, 1500u, 1501u, 5000u}) {
    this->trim(below);
    ASSERT_EQ(this->positions(0, {.entries = 2}), (std::vector<std::uint64_t>{below, below + 1}));
  }
  chat::CommitBatch unknown;
  unknown.trims = {{this->eve_, chat::MailboxSeq(5)}};
  this->commit(unknown);
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->eve_)), "bounds 1..0");
}

TYPED_TEST(Mailbox, OfAnErasedUserIsGoneAndStartsAgainFromOne) {
  this->commit(this->backlog(10));
  this->trim(5);
  chat::CommitBatch erase;
  erase.erased_users = {this->ann_};
  erase.erased_conversations = {chat::ConversationKey::of(this->ann_, this->bob_)};  // as the lane does
  this->commit(erase);
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 1..0");
  this->commit(this->backlog(2));
  EXPECT_EQ(describe(this->store().mailbox_bounds(this->ann_)), "bounds 1..2");
  EXPECT_EQ(this->positions(0), (std::vector<std::uint64_t>{1, 2}));
  this->trim(2);
  EXPECT_EQ(this->positions(0), (std::vector<std::uint64_t>{2}));
}

}  // namespace
}  // namespace conformance
