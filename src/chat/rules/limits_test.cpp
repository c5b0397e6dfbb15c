#include <gtest/gtest.h>

#include "chat/rules/byte_bucket.hpp"
#include "chat/rules/rate_window.hpp"
#include "chat/rules/sliding_window.hpp"

namespace chat {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const base::SteadyTime kStart{std::chrono::hours(5)};

TEST(SlidingWindow, TheWaitIsExactToTheMillisecond) {
  constexpr milliseconds kWindow = std::chrono::hours(1);
  for (const std::int64_t limit : {1, 2, 3, 7, 50, 1000}) {
    for (std::int64_t current = 0; current <= limit; ++current) {
      const WindowCounts counts{.previous = limit, .current = current};
      const auto wait = wait_for_room(counts, limit, kWindow, {});
      if (current == limit) {
        // Then the next window has come, and what is current now weighs there.
        ASSERT_GE(wait, kWindow);
        const WindowCounts next{.previous = current, .current = 0};
        EXPECT_EQ(wait_for_room(next, limit, kWindow, wait - kWindow).count(), 0);
        EXPECT_EQ(wait_for_room(next, limit, kWindow, wait - kWindow - milliseconds(1)).count(), 1);
        continue;
      }
      EXPECT_EQ(wait_for_room(counts, limit, kWindow, wait).count(), 0) << limit << ", " << current;
      EXPECT_EQ(wait_for_room(counts, limit, kWindow, wait - milliseconds(1)).count(), 1) << limit << ", " << current;
    }
  }
}

TEST(SlidingWindow, ThreeOfAnHourWeighTwoAfterAThirdOfTheNext) {
  const auto wait = wait_for_room({.previous = 0, .current = 3}, 3, std::chrono::hours(1), {});
  EXPECT_EQ(wait, seconds(4800));
  EXPECT_EQ(told_seconds(wait), 4800u);
  EXPECT_EQ(told_seconds(wait + milliseconds(1)), 4801u);
  EXPECT_EQ(told_seconds(milliseconds(0)), 1u);
}

TEST(RateWindow, TheFiftyFirstMessageOfAQuietUserIsRefused) {
  RateWindow window;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(window.take(kStart + milliseconds(i * 100), 50).allowed) << i;
  const auto refused = window.take(kStart + milliseconds(5000), 50);
  EXPECT_FALSE(refused.allowed);
  EXPECT_GE(refused.retry_after_seconds, 1u);
  EXPECT_LE(refused.retry_after_seconds, 62u);
}

TEST(RateWindow, AfterTheToldWaitOneMessageIsAllowed) {
  for (const std::uint32_t limit : {1u, 2u, 7u, 50u, 1000u}) {
    RateWindow window;
    auto now = kStart;
    for (std::uint32_t i = 0; i < limit; ++i) EXPECT_TRUE(window.take(now += milliseconds(3), limit).allowed);
    for (int round = 0; round < 20; ++round) {
      const auto verdict = window.take(now, limit);
      if (verdict.allowed) continue;
      now += seconds(verdict.retry_after_seconds);
      EXPECT_TRUE(window.take(now, limit).allowed) << "limit " << limit << " round " << round;
    }
  }
}

TEST(RateWindow, ASteadyFlowBelowTheLimitIsNeverRefused) {
  RateWindow window;
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(window.take(kStart + milliseconds(i * 1300), 50).allowed) << i;
}

TEST(RateWindow, NeverLetsMuchMoreThanTheLimitThroughInAnyMinute) {
  RateWindow window;
  std::vector<base::SteadyTime> passed;
  for (int i = 0; i < 6000; ++i) {
    const auto now = kStart + milliseconds(i * 50);
    if (window.take(now, 50).allowed) passed.push_back(now);
  }
  for (std::size_t first = 0; first < passed.size(); ++first) {
    std::size_t last = first;
    while (last < passed.size() && passed[last] < passed[first] + seconds(60)) ++last;
    EXPECT_LE(last - first, 75u);  // the weighting assumes an even previous window
  }
}

TEST(RateWindow, AQuietMinuteOpensAFreshWindow) {
  RateWindow window;
  for (int i = 0; i < 50; ++i) static_cast<void>(window.take(kStart, 50));
  const auto later = kStart + seconds(120);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(window.take(later, 50).allowed);
  EXPECT_FALSE(window.take(later, 50).allowed);
}

TEST(RateWindow, ZeroIsOff) {
  RateWindow window;
  for (int i = 0; i < 10000; ++i) EXPECT_TRUE(window.take(kStart, 0).allowed);
}

TEST(ByteBucket, TheBurstIsOneSecondsWorth) {
  ByteBucket bucket;
  EXPECT_TRUE(bucket.take(kStart, 600, 1000).allowed);
  EXPECT_TRUE(bucket.take(kStart, 400, 1000).allowed);
  const auto refused = bucket.take(kStart, 1, 1000);
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.retry_after_seconds, 1u);
  EXPECT_TRUE(bucket.take(kStart + milliseconds(500), 500, 1000).allowed);
  EXPECT_FALSE(bucket.take(kStart + milliseconds(500), 1, 1000).allowed);
}

TEST(ByteBucket, ATextLargerThanTheBurstPassesWhenTheBucketIsFullAndIsPaidBack) {
  ByteBucket bucket;
  EXPECT_TRUE(bucket.take(kStart, 8000, 1000).allowed);
  const auto refused = bucket.take(kStart + seconds(1), 100, 1000);
  EXPECT_FALSE(refused.allowed);
  EXPECT_TRUE(bucket.take(kStart + seconds(1 + refused.retry_after_seconds), 100, 1000).allowed);
}

TEST(ByteBucket, ARefusedTextCostsNothing) {
  ByteBucket bucket;
  EXPECT_TRUE(bucket.take(kStart, 1000, 1000).allowed);
  for (int i = 0; i < 100; ++i) EXPECT_FALSE(bucket.take(kStart, 1000, 1000).allowed);
  EXPECT_TRUE(bucket.take(kStart + seconds(1), 1000, 1000).allowed);
}

}  // namespace
}  // namespace chat
