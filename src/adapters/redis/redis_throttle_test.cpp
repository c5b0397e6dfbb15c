// Nodes that count together in a real Redis.

#include "adapters/redis/redis_throttle.hpp"

#include <gtest/gtest.h>

#include <future>
#include <vector>

#include "adapters/redis/redis_server_testing.hpp"
#include "adapters/redis/throttle_scripts.hpp"

namespace adapters::redis {
namespace {

using chat::SharedThrottle;
using chat::ThrottleKey;
using namespace std::chrono_literals;

constexpr chat::WindowPolicy kThreeAnHour{.limit = 3, .window = 3600s};
constexpr chat::FailurePolicy kGuessing{
    .free = 5, .first_wait = 5s, .longest_wait = 15 * 60s, .forget_after = 60 * 60s};
/// No machine is so slow that an answer takes longer, however busy it is.
constexpr auto kPatience = 30s;

class RedisThrottleTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = RedisServer::missing()) GTEST_SKIP() << *missing;
    server_ = std::make_unique<RedisServer>();
  }
  ThrottleOptions options(std::chrono::milliseconds answer_within = kPatience) {
    ThrottleOptions options;
    options.server = server_->options();
    options.server.reconnect_first = 1ms;
    options.server.reconnect_last = 5ms;
    options.name_of = [](const ThrottleKey& key) { return std::string(key.subject) + "-" + key.who; };
    options.answer_within = answer_within;
    return options;
  }
  std::unique_ptr<RedisThrottle> node(std::chrono::milliseconds answer_within = kPatience) {
    auto made = std::make_unique<RedisThrottle>(options(answer_within));
    EXPECT_TRUE(eventually([&] { return made->up(); }));
    return made;
  }
  using Admission = std::optional<SharedThrottle::Admission>;
  using Attempt = std::optional<SharedThrottle::Attempt>;
  static Admission admit(RedisThrottle& node, const std::string& who, const chat::WindowPolicy& policy = kThreeAnHour) {
    std::promise<Admission> said;
    node.admit({"lookup", who}, policy, [&](Admission answer) { said.set_value(answer); });
    return said.get_future().get();
  }
  static Attempt begin(RedisThrottle& node, const std::string& who) {
    std::promise<Attempt> said;
    node.begin({"guess", who}, kGuessing, [&](Attempt answer) { said.set_value(answer); });
    return said.get_future().get();
  }
  /// As if so much time had passed since the key was written.
  void age(const std::string& key, std::initializer_list<std::string_view> fields, std::chrono::milliseconds by) {
    for (const auto field : fields) {
      server_->run({"HINCRBY", key, field, std::to_string(-by.count())});
    }
  }

  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisThrottleTest, NodesCountOneWindow) {
  const auto one = node(), two = node();
  EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  EXPECT_EQ(admit(*two, "a")->wait_seconds, 0u);
  EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  const auto wait = admit(*two, "a")->wait_seconds;
  // Three of the older window weigh two after a third of the next one.
  EXPECT_GT(wait, 4700u);
  EXPECT_LE(wait, 4800u);
  EXPECT_EQ(admit(*two, "b")->wait_seconds, 0u);
  age("restante:limit:{lookup-a}", {"opened"}, std::chrono::seconds(wait) - 30s);
  EXPECT_LE(admit(*two, "a")->wait_seconds, 30u);
  EXPECT_GT(admit(*two, "a")->wait_seconds, 0u);
  age("restante:limit:{lookup-a}", {"opened"}, 30s);
  EXPECT_EQ(admit(*two, "a")->wait_seconds, 0u) << "exactly when it was told to come back";
  EXPECT_GT(admit(*one, "a")->wait_seconds, 0u);
  EXPECT_EQ(one->unanswered() + two->unanswered(), 0u);
}

TEST_F(RedisThrottleTest, AWindowThatIsOverCountsNothing) {
  const auto one = node();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  age("restante:limit:{lookup-a}", {"opened"}, 2h);
  for (int i = 0; i < 3; ++i) EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  EXPECT_GT(admit(*one, "a")->wait_seconds, 0u);
}

TEST_F(RedisThrottleTest, NobodyWaitsLongerBecauseAClockWasSetBack) {
  const auto one = node();
  for (int i = 0; i < 3; ++i) EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(begin(*one, "a")->wait_seconds, 0u);
  age("restante:limit:{lookup-a}", {"opened"}, -100h);
  age("restante:limit:{guess-a}", {"last", "until"}, -100h);
  EXPECT_LE(admit(*one, "a")->wait_seconds, 2u * 3600u);
  EXPECT_LE(begin(*one, "a")->wait_seconds, 15u * 60u);
}

TEST_F(RedisThrottleTest, FailuresAtOneNodeMakeTheOtherWaitEachTimeTwiceAsLong) {
  const auto one = node(), two = node();
  for (std::uint32_t i = 1; i <= 5; ++i) {
    const auto said = begin(i % 2 == 0 ? *two : *one, "a");
    EXPECT_EQ(said->wait_seconds, 0u);
    EXPECT_EQ(said->failures, i);
  }
  std::uint32_t failures = 5;
  for (const std::uint32_t expected : {5u, 10u, 20u, 40u, 80u, 160u, 320u, 640u, 900u, 900u}) {
    const auto said = begin(*two, "a");
    EXPECT_GT(said->wait_seconds, 0u);
    EXPECT_LE(said->wait_seconds, expected);
    EXPECT_GE(said->wait_seconds + 4, expected) << "it cannot have been that slow";
    EXPECT_EQ(said->failures, failures) << "waiting is no failure";
    age("restante:limit:{guess-a}", {"last", "until"}, std::chrono::seconds(expected));
    EXPECT_EQ(begin(*one, "a")->failures, ++failures);
  }
  EXPECT_EQ(begin(*one, "b")->wait_seconds, 0u);
}

TEST_F(RedisThrottleTest, SuccessAndAnHourOfQuietForgive) {
  const auto one = node(), two = node();
  for (int i = 0; i < 5; ++i) EXPECT_EQ(begin(*one, "a")->wait_seconds, 0u);
  two->succeeded({"guess", "a"});
  EXPECT_EQ(begin(*two, "a")->failures, 1u);
  for (int i = 0; i < 4; ++i) EXPECT_EQ(begin(*two, "a")->wait_seconds, 0u);
  EXPECT_GT(begin(*one, "a")->wait_seconds, 0u);
  age("restante:limit:{guess-a}", {"last", "until"}, 1h);
  EXPECT_EQ(begin(*one, "a")->failures, 1u);
}

TEST_F(RedisThrottleTest, WhatIsWithdrawnDoesNotCountAndNobodyWaitsForIt) {
  const auto one = node();
  one->withdrawn({"guess", "nobody"});
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(begin(*one, "a")->failures, 1u);
    one->withdrawn({"guess", "a"});
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(begin(*one, "a")->wait_seconds, 0u);
  one->withdrawn({"guess", "a"});
  EXPECT_EQ(begin(*one, "a")->failures, 5u);
  EXPECT_EQ(server_->number({"EXISTS", "restante:limit:{guess-nobody}"}), 0);
}

TEST_F(RedisThrottleTest, KeysGoWithWhatTheyCount) {
  const auto one = node();
  admit(*one, "a");
  begin(*one, "a");
  const auto window = server_->number({"PTTL", "restante:limit:{lookup-a}"});
  EXPECT_GT(window, 2 * 3'600'000 - 60'000);
  EXPECT_LE(window, 2 * 3'600'000);
  const auto failures = server_->number({"PTTL", "restante:limit:{guess-a}"});
  EXPECT_GT(failures, 3'600'000 - 60'000);
  EXPECT_LE(failures, 3'600'000);
}

TEST_F(RedisThrottleTest, AServerThatForgetsTheScriptsIsToldAgain) {
  const auto one = node();
  EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  server_->run({"SCRIPT", "FLUSH"});
  EXPECT_EQ(begin(*one, "a")->failures, 1u);
  server_->run({"SCRIPT", "FLUSH"});
  EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  EXPECT_GT(admit(*one, "a")->wait_seconds, 0u);
  EXPECT_EQ(one->unanswered(), 0u);
}

TEST_F(RedisThrottleTest, WhatNoNodeHasWrittenIsNoAnswer) {
  const auto one = node();
  server_->run({"SET", "restante:limit:{lookup-a}", "rubbish"});
  EXPECT_FALSE(admit(*one, "a"));
  server_->run({"HSET", "restante:limit:{guess-a}", "failures", "many"});
  EXPECT_EQ(begin(*one, "a")->failures, 1u) << "begun anew";
  EXPECT_EQ(one->unanswered(), 1u);
}

TEST_F(RedisThrottleTest, ASilentServerIsWaitedForOnceAndThenLeftAlone) {
  const auto one = node(100ms);
  EXPECT_TRUE(eventually([&] { return admit(*one, "warm").has_value(); }));
  const auto before = one->unanswered();
  server_->freeze();
  EXPECT_FALSE(admit(*one, "a"));
  EXPECT_FALSE(one->up());
  bool inside = false;
  one->admit({"lookup", "a"}, kThreeAnHour, [&](Admission answer) { inside = !answer; });
  EXPECT_TRUE(inside) << "nobody waits for a server that is known to be silent";
  EXPECT_EQ(one->unanswered(), before + 2);
  server_->resume();
  EXPECT_TRUE(eventually([&] { return admit(*one, "b").has_value(); }));
}

TEST_F(RedisThrottleTest, ALostServerIsNoAnswerAndIsFoundAgain) {
  const auto one = node();
  server_->kill();
  ASSERT_TRUE(eventually([&] { return !one->up(); }));
  EXPECT_FALSE(begin(*one, "a"));
  one->succeeded({"guess", "a"});
  one->withdrawn({"guess", "a"});
  ASSERT_TRUE(server_->start());
  ASSERT_TRUE(eventually([&] { return one->up(); }));
  EXPECT_EQ(begin(*one, "a")->failures, 1u) << "it was told nothing meanwhile, and has lost its scripts";
}

TEST_F(RedisThrottleTest, WhoeverWaitsHearsOfTheEnd) {
  const auto one = node();
  EXPECT_EQ(admit(*one, "a")->wait_seconds, 0u);
  server_->freeze();
  std::vector<bool> answered;
  for (int i = 0; i < 10; ++i) {
    one->admit({"lookup", "a"}, kThreeAnHour, [&](Admission answer) { answered.push_back(answer.has_value()); });
  }
  EXPECT_TRUE(answered.empty());
  one->stop();
  EXPECT_EQ(answered, std::vector<bool>(10, false));
  EXPECT_FALSE(admit(*one, "a"));
  one->succeeded({"guess", "a"});
  one->stop();
  server_->resume();
}

TEST_F(RedisThrottleTest, MoreQuestionsThanItKeepsAreNoAnswer) {
  auto few = options();
  few.max_waiting = 1;
  RedisThrottle one(std::move(few));
  ASSERT_TRUE(eventually([&] { return one.up(); }));
  // Its thread is held by the first answer, and the second question waits for it.
  std::promise<void> held;
  std::promise<void> release;
  one.admit({"lookup", "a"}, kThreeAnHour, [&](Admission) {
    held.set_value();
    release.get_future().get();
  });
  held.get_future().get();
  std::promise<Admission> second;
  std::promise<Admission> third;
  one.admit({"lookup", "a"}, kThreeAnHour, [&](Admission answer) { second.set_value(answer); });
  one.admit({"lookup", "a"}, kThreeAnHour, [&](Admission answer) { third.set_value(answer); });
  EXPECT_FALSE(third.get_future().get());
  release.set_value();
  EXPECT_TRUE(second.get_future().get());
}

TEST_F(RedisThrottleTest, ManyThreadsAtTwoNodesAreAdmittedExactlyTheLimit) {
  const auto one = node(), two = node();
  constexpr chat::WindowPolicy kHundred{.limit = 100, .window = 3600s};
  std::atomic<int> admitted{0};
  std::atomic<int> answered{0};
  std::vector<std::thread> threads;
  for (RedisThrottle* each : {one.get(), two.get(), one.get(), two.get()}) {
    threads.emplace_back([&, each] {
      for (int i = 0; i < 100; ++i) {
        each->admit({"lookup", "a"}, kHundred, [&](Admission answer) {
          if (answer && answer->wait_seconds == 0) ++admitted;
          ++answered;
        });
      }
    });
  }
  for (auto& thread : threads) thread.join();
  ASSERT_TRUE(eventually([&] { return answered == 400; }));
  EXPECT_EQ(admitted, 100);
}

}  // namespace
}  // namespace adapters::redis
