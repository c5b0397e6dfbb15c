#include <gtest/gtest.h>

#include "chat/rules/limits.hpp"
#include "chat/rules/may_send.hpp"
#include "chat/rules/message_status.hpp"
#include "chat/rules/message_text.hpp"
#include "chat/rules/resume.hpp"
#include "chat/rules/watermark.hpp"

namespace chat {
namespace {

UserId user(std::uint8_t number) {
  UserId id;
  id.bytes[11] = number;
  return id;
}

TEST(MaySend, OnlyActiveFriendsWhoDoNotBlockEachOther) {
  const Party alice{user(1), true, false};
  const Party bob{user(2), true, false};
  Relation relation;
  relation.pair = ConversationKey::of(alice.id, bob.id);
  for (const auto friendship : {Friendship::kNone, Friendship::kRequestedByLow, Friendship::kRequestedByHigh}) {
    relation.friendship = friendship;
    EXPECT_EQ(may_send(alice, bob, relation), SendVerdict::kNotAllowed);
  }
  relation.friendship = Friendship::kFriends;
  EXPECT_EQ(may_send(alice, bob, relation), SendVerdict::kAllowed);
  EXPECT_EQ(may_send(alice, {user(2), false, false}, relation), SendVerdict::kNotAllowed);
  EXPECT_EQ(may_send(alice, {user(2), true, true}, relation), SendVerdict::kNotAllowed);
  EXPECT_EQ(may_send({user(1), true, true}, bob, relation), SendVerdict::kNotAllowed);
  EXPECT_EQ(may_send(alice, alice, relation), SendVerdict::kNotAllowed);
  relation.blocked_by_low = true;
  EXPECT_EQ(may_send(alice, bob, relation), SendVerdict::kNotAllowed);
  EXPECT_EQ(may_send(bob, alice, relation), SendVerdict::kNotAllowed);
}

ResumeQuestion question() {
  return {.client_epoch = EpochNumber(2),
          .client = MailboxSeq(10),
          .stored = MailboxSeq(8),
          .bounds = {.first = MailboxSeq(5), .head = MailboxSeq(12)},
          .entry_epoch = EpochNumber(2)};
}

TEST(Resume, AboveTheStoredPositionItConfirms) {
  const auto decision = decide_resume(question());
  EXPECT_TRUE(decision.valid);
  EXPECT_EQ(decision.start, MailboxSeq(10));
  EXPECT_EQ(decision.confirm, MailboxSeq(10));
}

TEST(Resume, BelowItPumpsFromThereAndTheStoredOneStays) {
  auto ask = question();
  ask.client = MailboxSeq(6);
  const auto decision = decide_resume(ask);
  EXPECT_TRUE(decision.valid);
  EXPECT_EQ(decision.start, MailboxSeq(6));
  EXPECT_EQ(decision.confirm, MailboxSeq(8));
}

TEST(Resume, UnknownEpochBeyondHeadNotRetainedOrOverwrittenIsAReset) {
  auto unknown = question();
  unknown.client_epoch.reset();
  auto beyond = question();
  beyond.client = MailboxSeq(13);
  auto beyond_all = question();
  beyond_all.client = MailboxSeq(~std::uint64_t{0});  // its next is 0
  auto trimmed = question();
  trimmed.client = MailboxSeq(3);
  auto overwritten = question();
  overwritten.entry_epoch = EpochNumber(3);
  auto unseen = question();
  unseen.entry_epoch.reset();
  for (const auto& ask : {unknown, beyond, beyond_all, trimmed, overwritten, unseen}) {
    const auto decision = decide_resume(ask);
    EXPECT_FALSE(decision.valid);
    EXPECT_EQ(decision.start, MailboxSeq(8));
    EXPECT_EQ(decision.confirm, MailboxSeq(8));
  }
}

TEST(Resume, TheBeginningIsValidWhileNothingIsTrimmed) {
  auto ask = question();
  ask.client = MailboxSeq(0);
  ask.entry_epoch.reset();
  ask.bounds.first = MailboxSeq(1);
  EXPECT_TRUE(decide_resume(ask).valid);
  ask.bounds.first = MailboxSeq(2);
  EXPECT_FALSE(decide_resume(ask).valid);
}

TEST(Resume, EpochsAreFoundByTheirPlaceInTheList) {
  const std::vector<std::string> epochs{"aa", "bb"};
  EXPECT_EQ(find_epoch(epochs, "bb"), EpochNumber(2));
  EXPECT_FALSE(find_epoch(epochs, "cc"));
}

TEST(MessageStatus, ReadImpliesDeliveredAndTheEarlierTimeCounts) {
  Message message;
  WatermarkStep delivered;
  delivered.at = WallTime(std::chrono::milliseconds(200));
  WatermarkStep read;
  read.at = WallTime(std::chrono::milliseconds(100));
  EXPECT_EQ(derive_status(message, nullptr, nullptr).status, MessageStatus::kSent);
  EXPECT_EQ(derive_status(message, &delivered, nullptr).status, MessageStatus::kDelivered);
  const auto both = derive_status(message, &delivered, &read);
  EXPECT_EQ(both.status, MessageStatus::kRead);
  EXPECT_EQ(both.delivered_at, read.at);
  EXPECT_EQ(derive_status(message, nullptr, &read).delivered_at, read.at);
}

TEST(MessageStatus, AFailureWinsOverAnyWatermark) {
  Message message;
  WatermarkStep step;
  for (const auto reason : {FailureReason::kExpired, FailureReason::kUnreadable}) {
    message.failure = reason;
    const auto derived = derive_status(message, &step, &step);
    EXPECT_EQ(derived.status, MessageStatus::kFailed);
    EXPECT_FALSE(derived.delivered_at);
    EXPECT_FALSE(derived.read_at);
  }
}

TEST(MessageStatus, WhatWasSkippedForADeviceIsSentUntilItIsRead) {
  Message message;
  message.failure = FailureReason::kSkipped;
  WatermarkStep step;
  EXPECT_EQ(derive_status(message, &step, nullptr).status, MessageStatus::kSent);
  EXPECT_FALSE(derive_status(message, &step, nullptr).delivered_at);
  EXPECT_EQ(derive_status(message, &step, &step).status, MessageStatus::kRead);
}

TEST(MessageStatus, WhatWasReadBehindABlockIsNotToldToTheAuthor) {
  WatermarkStep step;
  step.up_to = ConversationSeq(9);
  step.newest_covered_seq = ConversationSeq(4);
  EXPECT_TRUE(told_to_author(step, ConversationSeq(4)));
  EXPECT_FALSE(told_to_author(step, ConversationSeq(5)));
}

TEST(Watermark, OnlyAHigherNumberIsNews) {
  Watermark mark;
  WatermarkStep step;
  step.up_to = ConversationSeq(4);
  mark.take(step);
  EXPECT_FALSE(mark.advances_to(ConversationSeq(4)));
  EXPECT_TRUE(mark.advances_to(ConversationSeq(5)));
  EXPECT_EQ(unread_count(7, 4), 3u);
  EXPECT_EQ(unread_count(4, 7), 0u);
}

TEST(MessageText, LineEndsAreFoldedAndControlCharactersRefused) {
  EXPECT_EQ(accept_text("a\r\nb\r\n").value(), "a\nb\n");
  EXPECT_EQ(accept_text("tab\there\n").value(), "tab\there\n");
  for (const std::string text : {"a\rb", "\x7f", "\x1b[0m", "\xC2\x85"}) {
    EXPECT_EQ(accept_text(text).error(), TextError::kControlCharacter) << text;
  }
  EXPECT_EQ(accept_text(std::string("a\0b", 3)).error(), TextError::kControlCharacter);
  EXPECT_EQ(accept_text("\xC3\xA9\xE2\x82\xAC").value(), "\xC3\xA9\xE2\x82\xAC");
  EXPECT_EQ(accept_text("\xFF").error(), TextError::kNotUtf8);
  EXPECT_EQ(accept_text("").error(), TextError::kEmpty);
}

TEST(MessageText, TheLimitCountsBytesAfterFolding) {
  EXPECT_TRUE(accept_text(std::string(kTextLimit, 'x')));
  EXPECT_EQ(accept_text(std::string(kTextLimit + 1, 'x')).error(), TextError::kTooLong);
  EXPECT_EQ(accept_text(std::string(100 * kTextLimit, 'x')).error(), TextError::kTooLong);
  EXPECT_TRUE(accept_text(std::string(kTextLimit - 1, 'x') + "\r\n"));
}

TEST(MessageText, ClientIdsAreOneToSixtyFourVisibleAscii) {
  EXPECT_TRUE(is_client_id("!~a"));
  EXPECT_TRUE(is_client_id(std::string(64, 'a')));
  EXPECT_FALSE(is_client_id(""));
  EXPECT_FALSE(is_client_id(std::string(65, 'a')));
  EXPECT_FALSE(is_client_id("a b"));
  EXPECT_FALSE(is_client_id("\xC3\xA9"));
}

}  // namespace
}  // namespace chat
