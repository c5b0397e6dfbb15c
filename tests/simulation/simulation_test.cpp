// RESTANTE_SIMULATION_SEEDS=N runs N worlds instead of the default; RESTANTE_SIMULATION_FIRST=S starts at seed S.

#include <gtest/gtest.h>

#include <cstdlib>

#include "sim_world.hpp"

namespace simulation {
namespace {

constexpr std::size_t kSteps = 600;

std::uint64_t setting(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

std::string run_world(std::uint64_t seed, Mutant mutant) {
  World world(seed, mutant);
  world.run(kSteps);
  if (world.clean()) world.finale();
  return world.violation();
}

TEST(Simulation, NoInvariantIsBrokenUnderAnySeed) {
  const auto first = setting("RESTANTE_SIMULATION_FIRST", 1);
  const auto seeds = setting("RESTANTE_SIMULATION_SEEDS", 2000);
  for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
    const auto violation = run_world(seed, Mutant::kNone);
    ASSERT_EQ(violation, "") << "seed " << seed;
  }
}

TEST(Simulation, TheSameSeedDoesTheSame) {
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    EXPECT_EQ(run_world(seed, Mutant::kMarkOnEmit), run_world(seed, Mutant::kMarkOnEmit)) << "seed " << seed;
  }
}

class SeededMistake : public ::testing::TestWithParam<std::pair<Mutant, const char*>> {};

TEST_P(SeededMistake, IsCaught) {
  constexpr std::uint64_t kTries = 1000;
  for (std::uint64_t seed = 1; seed <= kTries; ++seed) {
    const auto violation = run_world(seed, GetParam().first);
    if (!violation.empty()) {
      std::printf("caught at seed %llu: %s\n", static_cast<unsigned long long>(seed), violation.c_str());
      return;
    }
  }
  FAIL() << "nobody noticed: " << GetParam().second;
}

INSTANTIATE_TEST_SUITE_P(
    All, SeededMistake,
    ::testing::Values(std::pair(Mutant::kAckBeforeSync, "AckBeforeSync"), std::pair(Mutant::kSkipDedupe, "SkipDedupe"),
                      std::pair(Mutant::kMarkOnEmit, "MarkOnEmit"), std::pair(Mutant::kJumpGap, "JumpGap"),
                      std::pair(Mutant::kLiveOvertakes, "LiveOvertakes"),
                      std::pair(Mutant::kIgnoreEpoch, "IgnoreEpoch"), std::pair(Mutant::kNoHeadCheck, "NoHeadCheck"),
                      std::pair(Mutant::kStaleRelation, "StaleRelation"),
                      std::pair(Mutant::kRefusalConfirms, "RefusalConfirms"),
                      std::pair(Mutant::kLateDetachWins, "LateDetachWins"), std::pair(Mutant::kJobsApart, "JobsApart"),
                      std::pair(Mutant::kHeldForever, "HeldForever"),
                      std::pair(Mutant::kPushConfirmed, "PushConfirmed"),
                      std::pair(Mutant::kPongBeforeHandling, "PongBeforeHandling")),
    [](const auto& test) { return std::string(test.param.second); });

}  // namespace
}  // namespace simulation
