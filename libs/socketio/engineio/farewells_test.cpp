#include "socketio/engineio/farewells.hpp"

#include <gtest/gtest.h>

namespace engineio {
namespace {

using namespace std::chrono_literals;

constexpr base::SteadyTime kNow{100s};

TEST(Farewells, EachIsTakenOnce) {
  Farewells farewells;
  EXPECT_FALSE(farewells.take("a", kNow));
  farewells.remember("a", kNow);
  farewells.remember("b", kNow);
  EXPECT_TRUE(farewells.take("a", kNow));
  EXPECT_FALSE(farewells.take("a", kNow));
  EXPECT_TRUE(farewells.take("b", kNow + 1s));
  EXPECT_EQ(farewells.size(), 0u);
}

TEST(Farewells, TheyAreShort) {
  Farewells farewells;
  farewells.remember("a", kNow);
  farewells.remember("b", kNow + 1s);
  EXPECT_FALSE(farewells.take("a", kNow + Farewells::kLifetime));
  EXPECT_EQ(farewells.size(), 1u);
  EXPECT_TRUE(farewells.take("b", kNow + Farewells::kLifetime));
}

TEST(Farewells, TheyAreFewAndTheOldestGoFirst) {
  Farewells farewells;
  for (std::size_t i = 0; i <= Farewells::kMost; ++i) farewells.remember(std::to_string(i), kNow);
  EXPECT_EQ(farewells.size(), Farewells::kMost);
  EXPECT_FALSE(farewells.take("0", kNow));
  EXPECT_TRUE(farewells.take("1", kNow));
  EXPECT_TRUE(farewells.take(std::to_string(Farewells::kMost), kNow));
}

}  // namespace
}  // namespace engineio
