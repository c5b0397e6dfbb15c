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

/// More than are remembered; `each` is a key, "0" now and then among them.
template <class Busy, class Each>
void ask_for_many_keys(Busy busy, Each each) {
  constexpr std::size_t kOften = 1'000;
  for (std::size_t i = 1; i < 3 * chat::kMaxKeys; ++i) {
    each("k" + std::to_string(i));
    if (i % kOften == 0) busy();
  }
}

TEST(WindowThrottle, ForgetsWhoWasAskedAboutLongestAgo) {
  chat::WindowThrottle throttle(1, seconds(60));
  EXPECT_EQ(throttle.admit("0", kStart), 0u);
  EXPECT_EQ(throttle.admit("quiet", kStart), 0u);
  ask_for_many_keys([&] { EXPECT_GT(throttle.admit("0", kStart), 0u) << "the smallest key keeps its count"; },
                    [&](const std::string& key) { EXPECT_EQ(throttle.admit(key, kStart), 0u); });
  EXPECT_EQ(throttle.admit("quiet", kStart), 0u) << "memory is bounded";
}

TEST(FailureThrottle, ForgetsWhoWasAskedAboutLongestAgo) {
  chat::FailureThrottle throttle(1);
  EXPECT_EQ(throttle.begin("0", kStart), 0u);
  EXPECT_EQ(throttle.begin("quiet", kStart), 0u);
  ask_for_many_keys([&] { EXPECT_GT(throttle.begin("0", kStart), 0u) << "the smallest key keeps its failures"; },
                    [&](const std::string& key) { EXPECT_EQ(throttle.begin(key, kStart), 0u); });
  EXPECT_EQ(throttle.begin("quiet", kStart), 0u) << "memory is bounded";
}

TEST(RecentKeys, KeepsTheLatestWithinItsBound) {
  chat::RecentKeys<int> keys(4);
  for (int i = 0; i < 100; ++i) {
    keys.find_or_add(std::to_string(i), i);
    EXPECT_LE(keys.size(), 4u);
    ASSERT_NE(keys.find(std::to_string(i)), nullptr);
    EXPECT_EQ(*keys.find(std::to_string(i)), i);
  }
  EXPECT_EQ(keys.find("0"), nullptr);
  EXPECT_EQ(keys.find_or_add("99", 0), 99);
  keys.erase("98");
  keys.erase("99");
  EXPECT_EQ(keys.find("98"), nullptr);
  EXPECT_EQ(keys.find("99"), nullptr);
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

TEST(FailureThrottle, TellsWhatCountsAgainstAKey) {
  chat::FailureThrottle throttle;
  EXPECT_EQ(throttle.failures("a", kStart), 0);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(throttle.begin("a", kStart), 0u);
  EXPECT_EQ(throttle.failures("a", kStart), 2);
  EXPECT_EQ(throttle.failures("a", kStart + chat::FailureThrottle::kForgetAfter), 0);
  throttle.succeeded("a");
  EXPECT_EQ(throttle.failures("a", kStart), 0);
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
