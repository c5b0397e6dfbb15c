#include "chat/rules/believed_time.hpp"

#include <gtest/gtest.h>

namespace chat {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class BelievedTimeTest : public ::testing::Test {
 protected:
  base::WallTime pass(milliseconds time, milliseconds step = hours(1)) {
    for (; time.count() > 0; time -= step) {
      clock.advance(std::min(time, step));
      believed.advance(clock.wall_now(), clock.steady_now());
    }
    return believed.now();
  }
  base::WallTime jump(milliseconds by) {
    clock.set_wall(clock.wall_now() + by);
    return believed.advance(clock.wall_now(), clock.steady_now());
  }
  void restart(milliseconds absence) {
    const auto witness = believed.witness();
    clock.advance(absence);
    believed = make(witness);
  }
  BelievedTime make(std::optional<TimeWitness> witness) {
    BelievedTime fresh(kLife, witness, clock.wall_now(), clock.steady_now());
    return fresh;
  }

  static constexpr milliseconds kLife = days(30);
  base::ManualClock clock;
  struct Holder {
    std::optional<BelievedTime> time;
    Holder& operator=(const BelievedTime& other) {
      time.emplace(other);
      return *this;
    }
    base::WallTime advance(base::WallTime wall, base::SteadyTime steady) { return time->advance(wall, steady); }
    [[nodiscard]] base::WallTime now() const { return time->now(); }
    [[nodiscard]] const TimeWitness& witness() const { return time->witness(); }
  } believed;
  void SetUp() override { believed = make(std::nullopt); }
};

TEST_F(BelievedTimeTest, FollowsAClockThatRunsEvenly) {
  pass(days(40));
  EXPECT_EQ(believed.now(), clock.wall_now());
}

TEST_F(BelievedTimeTest, AJumpAheadIsNotBelievedAndWearsOffByOnePercentOfUptime) {
  const auto before = clock.wall_now();
  EXPECT_EQ(jump(hours(1)), before);
  EXPECT_EQ(pass(hours(50)), before + hours(50) + minutes(30));
  pass(hours(51));
  EXPECT_EQ(believed.now(), clock.wall_now());
}

TEST_F(BelievedTimeTest, AClockThatStaysYearsAheadIsBelievedAfterAWholeLifeOfUptime) {
  jump(days(3650));
  pass(kLife - hours(2));
  EXPECT_LT(believed.now(), clock.wall_now() - days(3600));
  pass(hours(3));
  EXPECT_EQ(believed.now(), clock.wall_now());
}

TEST_F(BelievedTimeTest, ASecondJumpAheadBeginsTheDoubtAnew) {
  jump(days(100));
  pass(days(20));
  jump(days(100));
  pass(days(20));
  EXPECT_LT(believed.now(), clock.wall_now() - days(150));
}

TEST_F(BelievedTimeTest, AClockSetBackIsBelievedAtOnceSoThatItsStampsAreNoOlderThanTheyAre) {
  const auto right = clock.wall_now();
  EXPECT_EQ(jump(-days(3650)), right - days(3650));
  pass(days(1));
  const auto stamped = clock.wall_now();
  jump(days(3650));
  EXPECT_LT(pass(days(5)) - stamped, days(6)) << "the clock is right again: nothing has become years old";
}

TEST_F(BelievedTimeTest, StrobingMakesNothingOlderThanUptime) {
  const auto stamped = clock.wall_now();
  for (int i = 0; i < 100; ++i) {
    jump(i % 2 == 0 ? days(365) : -days(365));
    pass(minutes(10), minutes(1));
    EXPECT_LE(believed.now() - stamped, (i + 1) * minutes(11));
  }
}

TEST_F(BelievedTimeTest, AnOrdinaryRestartCostsNothing) {
  pass(days(1));
  restart(minutes(9));
  EXPECT_EQ(believed.now(), clock.wall_now());
}

TEST_F(BelievedTimeTest, AClockSetAheadWhileTheServerWasDownIsNotBelieved) {
  const auto before = pass(days(1));
  clock.set_wall(clock.wall_now() + days(400));
  restart(seconds(5));
  EXPECT_LE(believed.now() - before, minutes(11));
  pass(kLife + hours(1));
  EXPECT_EQ(believed.now(), clock.wall_now());
}

TEST_F(BelievedTimeTest, DoubtGoesOnAcrossRestarts) {
  jump(days(400));
  pass(days(15));
  restart(seconds(5));
  pass(days(14));
  EXPECT_NE(believed.now(), clock.wall_now());
  pass(days(2));
  EXPECT_EQ(believed.now(), clock.wall_now());
}

TEST_F(BelievedTimeTest, AWitnessThatCannotBeReadBelievesLeast) {
  believed = make(TimeWitness{});
  EXPECT_LT(believed.now(), base::WallTime(hours(1)));
  pass(kLife + hours(1));
  EXPECT_EQ(believed.now(), clock.wall_now());
}

}  // namespace
}  // namespace chat
