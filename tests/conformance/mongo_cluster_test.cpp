// What MongoStore promises when it is not alone: two writers, lost answers, elections, a lost majority.

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <thread>

#include "describe.hpp"
#include "mongo_under_test.hpp"
#include "rows.hpp"

namespace conformance {
namespace {

using adapters::mongodb::MongoStore;
using chat::StoreError;

const chat::UserId kAnn = user_id(1);
const chat::UserId kBob = user_id(2);

/// The message `id` from `sender` to ann with the numbers that follow what the store shows: what a lane stages.
chat::CommitBatch next_message(const MongoStore& store, std::uint32_t id, const chat::UserId& sender) {
  const auto newest = *store.history(chat::ConversationKey::of(sender, kAnn), std::nullopt, 1);
  const std::uint64_t seq = newest.empty() ? 1 : newest.front().seq.value + 1;
  chat::CommitBatch batch;
  batch.messages = {message(id, sender, kAnn, seq, "client-" + std::to_string(id))};
  batch.entries = {message_entry(kAnn, store.mailbox_bounds(kAnn)->head.value + 1, batch.messages[0])};
  return batch;
}

/// As a lane does it: the turn begins with what the other node has committed.
base::Result<void, chat::StoreError> commit_in_turn(MongoStore& store, const chat::CommitBatch& batch) {
  const auto foreign = store.begin_turn();
  if (!foreign) return base::fail(foreign.error());
  return store.commit(batch, chat::Durability::kSynced);
}

/// A server of the test's own where it breaks things, else the shared one.
class MongoPair : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::missing()) GTEST_SKIP() << *missing;
    first_ = open_mongo(name_);
    second_ = open_mongo(name_, "", false);
  }
  void TearDown() override {
    if (!first_) return;
    first_.reset();
    second_.reset();
    drop_database(MongoServers::shared_uri(), name_);
  }

  const std::string name_ = fresh_database();
  std::unique_ptr<MongoStore> first_;
  std::unique_ptr<MongoStore> second_;
};

TEST_F(MongoPair, ShareOneEpoch) {
  EXPECT_EQ(first_->epochs(), second_->epochs());
}

TEST_F(MongoPair, CanAskTheOneClockThatTheyShare) {
  const auto earlier = first_->shared_now();
  const auto later = second_->shared_now();
  ASSERT_TRUE(earlier && later);
  EXPECT_LE(*earlier, *later);
  const auto here = base::SystemClock().wall_now();
  EXPECT_LT(std::chrono::abs(here - *later), std::chrono::hours(24)) << "a wall time";
}

TEST_F(MongoPair, SeeEachOthersCommitsAtOnce) {
  for (std::uint32_t n = 1; n <= 20; ++n) {
    auto& writer = n % 2 == 0 ? *first_ : *second_;
    auto& reader = n % 2 == 0 ? *second_ : *first_;
    const auto batch = next_message(writer, n, kBob);
    ASSERT_TRUE(commit_in_turn(writer, batch).ok());
    EXPECT_EQ(describe(reader.message(message_id(n))), describe(batch.messages[0]));
    EXPECT_EQ(reader.mailbox_bounds(kAnn)->head.value, n);
  }
}

TEST_F(MongoPair, RefuseTheSecondOfTwoBatchesWithOneNumberAndWriteNothingOfIt) {
  auto stale = next_message(*second_, 2, user_id(3));
  stale.messages.push_back(message(3, kBob, user_id(4), 1));
  stale.entries.push_back(message_entry(user_id(4), 1, stale.messages.back()));
  stale.positions = {{kAnn, chat::DeviceId{"phone"}, chat::MailboxSeq(1)}};
  ASSERT_TRUE(first_->commit(next_message(*first_, 1, kBob), chat::Durability::kSynced).ok());
  EXPECT_EQ(second_->commit(stale, chat::Durability::kSynced).error(), StoreError::kConflict);
  EXPECT_EQ(describe(second_->message(message_id(2))), "none");
  EXPECT_EQ(describe(second_->message(message_id(3))), "none");
  EXPECT_TRUE(second_->positions(kAnn)->empty());
  EXPECT_EQ(describe(second_->mailbox_bounds(user_id(4))), "bounds 1..0");
  EXPECT_TRUE(second_->commit(next_message(*second_, 2, user_id(3)), chat::Durability::kSynced).ok());
}

TEST_F(MongoPair, RefuseASecondMessageWithOneClientId) {
  auto sent = next_message(*first_, 1, kBob);
  ASSERT_TRUE(first_->commit(sent, chat::Durability::kSynced).ok());
  auto again = next_message(*second_, 2, kBob);
  again.messages[0].client_id = sent.messages[0].client_id;
  EXPECT_EQ(second_->commit(again, chat::Durability::kSynced).error(), StoreError::kConflict);
  EXPECT_EQ(describe(second_->message_by_client_id(kBob, kAnn, "client-1")), describe(sent.messages[0]));
}

TEST_F(MongoPair, RefuseANameThatTheOtherHasGivenAway) {
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "1@example.org")};
  ASSERT_TRUE(first_->commit(batch, chat::Durability::kSynced).ok());
  batch.users = {user(2, "ANN", "2@example.org")};
  EXPECT_EQ(second_->commit(batch, chat::Durability::kSynced).error(), StoreError::kConflict);
  EXPECT_EQ(describe(second_->user(user_id(2))), "none");
}

TEST_F(MongoPair, NumberOneMailboxWithoutHoleOrRepeatWhileBothWrite) {
  constexpr std::uint32_t kEach = 60;
  std::atomic<std::uint64_t> conflicts{0};
  const auto write = [&](MongoStore& store, std::uint32_t base, const chat::UserId& sender) {
    for (std::uint32_t n = base; n < base + kEach;) {
      const auto done = store.commit(next_message(store, n, sender), chat::Durability::kSynced);
      if (done.ok()) {
        ++n;
      } else {
        ASSERT_EQ(done.error(), StoreError::kConflict);
        ++conflicts;
      }
    }
  };
  std::thread other([&] { write(*second_, 1000, user_id(3)); });
  write(*first_, 1, kBob);
  other.join();
  EXPECT_EQ(first_->conflicts() + second_->conflicts(), conflicts);
  EXPECT_GT(conflicts, 0u) << "nobody met anybody: this test has tested nothing";
  const auto page = *first_->read_mailbox(kAnn, chat::MailboxSeq(0), {.entries = 1000});
  ASSERT_EQ(page.rows.size(), 2 * kEach);
  std::map<chat::UserId, std::uint64_t> last;
  for (std::size_t i = 0; i < page.rows.size(); ++i) {
    const auto& row = page.rows[i];
    EXPECT_EQ(row.entry.position.value, i + 1);
    ASSERT_TRUE(row.message);
    EXPECT_EQ(row.message->seq.value, ++last[row.message->sender]);
  }
}

TEST_F(MongoPair, KeepTheFoundingStatusTrue) {
  chat::CommitBatch batch;
  batch.messages = {message(1, kBob, kAnn, 1), message(2, kAnn, kBob, 2), message(3, kBob, kAnn, 3)};
  for (std::size_t i = 0; i < 3; ++i) {
    batch.entries.push_back(message_entry(kAnn, i + 1, batch.messages[i]));
  }
  ASSERT_TRUE(first_->commit(batch, chat::Durability::kSynced).ok());
  const auto seen = [&](const char* filter) { return count_on_shared(name_, "messages", filter) == 1; };
  EXPECT_TRUE(seen(R"({"seq":1,"status":"sent","deliveredAt":{"$exists":false}})"));

  chat::CommitBatch delivered;
  delivered.watermark_steps = {step(kBob, kAnn, chat::WatermarkKind::kDelivered, 1)};
  ASSERT_TRUE(first_->commit(delivered, chat::Durability::kSynced).ok());
  EXPECT_TRUE(seen(R"({"seq":1,"status":"delivered","deliveredAt":{"$exists":true},"readAt":{"$exists":false}})"));
  EXPECT_TRUE(seen(R"({"seq":3,"status":"sent"})"));

  chat::CommitBatch read;
  read.watermark_steps = {step(kBob, kAnn, chat::WatermarkKind::kRead, 3)};
  ASSERT_TRUE(commit_in_turn(*second_, read).ok());
  EXPECT_TRUE(seen(R"({"seq":1,"status":"read","readAt":{"$exists":true}})"));
  EXPECT_TRUE(seen(R"({"seq":3,"status":"read","deliveredAt":{"$exists":true},"readAt":{"$exists":true}})"));
  EXPECT_TRUE(seen(R"({"seq":2,"status":"sent"})")) << "the reader's own message";

  chat::CommitBatch failed;
  failed.messages = {batch.messages[0]};
  failed.messages[0].failure = chat::FailureReason::kSkipped;
  ASSERT_TRUE(commit_in_turn(*first_, failed).ok());
  EXPECT_TRUE(seen(R"({"seq":1,"status":"failed","failure":"skipped"})"));
  failed.messages[0].failure.reset();
  ASSERT_TRUE(commit_in_turn(*first_, failed).ok());
  EXPECT_TRUE(seen(R"({"seq":1,"status":"read","readAt":{"$exists":true}})")) << "the watermarks still say so";
}

/// A router refuses an upsert whose filter does not name the shard (docs/data-model.md).
TEST_F(MongoPair, NameTheShardOfWhateverTheyReplaceOrInsert) {
  ASSERT_TRUE(run_on_shared(name_, R"({"profile":2})"));
  chat::CommitBatch batch;
  batch.messages = {message(1, kBob, kAnn, 1)};
  batch.entries = {message_entry(kAnn, 1, batch.messages[0])};
  batch.positions = {{kAnn, chat::DeviceId{"phone"}, chat::MailboxSeq(1)}};
  batch.watermark_steps = {step(kBob, kAnn, chat::WatermarkKind::kDelivered, 1)};
  batch.devices = {device(kAnn, "phone", 1)};
  ASSERT_TRUE(first_->commit(batch, chat::Durability::kSynced).ok());
  for (const auto mark : {std::optional(chat::FailureReason::kSkipped), std::optional<chat::FailureReason>()}) {
    chat::CommitBatch marked;
    marked.messages = {batch.messages[0]};
    marked.messages[0].failure = mark;
    ASSERT_TRUE(commit_in_turn(*first_, marked).ok());
  }
  ASSERT_TRUE(run_on_shared(name_, R"({"profile":0})"));
  constexpr std::pair<const char*, const char*> kSharded[] = {
      {"messages", "conversation"}, {"watermarks", "author"}, {"positions", "user"}, {"devices", "user"}};
  const auto upserts = [&](const std::string& collection, const std::string& key, const std::string& named) {
    return count_on_shared(name_, "system.profile",
                           R"({"op":"update","ns":")" + name_ + "." + collection + R"(","command.upsert":true,)" +
                               R"("command.q.)" + key + R"(":{"$exists":)" + named + "}}");
  };
  for (const auto& [collection, key] : kSharded) {
    EXPECT_GT(upserts(collection, key, "true"), 0) << collection;
    EXPECT_EQ(upserts(collection, key, "false"), 0) << collection;
  }
}

TEST_F(MongoPair, KeepBothFriendsArraysInStepWithTheRelation) {
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "1@example.org"), user(2, "bob", "2@example.org")};
  batch.relations = {relation(kAnn, kBob, chat::Friendship::kFriends)};
  batch.relations[0].blocked_by_low = false;
  ASSERT_TRUE(first_->commit(batch, chat::Durability::kSynced).ok());
  EXPECT_EQ(count_on_shared(name_, "users", R"({"friends":{"$size":1}})"), 2);
  chat::CommitBatch blocked;
  blocked.relations = batch.relations;
  blocked.relations[0].blocked_by_high = true;
  ASSERT_TRUE(commit_in_turn(*second_, blocked).ok());
  EXPECT_EQ(count_on_shared(name_, "users", R"({"friends":{"$size":0}})"), 2);
}

TEST_F(MongoPair, ChangeRelationsOfThoseWhoseFriendsAreNoArray) {
  const auto leave_as = [&](const std::string& value) {
    ASSERT_TRUE(run_on_shared(name_, R"({"update":"users","updates":[{"multi":true,"q":{},"u":{"$set":{"friends":)" +
                                         value + R"(}}}],"writeConcern":{"w":"majority"}})"));
  };
  chat::CommitBatch batch;
  batch.users = {user(1, "ann", "1@example.org"), user(2, "bob", "2@example.org")};
  ASSERT_TRUE(commit_in_turn(*first_, batch).ok());
  for (const auto* const value : {"null", R"("none")"}) {
    chat::CommitBatch accepted;
    accepted.relations = {relation(kAnn, kBob, chat::Friendship::kFriends)};
    accepted.relations[0].blocked_by_low = false;
    leave_as(value);
    ASSERT_TRUE(commit_in_turn(*first_, accepted).ok()) << value;
    EXPECT_EQ(count_on_shared(name_, "users", R"({"friends":{"$size":1}})"), 2) << value;
    chat::CommitBatch blocked;
    blocked.relations = accepted.relations;
    blocked.relations[0].blocked_by_high = true;
    leave_as(value);
    ASSERT_TRUE(commit_in_turn(*first_, blocked).ok()) << value;
    EXPECT_EQ(describe(first_->relation(blocked.relations[0].pair)), describe(blocked.relations[0])) << value;
  }
  chat::CommitBatch erased;
  erased.erased_users = {kAnn};
  EXPECT_TRUE(commit_in_turn(*first_, erased).ok());
  EXPECT_EQ(count_on_shared(name_, "users", "{}"), 1);
}

TEST_F(MongoPair, ReadUsersAsAnApplicationOfTheFoundingSchemaWritesThem) {
  const auto insert = [&](std::uint32_t n, const std::string& fields) {
    ASSERT_TRUE(run_on_shared(name_, R"({"insert":"users","documents":[{"_id":{"$oid":")" + user_id(n).hex() +
                                         R"("},"email":"e@x","password":"$2b$10$x","friends":[],"__v":0)" + fields +
                                         "}]}"));
  };
  insert(1, R"(,"username":"ann","isOnline":false)");
  insert(2, R"(,"username":"bob","isOnline":true,"lastSeen":null)");
  insert(3, R"(,"username":"eve","isOnline":false,"lastSeen":{"$date":{"$numberLong":"1700000000123"}})");
  insert(4, R"(,"username":"dan","isOnline":false,"lastSeen":{"$numberDouble":"1700000000123.0"})");
  insert(5, R"(,"username":"flo","isOnline":false,"lastSeen":{"$numberLong":"1700000000123"},"created":7)");
  const std::vector<std::string> names = {"ann", "bob", "eve", "dan", "flo"};
  for (std::uint32_t n = 1; n <= 5; ++n) {
    const auto found = first_->user(user_id(n));
    ASSERT_TRUE(found.ok() && *found) << n;
    EXPECT_EQ((*found)->username, names[n - 1]);
    EXPECT_EQ((*found)->created, n == 5 ? at_ms(7) : user_id(n).made());
    EXPECT_EQ((*found)->last_seen, n < 3 ? user_id(n).made() : at_ms(1'700'000'000'123));
    EXPECT_FALSE((*found)->deactivated);
  }
  EXPECT_EQ(first_->damaged_rows(), 0u);

  insert(6, R"(,"username":"gus","lastSeen":"yesterday")");
  insert(7, R"(,"username":"hal","lastSeen":{"$numberDouble":"NaN"})");
  insert(8, R"(,"username":"ida","lastSeen":{"$numberDouble":"1e300"})");
  insert(9, R"(,"username":["jon"])");
  insert(10, "");
  for (std::uint32_t n = 6; n <= 10; ++n) {
    EXPECT_EQ(first_->user(user_id(n)).error(), StoreError::kCorrupt) << "what has no meaning is not guessed: " << n;
  }
}

TEST_F(MongoPair, ReadNumbersThatANodeProgramHasWritten) {
  for (std::uint32_t n = 1; n <= 2; ++n) {
    ASSERT_TRUE(first_->commit(next_message(*first_, n, kBob), chat::Durability::kSynced).ok());
  }
  const auto set = [&](const std::string& collection, const std::string& filter, const std::string& value) {
    ASSERT_TRUE(run_on_shared(
        name_, R"({"update":")" + collection + R"(","updates":[{"q":)" + filter + R"(,"u":{"$set":)" + value + "}}]}"));
  };
  set("messages", R"({"seq":2})", R"({"seq":{"$numberDouble":"2.0"},"senderOrdinal":{"$numberInt":"2"}})");
  set("entries", R"({"position":2})", R"({"position":{"$numberDouble":"2.0"},"epoch":{"$numberDouble":"1.0"}})");
  const auto page = *first_->read_mailbox(kAnn, chat::MailboxSeq(0), {});
  ASSERT_EQ(page.rows.size(), 2u);
  EXPECT_EQ(page.through.value, 2u);
  ASSERT_TRUE(page.rows[1].message);
  EXPECT_EQ(page.rows[1].message->seq.value, 2u);
  set("messages", R"({"seq":2})", R"({"senderOrdinal":{"$numberDouble":"2.5"}})");
  EXPECT_EQ(first_->message(message_id(2)).error(), StoreError::kCorrupt);
}

TEST_F(MongoPair, ShowDamagedDocumentsAsUnreadableAndNeverAsAGap) {
  for (std::uint32_t n = 1; n <= 4; ++n) {
    ASSERT_TRUE(first_->commit(next_message(*first_, n, kBob), chat::Durability::kSynced).ok());
  }
  ASSERT_TRUE(
      run_on_shared(name_, R"({"update":"messages","updates":[{"q":{"seq":2},"u":{"$set":{"content":"a?"}}}]})"));
  ASSERT_TRUE(run_on_shared(name_, R"({"update":"entries","updates":[{"q":{"position":3},"u":{"$set":{"peer":7}}}]})"));
  const auto page = *first_->read_mailbox(kAnn, chat::MailboxSeq(0), {});
  ASSERT_EQ(page.rows.size(), 4u);
  EXPECT_FALSE(page.rows[1].message);
  EXPECT_EQ(page.rows[1].entry.message, message_id(2)) << "the entry says what was lost";
  EXPECT_TRUE(page.rows[2].entry.message.is_zero());
  EXPECT_EQ(page.rows[2].entry.position.value, 3u);
  EXPECT_EQ(page.rows[2].entry.epoch.value, 0u);
  EXPECT_TRUE(page.rows[3].message);
  EXPECT_EQ(first_->message(message_id(2)).error(), StoreError::kCorrupt);
  EXPECT_EQ(first_->message_by_client_id(kBob, kAnn, "client-2").error(), StoreError::kCorrupt);
  EXPECT_EQ(first_->entry_epoch(kAnn, chat::MailboxSeq(3)).error(), StoreError::kCorrupt);
  EXPECT_EQ(first_->history(chat::ConversationKey::of(kAnn, kBob), std::nullopt, 9)->size(), 3u);
  EXPECT_GE(first_->damaged_rows(), 4u);
}

}  // namespace
}  // namespace conformance
