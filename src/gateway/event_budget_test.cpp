#include "gateway/event_budget.hpp"

#include <gtest/gtest.h>

namespace gateway {
namespace {

TEST(EventBudget, GrantsABurstThenTheRate) {
  EventBudget budget;
  base::ManualClock clock;
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(budget.spend(200, clock.steady_now()), BudgetVerdict::kGranted);
  EXPECT_EQ(budget.spend(200, clock.steady_now()), BudgetVerdict::kExceeded);
  clock.advance(std::chrono::milliseconds(5));
  EXPECT_EQ(budget.spend(200, clock.steady_now()), BudgetVerdict::kGranted);
  EXPECT_EQ(budget.spend(200, clock.steady_now()), BudgetVerdict::kExceeded);
}

TEST(EventBudget, ThirtySecondsOfExcessAreHopelessAndAPauseForgives) {
  EventBudget flood;
  base::ManualClock clock;
  auto verdict = BudgetVerdict::kGranted;
  for (int ms = 0; ms < 36'000 && verdict != BudgetVerdict::kHopeless; ++ms) {
    for (int i = 0; i < 3; ++i) verdict = std::max(verdict, flood.spend(200, clock.steady_now()));
    clock.advance(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(verdict, BudgetVerdict::kHopeless);

  EventBudget paused;
  for (int i = 0; i < 1100; ++i) (void)paused.spend(200, clock.steady_now());
  clock.advance(std::chrono::seconds(60));
  for (int i = 0; i < 400; ++i) ASSERT_EQ(paused.spend(200, clock.steady_now()), BudgetVerdict::kGranted);
  clock.advance(std::chrono::seconds(60));
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(paused.spend(200, clock.steady_now()), BudgetVerdict::kGranted);
  EXPECT_EQ(paused.spend(200, clock.steady_now()), BudgetVerdict::kExceeded);
}

TEST(EventBudget, ZeroMeansOff) {
  EventBudget budget;
  base::ManualClock clock;
  for (int i = 0; i < 100'000; ++i) ASSERT_EQ(budget.spend(0, clock.steady_now()), BudgetVerdict::kGranted);
}

}  // namespace
}  // namespace gateway
