#include "chat/services/accounts_gate.hpp"

#include <gtest/gtest.h>

#include "chat/services/accounts_fixture.hpp"
#include "chat/services/shared_throttle_fixture.hpp"

namespace {

using chat::AloneShare;
using chat::FailureGate;
using chat::WindowGate;
using chat::testing::AccountWorld;
using chat::testing::code_of;
using chat::testing::FakeSharedThrottle;
using std::chrono::minutes;
using std::chrono::seconds;
using Mode = FakeSharedThrottle::Mode;

const base::SteadyTime kStart{std::chrono::hours(1)};
constexpr auto kWait = FakeSharedThrottle::kWait;

/// What the gate said; nullopt: nothing yet.
std::optional<std::uint32_t> admit(WindowGate& gate, const std::string& key = "a") {
  std::optional<std::uint32_t> said;
  gate.admit(key, kStart, [&said](std::uint32_t wait) { said = wait; });
  return said;
}
struct Begun {
  std::uint32_t wait = 0;
  FailureGate::Attempt attempt;
};
Begun begin(FailureGate& gate, const std::string& key = "a") {
  std::optional<Begun> begun;
  gate.begin(key,
             [&begun](std::uint32_t wait, FailureGate::Attempt attempt) { begun = Begun{wait, std::move(attempt)}; });
  return begun.value();
}
/// A wrong one, judged at once; the seconds to wait instead.
std::uint32_t guess(FailureGate& gate, const std::string& key = "a") {
  const auto begun = begin(gate, key);
  if (begun.wait == 0) gate.failed(begun.attempt);
  return begun.wait;
}

TEST(WindowGate, WithoutOthersCountsAlone) {
  WindowGate gate("lookup", {3, seconds(60)}, nullptr, AloneShare::kQuarter);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(admit(gate), 0u);
  EXPECT_GT(admit(gate), 0u);
  EXPECT_EQ(gate.refused(), 1u);
}

TEST(WindowGate, AsksNobodyWhenItIsOffOrWhenThisNodeHasTakenEnough) {
  FakeSharedThrottle shared;
  WindowGate off("lookup", {0, seconds(60)}, &shared, AloneShare::kAll);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(admit(off), 0u);
  EXPECT_TRUE(shared.asked.empty());
  WindowGate gate("lookup", {2, seconds(60)}, &shared, AloneShare::kAll);
  for (int i = 0; i < 5; ++i) admit(gate);
  EXPECT_EQ(shared.count_of("admit lookup a"), 2);
  EXPECT_EQ(gate.refused(), 3u);
}

TEST(WindowGate, CountsNothingHereOfWhatAllNodesRefuse) {
  FakeSharedThrottle shared;
  WindowGate gate("lookup", {2, seconds(60)}, &shared, AloneShare::kAll);
  shared.counts["lookup a"] = 2;  // by others
  for (int i = 0; i < 10; ++i) EXPECT_EQ(admit(gate), kWait);
  EXPECT_EQ(gate.refused(), 10u);
  shared.counts.clear();
  EXPECT_EQ(admit(gate), 0u);
  EXPECT_EQ(admit(gate), 0u);
}

TEST(WindowGate, WithoutAnAnswerGoesByWhatThisNodeHasCounted) {
  FakeSharedThrottle shared;
  WindowGate gate("lookup", {8, seconds(60)}, &shared, AloneShare::kAll);
  EXPECT_EQ(admit(gate), 0u);
  shared.mode = Mode::kDown;
  for (int i = 0; i < 7; ++i) EXPECT_EQ(admit(gate), 0u);
  EXPECT_GT(admit(gate).value(), 0u);
  EXPECT_EQ(gate.refused(), 1u);
}

TEST(WindowGate, WithoutAnAnswerGivesLoginsAQuarterAndCountsNoneThatItRefuses) {
  FakeSharedThrottle shared;
  WindowGate gate("login", {8, seconds(60)}, &shared, AloneShare::kQuarter);
  shared.mode = Mode::kDown;
  EXPECT_EQ(admit(gate), 0u);
  EXPECT_EQ(admit(gate), 0u);
  for (int i = 0; i < 20; ++i) EXPECT_GT(admit(gate).value(), 0u);
  EXPECT_EQ(gate.refused(), 20u);
  shared.mode = Mode::kPrompt;
  for (int i = 0; i < 6; ++i) EXPECT_EQ(admit(gate), 0u);
  EXPECT_GT(admit(gate).value(), 0u);

  WindowGate tiny("login", {1, seconds(60)}, &shared, AloneShare::kQuarter);
  shared.mode = Mode::kDown;
  EXPECT_EQ(admit(tiny, "b"), 0u) << "a quarter of one is one";
}

TEST(WindowGate, WaitsForALateAnswer) {
  FakeSharedThrottle shared;
  shared.mode = Mode::kLate;
  WindowGate gate("lookup", {1, seconds(60)}, &shared, AloneShare::kAll);
  std::optional<std::uint32_t> first;
  std::optional<std::uint32_t> second;
  gate.admit("a", kStart, [&](std::uint32_t wait) { first = wait; });
  gate.admit("a", kStart, [&](std::uint32_t wait) { second = wait; });
  EXPECT_FALSE(first);
  EXPECT_GT(second.value(), 0u) << "the first one may count, and is not waited for";
  shared.answer_late_ones();
  EXPECT_EQ(first, 0u);
}

class FailureGateTest : public ::testing::Test {
 protected:
  FakeSharedThrottle shared;
  base::ManualClock clock;
  FailureGate one{"guess", &shared, clock};
  FailureGate two{"guess", &shared, clock};
  FailureGate lonely{"guess", nullptr, clock};
};

TEST_F(FailureGateTest, MakesOneNodeWaitForTheFailuresAtAnother) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(guess(one), 0u);
  EXPECT_EQ(guess(two), kWait);
  EXPECT_EQ(guess(two, "b"), 0u);
  EXPECT_EQ(two.refused(), 1u);
}

TEST_F(FailureGateTest, ForgivesHereWhatSucceededElsewhere) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(guess(one), 0u);
  two.succeeded(begin(two).attempt);
  EXPECT_EQ(guess(one), 0u);
  shared.mode = Mode::kDown;
  EXPECT_EQ(guess(one), 0u) << "the four are forgotten here, too";
}

TEST_F(FailureGateTest, WithoutAnAnswerHasAQuarterOfTheFreeFailures) {
  shared.mode = Mode::kDown;
  EXPECT_EQ(guess(one), 0u);
  for (const std::uint32_t expected : {5u, 10u, 20u}) {
    EXPECT_EQ(guess(one), expected);
    clock.advance(seconds(expected));
    const auto begun = begin(one);
    ASSERT_EQ(begun.wait, 0u);
    expected == 20u ? one.succeeded(begun.attempt) : one.failed(begun.attempt);
  }
  EXPECT_EQ(one.refused(), 3u);
  EXPECT_EQ(guess(one), 0u);
}

TEST_F(FailureGateTest, WithoutAnAnswerRemembersWhatAllNodesSaidLast) {
  shared.failures["guess a"] = 9;
  EXPECT_EQ(guess(one), kWait);
  shared.mode = Mode::kDown;
  EXPECT_EQ(guess(one), kWait);
  clock.advance(seconds(kWait));
  EXPECT_EQ(guess(one), 0u);
}

TEST_F(FailureGateTest, TakesBackWhatWasNeverJudgedWhereItWasCounted) {
  for (int i = 0; i < 100; ++i) {
    const auto begun = begin(one);
    ASSERT_EQ(begun.wait, 0u);
    one.withdrawn(begun.attempt);
  }
  EXPECT_EQ(shared.count_of("withdrawn guess a"), 100);
  shared.mode = Mode::kDown;
  for (int i = 0; i < 100; ++i) {
    const auto begun = begin(one);
    ASSERT_EQ(begun.wait, 0u);
    one.withdrawn(begun.attempt);
  }
  EXPECT_EQ(shared.count_of("withdrawn guess a"), 100) << "nobody has counted it";
}

/// Many attempts of one key that come at once, and what they were told, in order.
struct Crowd {
  explicit Crowd(FailureGate& of) : gate(of) {}

  FailureGate& gate;
  std::deque<FailureGate::Attempt> under_way;
  std::vector<std::uint32_t> refused;
  std::size_t most_at_once = 0;
  int judged = 0;

  void come(int count, const std::string& key = "a") {
    for (int i = 0; i < count; ++i) {
      gate.begin(key, [this](std::uint32_t wait, FailureGate::Attempt attempt) {
        if (wait != 0) return refused.push_back(wait);
        under_way.push_back(std::move(attempt));
        most_at_once = std::max(most_at_once, under_way.size());
      });
    }
  }
  void judge(bool right) {
    const auto attempt = std::move(under_way.front());
    under_way.pop_front();
    ++judged;
    right ? gate.succeeded(attempt) : gate.failed(attempt);
  }
  void judge_all(bool right) {
    while (!under_way.empty()) judge(right);
  }
};

TEST_F(FailureGateTest, LetsInAllWhoAreRightHoweverManyComeAtOnce) {
  for (auto* gate : {&lonely, &one}) {
    Crowd crowd(*gate);
    crowd.come(16);
    crowd.judge_all(true);
    EXPECT_EQ(crowd.judged, 16);
    EXPECT_EQ(crowd.most_at_once, 4u);
    EXPECT_TRUE(crowd.refused.empty());
    EXPECT_EQ(gate->refused(), 0u);
  }
}

TEST_F(FailureGateTest, LetsInAllWhoAreRightWhenNobodyAnswers) {
  shared.mode = Mode::kDown;
  Crowd crowd(one);
  crowd.come(12);
  crowd.judge_all(true);
  EXPECT_EQ(crowd.judged, 12);
  EXPECT_EQ(crowd.most_at_once, 1u);
  EXPECT_TRUE(crowd.refused.empty());
}

TEST_F(FailureGateTest, LetsInAllWhoAreRightWhenTheAnswersAreLate) {
  shared.mode = Mode::kLate;
  Crowd crowd(one);
  crowd.come(12);
  for (int i = 0; i < 12; ++i) {
    shared.answer_late_ones();
    crowd.judge_all(true);
  }
  EXPECT_EQ(crowd.judged, 12);
  EXPECT_EQ(crowd.most_at_once, 4u);
}

TEST_F(FailureGateTest, JudgesFiveOfAHundredGuessesAtOnce) {
  for (auto* gate : {&lonely, &one}) {
    Crowd crowd(*gate);
    crowd.come(100);
    EXPECT_EQ(crowd.refused, std::vector<std::uint32_t>(80, FailureGate::kCrowdedWait)) << "four begin, sixteen wait";
    crowd.judge_all(false);
    EXPECT_EQ(crowd.judged, 5);
    EXPECT_EQ(crowd.refused.size(), 95u);
    EXPECT_EQ(crowd.refused.back(), gate == &one ? kWait : 5u);
    EXPECT_EQ(gate->refused(), 95u);
  }
}

TEST_F(FailureGateTest, FourWhoAreWrongDoNotShutOutWhoIsRightBehindThem) {
  for (auto* gate : {&lonely, &one}) {
    for (int wrong = 1; wrong <= 4; ++wrong) {
      Crowd crowd(*gate);
      const auto key = std::to_string(wrong);
      crowd.come(16, key);
      for (int i = 0; i < wrong; ++i) crowd.judge(false);
      crowd.judge_all(true);
      EXPECT_EQ(crowd.judged, 16) << wrong;
      EXPECT_TRUE(crowd.refused.empty()) << wrong;
    }
  }
}

TEST_F(FailureGateTest, WhatHasFailedBeforeLeavesFewerAtOnce) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(guess(lonely), 0u);
  Crowd crowd(lonely);
  crowd.come(10);
  EXPECT_EQ(crowd.under_way.size(), 1u);
  crowd.judge_all(true);
  EXPECT_EQ(crowd.judged, 10);
  EXPECT_TRUE(crowd.refused.empty());
}

TEST_F(FailureGateTest, WhoIsNotJudgedMakesWayForTheNext) {
  Crowd crowd(lonely);
  crowd.come(10);
  while (!crowd.under_way.empty()) {
    const auto attempt = std::move(crowd.under_way.front());
    crowd.under_way.pop_front();
    lonely.withdrawn(attempt);
    ++crowd.judged;
  }
  EXPECT_EQ(crowd.judged, 10);
  EXPECT_EQ(guess(lonely), 0u);
}

TEST_F(FailureGateTest, TheLinesOfAllKeysTogetherAreBounded) {
  constexpr int kKeys = 100;
  Crowd crowd(lonely);
  for (int key = 0; key < kKeys; ++key) crowd.come(20, std::to_string(key));
  EXPECT_EQ(crowd.under_way.size(), 4u * kKeys);
  EXPECT_EQ(crowd.refused.size(), 16u * kKeys - FailureGate::kAllLines);
  crowd.judge_all(true);
  EXPECT_EQ(crowd.judged, static_cast<int>(4 * kKeys + FailureGate::kAllLines));
}

/// Two nodes of one cluster, as far as limits go.
class SharedLimits : public ::testing::Test {
 protected:
  FakeSharedThrottle shared;
  AccountWorld one{{}, &shared};
  AccountWorld two{{}, &shared};

  static std::string guess(AccountWorld& node) {
    auto wrong = AccountWorld::credentials("alice");
    wrong.password = "not-her-password";
    return code_of(node.try_log_in(wrong));
  }
  static std::string look_up(AccountWorld& node, const chat::Caller& caller) {
    return code_of(
        node.ask<chat::User>([&](auto reply) { node.accounts.find_user(caller, "alice", node.on, std::move(reply)); }));
  }
  static std::string request(AccountWorld& node, const chat::Caller& caller) {
    return code_of(node.ask<std::monostate>(
        [&](auto reply) { node.relations.request(caller, std::string("nobody"), node.on, std::move(reply)); }));
  }
};

TEST_F(SharedLimits, HoldForGuessesAtAnyNode) {
  one.registered("alice");
  for (int i = 0; i < 5; ++i) EXPECT_EQ(guess(one), "unauthorized");
  EXPECT_EQ(guess(two), "rate_limited");
  EXPECT_EQ(guess(one), "rate_limited");
  shared.failures.clear();  // as if time had passed
  EXPECT_EQ(guess(one), "unauthorized");
  EXPECT_EQ(code_of(one.try_log_in(AccountWorld::credentials("alice"))), "ok");
  EXPECT_EQ(shared.failures.count("guess alice"), 0u) << "success forgives";
}

TEST_F(SharedLimits, HoldForGuessesOfThePresentPassword) {
  const auto caller = one.caller(one.registered("alice"));
  const auto change = [&] {
    return code_of(one.ask<std::monostate>([&](auto reply) {
      one.accounts.change_password(caller, "not-her-password", "another password", one.on, std::move(reply));
    }));
  };
  for (int i = 0; i < 5; ++i) EXPECT_EQ(change(), "unauthorized");
  EXPECT_EQ(change(), "rate_limited");
  EXPECT_EQ(shared.failures.at("guess change:" + caller.user.hex()), 5);
}

TEST_F(SharedLimits, HoldForAddresses) {
  const auto per_hour = chat::Limits{}.registrations_per_hour;
  const auto name = [](std::uint32_t i) { return AccountWorld::credentials("user" + std::to_string(i)); };
  for (std::uint32_t i = 0; i < per_hour; ++i) {
    EXPECT_EQ(code_of((i % 2 == 0 ? one : two).try_register(name(i))), "ok");
  }
  EXPECT_EQ(code_of(one.try_register(name(per_hour))), "rate_limited");
  auto trusted = name(per_hour);
  trusted.trusted_address = true;
  EXPECT_EQ(code_of(one.try_register(trusted)), "ok");

  const auto per_minute = chat::Limits{}.logins_per_minute;
  shared.counts["login 192.0.2.1"] = per_minute - 1;
  EXPECT_EQ(code_of(one.try_log_in(name(0))), "ok");
  EXPECT_EQ(code_of(two.try_log_in(name(1))), "rate_limited");
}

TEST_F(SharedLimits, HoldForWhatAUserAsksOfAnyNode) {
  const auto alice = one.caller(one.registered("alice"));
  shared.counts["lookup " + alice.user.hex()] = chat::Limits{}.lookups_per_minute - 1;
  EXPECT_EQ(look_up(one, alice), "ok");
  EXPECT_EQ(look_up(one, alice), "rate_limited");
  shared.counts["friend_request " + alice.user.hex()] = chat::Limits{}.friend_requests_per_day - 1;
  EXPECT_EQ(request(one, alice), "ok");
  EXPECT_EQ(request(one, alice), "rate_limited");
}

TEST_F(SharedLimits, RefuseNothingBecauseNobodyAnswers) {
  shared.mode = Mode::kDown;
  const auto alice = one.caller(one.registered("alice"));
  EXPECT_EQ(code_of(one.try_log_in(AccountWorld::credentials("alice"))), "ok");
  EXPECT_EQ(look_up(one, alice), "ok");
  EXPECT_EQ(request(one, alice), "ok");
}

TEST_F(SharedLimits, AreAnsweredLateAndOnce) {
  one.registered("alice");
  shared.mode = Mode::kLate;
  std::vector<std::string> answers;
  one.accounts.log_in(AccountWorld::credentials("alice"), one.on,
                      [&](const chat::Outcome<chat::Grant>& outcome) { answers.push_back(code_of(outcome)); });
  one.on.run();
  shared.answer_late_ones();  // the address
  one.on.run();
  EXPECT_TRUE(answers.empty());
  shared.answer_late_ones();  // the account
  EXPECT_TRUE(answers.empty()) << "never inside somebody's call";
  one.on.run();
  EXPECT_EQ(answers, std::vector<std::string>{"ok"});
}

TEST_F(SharedLimits, CountNoLoginThatNobodyHadTimeFor) {
  one.registered("alice");
  one.passwords_full = true;
  for (int i = 0; i < 10; ++i) {
    EXPECT_EQ(code_of(one.try_log_in(AccountWorld::credentials("alice"))), "overloaded");
  }
  EXPECT_EQ(shared.failures.at("guess alice"), 0);
}

}  // namespace
