#include "aio/timer_wheel.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/random.hpp"

namespace aio {
namespace {

using namespace std::chrono_literals;

struct Probe {
  explicit Probe(base::ManualClock& c) : clock(c), timer(Timer::member<&Probe::fired>(*this)) {}
  void fired() { times.push_back(clock.steady_now()); }
  base::ManualClock& clock;
  std::vector<base::SteadyTime> times;
  Timer timer;
};

class TimerWheelTest : public ::testing::Test {
 protected:
  void advance(std::chrono::milliseconds by) {
    clock_.advance(by);
    wheel_.advance(clock_.steady_now());
  }
  base::ManualClock clock_;
  TimerWheel wheel_{clock_};
};

TEST_F(TimerWheelTest, FiresNeverEarlyAndAtMostOneTickLate) {
  for (const auto delay :
       {1ms, 7ms, 8ms, 100ms, 4095ms, 4096ms, 4097ms, 25'000ms, 45'000ms, 3'600'000ms, 7'200'000ms}) {
    Probe probe(clock_);
    const auto deadline = clock_.steady_now() + delay;
    wheel_.arm_after(probe.timer, delay);
    while (probe.times.empty()) {
      const auto due = wheel_.next_due();
      ASSERT_TRUE(due.has_value());
      const auto step = std::chrono::ceil<std::chrono::milliseconds>(*due - clock_.steady_now());
      advance(std::max(step, 1ms));
    }
    EXPECT_GE(probe.times[0], deadline) << delay.count();
    EXPECT_LE(probe.times[0], deadline + 2 * TimerWheel::kTick) << delay.count();
    EXPECT_FALSE(probe.timer.armed());
  }
}

TEST_F(TimerWheelTest, AnEmptyWheelIsNeverDue) {
  EXPECT_FALSE(wheel_.next_due().has_value());
  Probe probe(clock_);
  wheel_.arm_after(probe.timer, 100ms);
  EXPECT_TRUE(wheel_.next_due().has_value());
  probe.timer.cancel();
  EXPECT_FALSE(wheel_.next_due().has_value());
  advance(1s);
  EXPECT_TRUE(probe.times.empty());
}

TEST_F(TimerWheelTest, AFarTimerCostsAtMostTwoWakeUps) {
  Probe probe(clock_);
  wheel_.arm_after(probe.timer, 25s);
  int wake_ups = 0;
  while (probe.times.empty()) {
    advance(std::chrono::ceil<std::chrono::milliseconds>(*wheel_.next_due() - clock_.steady_now()));
    ++wake_ups;
  }
  EXPECT_LE(wake_ups, 2);
}

TEST_F(TimerWheelTest, ALongSleepFiresEverythingInTheOrderOfTicks) {
  std::vector<int> order;
  struct Entry {
    std::vector<int>* order;
    int number;
    Timer timer = Timer::member<&Entry::fired>(*this);
    void fired() { order->push_back(number); }
  };
  std::vector<std::unique_ptr<Entry>> entries;
  for (const int seconds : {90, 5, 30, 1, 60}) {
    entries.push_back(std::unique_ptr<Entry>(new Entry{&order, seconds}));
    wheel_.arm_after(entries.back()->timer, std::chrono::seconds(seconds));
  }
  advance(120s);
  EXPECT_EQ(order, (std::vector<int>{1, 5, 30, 60, 90}));
  EXPECT_EQ(wheel_.armed_count(), 0u);
}

TEST_F(TimerWheelTest, RearmingMovesTheDeadline) {
  Probe probe(clock_);
  wheel_.arm_after(probe.timer, 100ms);
  wheel_.arm_after(probe.timer, 500ms);
  advance(400ms);
  EXPECT_TRUE(probe.times.empty());
  advance(200ms);
  EXPECT_EQ(probe.times.size(), 1u);
}

TEST_F(TimerWheelTest, ACallbackMayArmItselfAgain) {
  struct Periodic {
    TimerWheel& wheel;
    int count = 0;
    Timer timer = Timer::member<&Periodic::fired>(*this);
    void fired() {
      ++count;
      wheel.arm_after(timer, 100ms);
    }
  } periodic{wheel_};
  wheel_.arm_after(periodic.timer, 100ms);
  for (int i = 0; i < 100; ++i) advance(10ms);
  EXPECT_GE(periodic.count, 8);
  EXPECT_LE(periodic.count, 10);
}

TEST_F(TimerWheelTest, ACallbackMayDestroyItsNeighboursAndItself) {
  struct Owner {
    std::vector<std::unique_ptr<Timer>> timers;
    int fired = 0;
  } owner;
  for (int i = 0; i < 5; ++i) {
    owner.timers.push_back(std::make_unique<Timer>(
        [](void* context) {
          auto& all = *static_cast<Owner*>(context);
          ++all.fired;
          all.timers.clear();
        },
        &owner));
    wheel_.arm_after(*owner.timers.back(), 50ms);
  }
  advance(100ms);
  EXPECT_EQ(owner.fired, 1);
  EXPECT_EQ(wheel_.armed_count(), 0u);
}

TEST_F(TimerWheelTest, APastDeadlineFiresAtTheNextTick) {
  Probe probe(clock_);
  wheel_.arm(probe.timer, clock_.steady_now() - 10s);
  advance(2 * TimerWheel::kTick);
  EXPECT_EQ(probe.times.size(), 1u);
}

TEST_F(TimerWheelTest, ManyRandomTimersAgreeWithASimpleModel) {
  base::SeededRandom random(7);
  std::vector<std::unique_ptr<Probe>> probes;
  std::vector<base::SteadyTime> deadlines;
  std::vector<bool> cancelled;
  for (int i = 0; i < 2000; ++i) {
    probes.push_back(std::make_unique<Probe>(clock_));
    const auto delay = std::chrono::milliseconds(random.next() % 60'000);
    deadlines.push_back(clock_.steady_now() + delay);
    wheel_.arm_after(probes.back()->timer, delay);
    cancelled.push_back(random.next() % 3 == 0);
    if (cancelled.back()) probes.back()->timer.cancel();
    advance(std::chrono::milliseconds(random.next() % 20));
  }
  for (int i = 0; i < 10'000; ++i) advance(8ms);
  for (std::size_t i = 0; i < probes.size(); ++i) {
    if (cancelled[i]) {
      EXPECT_TRUE(probes[i]->times.empty());
      continue;
    }
    ASSERT_EQ(probes[i]->times.size(), 1u) << i;
    EXPECT_GE(probes[i]->times[0], deadlines[i]);
    EXPECT_LE(probes[i]->times[0], deadlines[i] + 20ms + 2 * TimerWheel::kTick);
  }
}

}  // namespace
}  // namespace aio
