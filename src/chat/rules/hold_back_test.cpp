#include "chat/rules/hold_back.hpp"

#include <gtest/gtest.h>

namespace chat {
namespace {

using std::chrono::seconds;

const SteadyTime kStart{std::chrono::hours(5)};

UserId user(std::uint8_t number) {
  UserId id;
  id.bytes[11] = number;
  return id;
}
Refusal limited(std::uint32_t retry_after = 3) {
  return {
      .code = ErrorCode::kRateLimited, .message = "x", .retry_after_seconds = retry_after, .field = {}, .reason = {}};
}

TEST(HoldBack, LaterSendsToTheSameRecipientAreRefusedAlikeUntilTheIdComesAgain) {
  HoldBack held;
  EXPECT_FALSE(held.check(user(1), "a", kStart));
  held.refused(user(1), "a", limited(), kStart);
  const auto b = held.check(user(1), "b", kStart);
  ASSERT_TRUE(b);
  EXPECT_EQ(b->code, ErrorCode::kRateLimited);
  EXPECT_EQ(b->retry_after_seconds, 3u);
  EXPECT_FALSE(held.check(user(1), "a", kStart + seconds(3)));
  EXPECT_FALSE(held.check(user(1), "b", kStart + seconds(3)));
  EXPECT_FALSE(held.check(user(1), "c", kStart + seconds(3)));
  EXPECT_TRUE(held.empty());
}

TEST(HoldBack, TheHeldOnesKeepTheirOrderToo) {
  HoldBack held;
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  EXPECT_TRUE(held.check(user(1), "c", kStart));
  EXPECT_FALSE(held.check(user(1), "a", kStart));
  EXPECT_TRUE(held.check(user(1), "c", kStart)) << "b is awaited first";
  EXPECT_TRUE(held.check(user(1), "d", kStart));
  EXPECT_FALSE(held.check(user(1), "b", kStart));
  EXPECT_FALSE(held.check(user(1), "c", kStart));
  EXPECT_FALSE(held.check(user(1), "d", kStart));
}

TEST(HoldBack, AnAwaitedIdThatIsRefusedAgainStaysInFront) {
  HoldBack held;
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  EXPECT_FALSE(held.check(user(1), "a", kStart));
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  EXPECT_FALSE(held.check(user(1), "a", kStart));
}

TEST(HoldBack, SendsThatFailedTogetherAreAwaitedInTheirOrder) {
  HoldBack held;
  for (const auto* id : {"a", "b", "c"}) EXPECT_FALSE(held.check(user(1), id, kStart));
  for (const auto* id : {"a", "b", "c"}) held.failed(user(1), id, limited(0), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  EXPECT_FALSE(held.check(user(1), "a", kStart));
  EXPECT_FALSE(held.check(user(1), "b", kStart));
  EXPECT_FALSE(held.check(user(1), "c", kStart));
}

TEST(HoldBack, WhatNobodyLookedAtWaitsBehindThoseWhoWait) {
  HoldBack held;
  EXPECT_FALSE(held.check(user(1), "a", kStart));
  EXPECT_FALSE(held.check(user(1), "b", kStart));
  held.refused(user(1), "b", limited(), kStart);
  held.failed(user(1), "a", limited(0), kStart);
  for (const auto* id : {"c", "d", "b"}) held.unseen(user(1), id, limited(0), kStart);
  for (const auto* first : {"a", "b", "c", "d"}) {
    EXPECT_TRUE(held.check(user(1), "e", kStart));
    EXPECT_FALSE(held.check(user(1), first, kStart)) << first;
  }
  EXPECT_FALSE(held.check(user(1), "e", kStart));
}

TEST(HoldBack, TenSecondsEndIt) {
  HoldBack held;
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart + seconds(9)));
  EXPECT_TRUE(held.check(user(1), "c", kStart + seconds(18))) << "b has its own ten seconds";
  EXPECT_FALSE(held.check(user(1), "d", kStart + seconds(29)));
}

TEST(HoldBack, WhoComesAgainWaitsFromThenOn) {
  HoldBack held;
  EXPECT_FALSE(held.check(user(1), "a", kStart));
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  for (int second = 3; second <= 9; second += 3) {
    const auto now = kStart + seconds(second);
    EXPECT_FALSE(held.check(user(1), "a", now));
    held.refused(user(1), "a", limited(), now);
    EXPECT_TRUE(held.check(user(1), "b", now));
  }
  EXPECT_FALSE(held.check(user(1), "a", kStart + seconds(12)));
  EXPECT_TRUE(held.check(user(1), "c", kStart + seconds(12))) << "b was there three seconds ago";
  EXPECT_FALSE(held.check(user(1), "b", kStart + seconds(12)));
  EXPECT_FALSE(held.check(user(1), "c", kStart + seconds(12)));
}

TEST(HoldBack, WhoCameInTimeIsNotLateBecauseItIsJudgedLate) {
  HoldBack held;
  EXPECT_FALSE(held.check(user(1), "a", kStart));
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  // The store does not answer for half a minute, in which "a" comes again, then "c" for the first time, then "b" again.
  const auto judged = kStart + seconds(30);
  EXPECT_FALSE(held.check(user(1), "a", {kStart + seconds(1), judged}));
  EXPECT_TRUE(held.check(user(1), "c", {kStart + seconds(2), judged}));
  EXPECT_FALSE(held.check(user(1), "b", {kStart + seconds(3), judged}));
  EXPECT_FALSE(held.check(user(1), "c", {kStart + seconds(4), judged}));
}

TEST(HoldBack, ARepeatThatFailsUnseenWaitsFromThenOnToo) {
  HoldBack held;
  held.refused(user(1), "a", limited(), kStart);
  held.failed(user(1), "a", limited(), kStart + seconds(9));
  EXPECT_TRUE(held.check(user(1), "b", kStart + seconds(18)));
}

TEST(HoldBack, WhoGaveUpIsNoLongerAwaitedOnceItIsFirst) {
  HoldBack held;
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  EXPECT_TRUE(held.check(user(1), "c", kStart + seconds(6)));
  EXPECT_FALSE(held.check(user(1), "a", kStart + seconds(9)));
  held.refused(user(1), "a", limited(), kStart + seconds(9));
  EXPECT_FALSE(held.check(user(1), "a", kStart + seconds(12)));
  EXPECT_FALSE(held.check(user(1), "c", kStart + seconds(12))) << "b has not come for more than ten seconds";
}

TEST(HoldBack, OtherRecipientsAndSendsWithoutAnIdAreExempt) {
  HoldBack held;
  held.refused(user(1), "a", limited(), kStart);
  EXPECT_FALSE(held.check(user(2), "b", kStart));
  EXPECT_FALSE(held.check(user(1), "", kStart));
}

TEST(HoldBack, OnlyRefusalsThatARepeatCanCureHoldBack) {
  HoldBack held;
  held.refused(user(1), "a", {ErrorCode::kNotAllowed, "x", 0, {}, {}}, kStart);
  EXPECT_TRUE(held.empty());
  for (const auto code :
       {ErrorCode::kRetry, ErrorCode::kOverloaded, ErrorCode::kRateLimited, ErrorCode::kStorageFull}) {
    EXPECT_TRUE(holds_back(code));
  }
  for (const auto code : {ErrorCode::kInvalid, ErrorCode::kConflict, ErrorCode::kTooLarge, ErrorCode::kInternal}) {
    EXPECT_FALSE(holds_back(code));
  }
}

TEST(HoldBack, ARepeatAnsweredFromTheStoreIsNoLongerAwaited) {
  HoldBack held;
  held.refused(user(1), "a", {ErrorCode::kRetry, "x", 0, {}, {}}, kStart);
  EXPECT_TRUE(held.check(user(1), "b", kStart));
  held.answered(user(1), "a");
  EXPECT_FALSE(held.check(user(1), "b", kStart));
}

TEST(HoldBack, TenSecondsEndItForThoseWhoAreWrittenToNoMore) {
  for (const bool by_refusal : {false, true}) {
    HoldBack held;
    for (std::uint8_t i = 0; i < HoldBack::kMaxRecipients; ++i) held.refused(user(i), "a", limited(), kStart);
    const auto later = kStart + HoldBack::kPatience;
    if (by_refusal) {
      held.refused(user(200), "b", limited(), later);
      held.answered(user(200), "b");
    } else {
      EXPECT_FALSE(held.check(user(200), "b", later));
    }
    EXPECT_TRUE(held.empty());
  }
}

TEST(HoldBack, MemoryIsBounded) {
  HoldBack held;
  for (int i = 0; i < 200; ++i) held.refused(user(static_cast<std::uint8_t>(i)), "a", limited(), kStart);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(held.check(user(199), "id" + std::to_string(i), kStart));
  EXPECT_FALSE(held.check(user(0), "b", kStart)) << "the oldest recipients are given up";
}

}  // namespace
}  // namespace chat
