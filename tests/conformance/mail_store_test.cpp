// MailStore: messages, client ids, history, watermarks, keys.

#include "describe.hpp"
#include "rows.hpp"
#include "store_under_test.hpp"

namespace conformance {
namespace {

template <class Harness>
class MailStore : public StoreSuite<Harness> {
 protected:
  void commit(const chat::CommitBatch& batch) {
    ASSERT_TRUE(under_test_.store().commit(batch, chat::Durability::kSynced).ok());
  }
  chat::Store& store() { return under_test_.store(); }

  Harness under_test_;
  chat::UserId ann_ = user_id(1);
  chat::UserId bob_ = user_id(2);
  chat::UserId eve_ = user_id(3);
};
TYPED_TEST_SUITE(MailStore, Stores, StoreNames);

TYPED_TEST(MailStore, ReturnsEveryFieldOfAMessageByIdAndByClientIdAlsoAfterReopening) {
  auto stored = message(7, this->bob_, this->ann_, 1, "client-1", std::string("\0\xffsealed", 8));
  stored.sender_ordinal = ~0ull;
  chat::CommitBatch batch;
  batch.messages = {stored};
  this->commit(batch);
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(describe(this->store().message(stored.id)), describe(stored));
    EXPECT_EQ(describe(this->store().message_by_client_id(this->bob_, this->ann_, "client-1")), describe(stored));
    this->under_test_.reopen();
  }
}

TYPED_TEST(MailStore, KnowsNothingOfAbsentRows) {
  EXPECT_EQ(describe(this->store().message(message_id(9))), "none");
  EXPECT_EQ(describe(this->store().message_by_client_id(this->ann_, this->bob_, "x")), "none");
  EXPECT_EQ(describe(this->store().history(chat::ConversationKey::of(this->ann_, this->bob_), std::nullopt, 5)), "");
  EXPECT_EQ(this->store().newest_number(chat::ConversationKey::of(this->ann_, this->bob_))->value, 0u);
  EXPECT_EQ(describe(this->store().conversation_peers(this->ann_)), "");
  EXPECT_EQ(describe(this->store().current_key(chat::ConversationKey::of(this->ann_, this->bob_))), "none");
  EXPECT_EQ(describe(this->store().key(nth<chat::KeyId>(1))), "none");
  EXPECT_EQ(describe(this->store().watermark(this->ann_, this->bob_, chat::WatermarkKind::kRead, std::nullopt)),
            "none");
}

TYPED_TEST(MailStore, KeepsClientIdsApartBySenderRecipientAndExactText) {
  chat::CommitBatch batch;
  batch.messages = {message(1, this->ann_, this->bob_, 1, "x"), message(2, this->bob_, this->ann_, 2, "x"),
                    message(3, this->ann_, this->eve_, 1, "x"), message(4, this->ann_, this->bob_, 3, "xx"),
                    message(5, this->ann_, this->bob_, 4, std::string("x\0", 2))};
  this->commit(batch);
  const auto id_of = [&](const chat::UserId& from, const chat::UserId& to, std::string_view client_id) {
    const auto found = this->store().message_by_client_id(from, to, client_id);
    return found.ok() && *found ? (*found)->id : chat::MessageId{};
  };
  EXPECT_EQ(id_of(this->ann_, this->bob_, "x"), message_id(1));
  EXPECT_EQ(id_of(this->bob_, this->ann_, "x"), message_id(2));
  EXPECT_EQ(id_of(this->ann_, this->eve_, "x"), message_id(3));
  EXPECT_EQ(id_of(this->ann_, this->bob_, "xx"), message_id(4));
  EXPECT_EQ(id_of(this->ann_, this->bob_, std::string_view("x\0", 2)), message_id(5));
  EXPECT_EQ(id_of(this->ann_, this->bob_, ""), chat::MessageId{});
  EXPECT_EQ(id_of(this->ann_, this->bob_, std::string(500, 'x')), chat::MessageId{});
}

TYPED_TEST(MailStore, MarksAMessageFailedInItsPlace) {
  auto stored = message(1, this->ann_, this->bob_, 1, "x");
  chat::CommitBatch batch;
  batch.messages = {stored};
  this->commit(batch);
  for (const auto reason :
       {chat::FailureReason::kExpired, chat::FailureReason::kUnreadable, chat::FailureReason::kSkipped}) {
    stored.failure = reason;
    stored.content = {};
    batch.messages = {stored};
    this->commit(batch);
    EXPECT_EQ(describe(this->store().message(stored.id)), describe(stored));
    EXPECT_EQ(describe(this->store().message_by_client_id(this->ann_, this->bob_, "x")), describe(stored));
  }
}

TYPED_TEST(MailStore, FindsWhatFailedByItsClientIdAlsoWhenTheMarkDoesNotKnowIt) {
  auto stored = message(1, this->ann_, this->bob_, 1, "x");
  chat::CommitBatch batch;
  batch.messages = {stored};
  this->commit(batch);
  stored.failure = chat::FailureReason::kUnreadable;
  stored.content = {};
  stored.client_id.clear();
  batch.messages = {stored};
  this->commit(batch);
  EXPECT_EQ(this->store().message(stored.id).value()->failure, stored.failure);
  const auto found = this->store().message_by_client_id(this->ann_, this->bob_, "x");
  ASSERT_TRUE(found.ok() && *found);
  EXPECT_EQ((*found)->id, stored.id);
  EXPECT_EQ(describe(this->store().message_by_client_id(this->bob_, this->ann_, "x")), "none");
}

TYPED_TEST(MailStore, ReadsHistoryNewestFirstInPages) {
  chat::CommitBatch batch;
  for (std::uint32_t n = 1; n <= 300; ++n) {
    batch.messages.push_back(n % 3 == 0 ? message(n, this->bob_, this->ann_, n)
                                        : message(n, this->ann_, this->bob_, n));
  }
  batch.messages.push_back(message(1000, this->ann_, this->eve_, 1));
  this->commit(batch);
  const auto conversation = chat::ConversationKey::of(this->bob_, this->ann_);
  std::optional<chat::ConversationSeq> before;
  std::uint64_t expected = 300;
  while (true) {
    const auto page = this->store().history(conversation, before, 7);
    ASSERT_TRUE(page.ok());
    if (page->empty()) break;
    for (const auto& found : *page) {
      EXPECT_EQ(describe(found), describe(batch.messages[expected - 1]));
      --expected;
    }
    before = page->back().seq;
  }
  EXPECT_EQ(expected, 0u);
  EXPECT_EQ(this->store().newest_number(conversation)->value, 300u);
  EXPECT_TRUE(this->store().history(conversation, chat::ConversationSeq(0), 7)->empty());
  EXPECT_TRUE(this->store().history(conversation, std::nullopt, 0)->empty());
  EXPECT_EQ(this->store().history(conversation, chat::ConversationSeq(1000), 7)->front().seq.value, 300u);
}

TYPED_TEST(MailStore, ListsEveryoneWithWhomAMessageWasExchanged) {
  chat::CommitBatch batch;
  batch.messages = {message(1, this->ann_, this->bob_, 1), message(2, this->ann_, this->bob_, 2),
                    message(3, this->eve_, this->ann_, 1)};
  this->commit(batch);
  EXPECT_EQ(this->store().conversation_peers(this->ann_)->size(), 2u);
  EXPECT_EQ(describe(this->store().conversation_peers(this->bob_)), describe(std::vector{this->ann_}));
  EXPECT_EQ(describe(this->store().conversation_peers(this->eve_)), describe(std::vector{this->ann_}));
}

TYPED_TEST(MailStore, FindsTheStepThatFirstCoveredAMessageAndTheNewest) {
  chat::CommitBatch batch;
  const auto delivered = chat::WatermarkKind::kDelivered;
  batch.watermark_steps = {
      step(this->ann_, this->bob_, delivered, 3, 9, 4), step(this->ann_, this->bob_, delivered, 300),
      step(this->ann_, this->bob_, chat::WatermarkKind::kRead, 2), step(this->bob_, this->ann_, delivered, 1000)};
  this->commit(batch);
  const auto find = [&](std::optional<std::uint64_t> covering) {
    std::optional<chat::ConversationSeq> seq;
    if (covering) seq = chat::ConversationSeq(*covering);
    return describe(this->store().watermark(this->ann_, this->bob_, delivered, seq));
  };
  EXPECT_EQ(find(0), describe(batch.watermark_steps[0]));
  EXPECT_EQ(find(3), describe(batch.watermark_steps[0]));
  EXPECT_EQ(find(4), describe(batch.watermark_steps[1]));
  EXPECT_EQ(find(300), describe(batch.watermark_steps[1]));
  EXPECT_EQ(find(301), "none");
  EXPECT_EQ(find(std::nullopt), describe(batch.watermark_steps[1]));
  EXPECT_EQ(describe(this->store().watermark(this->ann_, this->bob_, chat::WatermarkKind::kRead, std::nullopt)),
            describe(batch.watermark_steps[2]));
  EXPECT_EQ(describe(this->store().watermark(this->bob_, this->ann_, delivered, std::nullopt)),
            describe(batch.watermark_steps[3]));
}

TYPED_TEST(MailStore, ReplacesTheCurrentKeyAndKeepsTheOlderOnes) {
  chat::CommitBatch batch;
  batch.keys = {wrapped_key(1, this->ann_, this->bob_)};
  this->commit(batch);
  const auto old_key = batch.keys[0];
  batch.keys = {wrapped_key(2, this->ann_, this->bob_), wrapped_key(3, this->ann_, this->eve_)};
  this->commit(batch);
  const auto conversation = chat::ConversationKey::of(this->ann_, this->bob_);
  EXPECT_EQ(describe(this->store().current_key(conversation)), describe(batch.keys[0]));
  EXPECT_EQ(describe(this->store().key(old_key.id)), describe(old_key));
}

TYPED_TEST(MailStore, ErasesAConversationAndNothingElse) {
  chat::CommitBatch batch;
  batch.messages = {message(1, this->ann_, this->bob_, 1, "x"), message(2, this->bob_, this->ann_, 2, "y"),
                    message(3, this->ann_, this->eve_, 1, "x")};
  batch.watermark_steps = {step(this->ann_, this->bob_, chat::WatermarkKind::kRead, 1),
                           step(this->bob_, this->ann_, chat::WatermarkKind::kDelivered, 2),
                           step(this->ann_, this->eve_, chat::WatermarkKind::kRead, 1)};
  batch.keys = {wrapped_key(1, this->ann_, this->bob_), wrapped_key(2, this->ann_, this->bob_),
                wrapped_key(3, this->ann_, this->eve_)};
  this->commit(batch);
  const auto gone = chat::ConversationKey::of(this->ann_, this->bob_);
  const auto kept = chat::ConversationKey::of(this->ann_, this->eve_);
  chat::CommitBatch erase;
  erase.erased_conversations = {gone};
  this->commit(erase);

  EXPECT_EQ(describe(this->store().message(message_id(1))), "none");
  EXPECT_EQ(describe(this->store().message_by_client_id(this->bob_, this->ann_, "y")), "none");
  EXPECT_TRUE(this->store().history(gone, std::nullopt, 9)->empty());
  EXPECT_EQ(this->store().newest_number(gone)->value, 0u);
  EXPECT_EQ(this->store().newest_number(kept)->value, 1u);
  EXPECT_EQ(describe(this->store().watermark(this->ann_, this->bob_, chat::WatermarkKind::kRead, std::nullopt)),
            "none");
  EXPECT_EQ(describe(this->store().watermark(this->bob_, this->ann_, chat::WatermarkKind::kDelivered, std::nullopt)),
            "none");
  EXPECT_EQ(describe(this->store().current_key(gone)), "none");
  EXPECT_EQ(describe(this->store().key(nth<chat::KeyId>(1))), "none");
  EXPECT_EQ(describe(this->store().key(nth<chat::KeyId>(2))), "none");
  EXPECT_EQ(describe(this->store().conversation_peers(this->ann_)), describe(std::vector{this->eve_}));
  EXPECT_EQ(describe(this->store().conversation_peers(this->bob_)), "");

  EXPECT_EQ(describe(this->store().message(message_id(3))), describe(batch.messages[2]));
  EXPECT_EQ(this->store().history(kept, std::nullopt, 9)->size(), 1u);
  EXPECT_EQ(describe(this->store().current_key(kept)), describe(batch.keys[2]));
  EXPECT_NE(describe(this->store().watermark(this->ann_, this->eve_, chat::WatermarkKind::kRead, std::nullopt)),
            "none");
}

TYPED_TEST(MailStore, StartsAnErasedConversationAgainFromOneInTheSameBatch) {
  chat::CommitBatch batch;
  batch.messages = {message(1, this->ann_, this->bob_, 1, "x"), message(2, this->ann_, this->bob_, 2, "y")};
  this->commit(batch);
  chat::CommitBatch again;
  again.erased_conversations = {chat::ConversationKey::of(this->ann_, this->bob_)};
  again.messages = {message(3, this->bob_, this->ann_, 1, "x")};
  this->commit(again);
  EXPECT_EQ(describe(this->store().message(message_id(1))), "none");
  EXPECT_EQ(describe(this->store().message_by_client_id(this->ann_, this->bob_, "x")), "none");
  EXPECT_EQ(describe(this->store().history(chat::ConversationKey::of(this->ann_, this->bob_), std::nullopt, 9)),
            describe(again.messages));
}

}  // namespace
}  // namespace conformance
