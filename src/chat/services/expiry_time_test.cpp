#include "chat/services/expiry_time.hpp"

#include <gtest/gtest.h>

namespace chat::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class AskedClock final : public SharedClock {
 public:
  [[nodiscard]] std::optional<base::WallTime> shared_now() const override { return now; }
  std::optional<base::WallTime> now;
};

class RememberedWitness final : public WitnessStore {
 public:
  [[nodiscard]] std::optional<TimeWitness> load() override { return saved; }
  void save(const TimeWitness& witness) override { saved = witness; }
  std::optional<TimeWitness> saved;
};

class ExpiryTimeTest : public ::testing::Test {
 protected:
  ExpiryTimeTest() { shared.now = right; }
  [[nodiscard]] ExpiryTime start(const SharedClock* asked, seconds life = kLife) {
    return {life, clock, asked, witness};
  }
  void pass(minutes time) {
    clock.advance(time);
    *shared.now += time;
  }

  static constexpr seconds kLife = hours(24 * 30);
  base::ManualClock clock;
  const base::WallTime right = clock.wall_now();
  AskedClock shared;
  RememberedWitness witness;
};

TEST_F(ExpiryTimeTest, AFirstStartWhoseClockIsAheadBelievesTheSharedOne) {
  clock.set_wall(right + 2 * kLife);
  auto time = start(&shared);
  EXPECT_EQ(time.read(), right);
  pass(minutes(60));
  EXPECT_EQ(time.read(), right + minutes(60));
  EXPECT_EQ(witness.saved->believed, right + minutes(60)) << "nor does the next start learn of it";
}

TEST_F(ExpiryTimeTest, ASharedClockThatIsAheadMakesNothingOldEither) {
  *shared.now += 2 * kLife;
  auto time = start(&shared);
  EXPECT_EQ(time.read(), right);
}

TEST_F(ExpiryTimeTest, WithoutOneAFirstStartHasNothingButItsClock) {
  clock.set_wall(right + 2 * kLife);
  auto time = start(nullptr);
  EXPECT_EQ(time.read(), right + 2 * kLife);
}

TEST_F(ExpiryTimeTest, WhatAnEarlierStartBelievedTooMuchIsTakenBack) {
  witness.saved = TimeWitness{right + 2 * kLife, right + 2 * kLife, {}};
  clock.set_wall(right + 2 * kLife);
  auto time = start(&shared);
  EXPECT_EQ(time.read(), right);
}

TEST_F(ExpiryTimeTest, NobodyKnowsAnythingWhileTheSharedClockIsSilent) {
  shared.now.reset();
  auto time = start(&shared);
  EXPECT_FALSE(time.read());
  EXPECT_FALSE(witness.saved);
  shared.now = right;
  EXPECT_EQ(time.read(), right);
}

TEST_F(ExpiryTimeTest, BothClocksTogetherMayJumpAndOnlyUptimeCounts) {
  auto time = start(&shared);
  EXPECT_EQ(time.read(), right);
  clock.set_wall(right + 2 * kLife);
  *shared.now += 2 * kLife;
  EXPECT_EQ(time.read(), right);
}

TEST_F(ExpiryTimeTest, WhereNothingExpiresTheWitnessIsLeftAlone) {
  auto time = start(&shared, seconds(0));
  EXPECT_EQ(time.read(), right);
  EXPECT_FALSE(witness.saved);
}

}  // namespace
}  // namespace chat::testing
