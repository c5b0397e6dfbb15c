#include "chat/services/accounts_throttle.hpp"

#include <gtest/gtest.h>

namespace {

using std::chrono::seconds;
const base::SteadyTime kStart{std::chrono::hours(1)};

TEST(WindowThrottle, RefusesTheOneAfterTheLimitAndSaysWhenToComeBack) {
  chat::WindowThrottle throttle(3, seconds(60));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(throttle.admit("a", kStart), 0u);
  const auto wait = throttle.admit("a", kStart);
  ASSERT_GT(wait, 0u);
  EXPECT_GT(throttle.admit("a", kStart + seconds(wait) - seconds(2)), 0u);
  EXPECT_EQ(throttle.admit("a", kStart + seconds(wait)), 0u);
  EXPECT_EQ(throttle.admit("b", kStart), 0u) << "keys do not share";
  EXPECT_EQ(throttle.refused(), 2u);
}

TEST(WindowThrottle, NeverAdmitsMoreThanTheLimitInAnyWindow) {
  chat::WindowThrottle throttle(10, seconds(60));
  std::vector<int> admitted;
  for (int second = 0; second < 600; ++second) {
    for (int i = 0; i < 3; ++i) {
      if (throttle.admit("a", kStart + seconds(second)) == 0) admitted.push_back(second);
    }
  }
  EXPECT_GE(admitted.size(), 80u) << "it does not starve anyone either";
  // The weighted window assumes an even spread in the older one; a burst may overshoot by a few.
  for (std::size_t i = 12; i < admitted.size(); ++i) EXPECT_GT(admitted[i] - admitted[i - 12], 50);
}

TEST(WindowThrottle, ForgetsWhatIsTakenBackAlsoWhenItsWindowHasEnded) {
  chat::WindowThrottle throttle(2, seconds(60));
  throttle.withdraw("a");
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(throttle.admit("a", kStart), 0u);
    throttle.withdraw("a");
  }
  EXPECT_EQ(throttle.admit("a", kStart), 0u);
  EXPECT_EQ(throttle.admit("a", kStart), 0u);
  EXPECT_GT(throttle.admit("a", kStart + seconds(60)), 0u) << "the older window still counts in full";
  throttle.withdraw("a");
  EXPECT_EQ(throttle.admit("a", kStart + seconds(60)), 0u);
  EXPECT_GT(throttle.admit("a", kStart + seconds(60)), 0u);
}

TEST(WindowThrottle, IsOffAtZero) {
  chat::WindowThrottle throttle(0, seconds(60));
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(throttle.admit("a", kStart), 0u);
}

TEST(FailureThrottle, LetsFiveFailThenDoublesTheWaitUpToAQuarterOfAnHour) {
  chat::FailureThrottle throttle;
  auto now = kStart;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.begin("a", now), 0u);
  for (const std::uint32_t expected : {5u, 10u, 20u, 40u, 80u, 160u, 320u, 640u, 900u, 900u}) {
    EXPECT_EQ(throttle.begin("a", now), expected);
    now += seconds(expected);
    EXPECT_EQ(throttle.begin("a", now), 0u);
  }
}

TEST(FailureThrottle, ForgetsOnSuccessAndAfterAnHourOfQuiet) {
  chat::FailureThrottle throttle;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.begin("a", kStart), 0u);
  throttle.succeeded("a");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.begin("a", kStart), 0u);
  EXPECT_GT(throttle.begin("a", kStart), 0u);
  const auto later = kStart + chat::FailureThrottle::kForgetAfter;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.begin("a", later), 0u);
}

TEST(FailureThrottle, DoesNotCountWhatWasNeverJudged) {
  chat::FailureThrottle throttle;
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(throttle.begin("a", kStart), 0u);
    throttle.withdrawn("a");
  }
}

TEST(FailureThrottle, TakesTheWordOfAllNodesForItsOwn) {
  chat::FailureThrottle throttle;
  for (int i = 0; i < 5; ++i) EXPECT_EQ(throttle.begin("a", kStart), 0u);
  throttle.learn("a", {.wait_seconds = 0, .failures = 1}, kStart);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(throttle.begin("a", kStart), 0u) << "forgiven elsewhere";
  EXPECT_EQ(throttle.begin("a", kStart), 5u);
  throttle.learn("b", {.wait_seconds = 0, .failures = 6}, kStart);
  EXPECT_EQ(throttle.begin("b", kStart), 10u);
  throttle.learn("c", {.wait_seconds = 33, .failures = UINT32_MAX}, kStart);
  EXPECT_EQ(throttle.begin("c", kStart), 33u);
  EXPECT_EQ(throttle.begin("c", kStart + seconds(33)), 0u);
  EXPECT_EQ(throttle.begin("c", kStart + seconds(33)), 900u);
}

TEST(AddressKey, TakesTheNetworkOfAnIpv6Address) {
  EXPECT_EQ(chat::address_key("2001:db8::1"), chat::address_key("2001:db8::ffff"));
  EXPECT_NE(chat::address_key("2001:db8::1"), chat::address_key("2001:db8:0:1::1"));
  EXPECT_EQ(chat::address_key("2001:0db8:0:0:5::1"), chat::address_key("2001:db8::5:0:0:1"));
  EXPECT_EQ(chat::address_key("::1"), "0:0:0:0:");
  EXPECT_NE(chat::address_key("192.0.2.1"), chat::address_key("192.0.2.2"));
  EXPECT_NE(chat::address_key("::ffff:192.0.2.1"), chat::address_key("::ffff:192.0.2.2"));
}

}  // namespace
