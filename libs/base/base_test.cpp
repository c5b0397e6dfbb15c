// Strong types, results, tasks, ids, time and random: the small promises that everything above relies on.
#include <gtest/gtest.h>

#include <set>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/hex.hpp"
#include "base/object_id.hpp"
#include "base/result.hpp"
#include "base/strong.hpp"

namespace base {
namespace {

TEST(Result, HoldsAValueOrACause) {
  enum class Cause { kA, kB };
  const auto half = [](int n) -> Result<int, Cause> {
    if (n % 2 != 0) return fail(Cause::kB);
    return n / 2;
  };
  EXPECT_EQ(*half(8), 4);
  EXPECT_FALSE(half(3).ok());
  EXPECT_EQ(half(3).error(), Cause::kB);
}

TEST(ResultDeathTest, ReadingTheSideThatIsNotThereAborts) {
  const Result<int, int> failed = fail(1);
  EXPECT_DEATH((void)failed.value(), "CHECK failed");
}

TEST(Task, RunsSmallAndLargeCapturesAndDestroysThemOnce) {
  auto counter = std::make_shared<int>(0);
  struct Large {
    char bytes[200] = {};
  };
  {
    Task small = [counter] { ++*counter; };
    Task large = [counter, payload = Large{}] { *counter += 10 + payload.bytes[0]; };
    Task moved = std::move(small);
    EXPECT_FALSE(static_cast<bool>(small));  // NOLINT(bugprone-use-after-move)
    moved();
    large();
    large = std::move(moved);
    large();
  }
  EXPECT_EQ(*counter, 12);
  EXPECT_EQ(counter.use_count(), 1);
}

TEST(Task, CarriesMoveOnlyCapturesAndArguments) {
  Function<int(std::unique_ptr<int>)> read = [](std::unique_ptr<int> n) { return *n; };
  EXPECT_EQ(read(std::make_unique<int>(7)), 7);
}

TEST(ObjectId, IsTwentyFourHexDigitsAndRoundTrips) {
  using Id = ObjectId<struct TestTag>;
  SeededRandom random(1);
  const ManualClock clock;
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const auto id = Id::make(clock.wall_now(), random);
    const auto text = id.hex();
    ASSERT_EQ(text.size(), 24u);
    ASSERT_EQ(Id::from_hex(text), id);
    ASSERT_TRUE(seen.insert(text).second);
  }
  EXPECT_FALSE(Id::from_hex("507f1f77bcf86cd79943901"));
  EXPECT_FALSE(Id::from_hex("507f1f77bcf86cd79943901g"));
  EXPECT_FALSE(Id::from_hex("507f1f77bcf86cd7994390111"));
}

TEST(Hex, Base64UrlIsStrict) {
  for (const std::string bytes : {"", "a", "ab", "abc", "\xff\xfe\xfd\xfc"})
    EXPECT_EQ(from_base64url(to_base64url(bytes)), bytes);
  EXPECT_FALSE(from_base64url("YQ=="));
  EXPECT_FALSE(from_base64url("YR"));  // trailing bits that no encoder writes
  EXPECT_FALSE(from_base64url("a+b/"));
  EXPECT_FALSE(from_base64url("abcde"));
}

TEST(Clock, Rfc3339RoundTripsAndRefusesOtherForms) {
  const WallTime time(std::chrono::milliseconds(1'795'491'239'211));
  EXPECT_EQ(to_rfc3339(time), "2026-11-24T03:33:59.211Z");
  EXPECT_EQ(from_rfc3339(to_rfc3339(time)), time);
  EXPECT_EQ(to_rfc3339(WallTime{}), "1970-01-01T00:00:00.000Z");
  EXPECT_FALSE(from_rfc3339("2026-02-30T00:00:00.000Z"));
  EXPECT_FALSE(from_rfc3339("2026-11-24T00:33:59Z"));
  EXPECT_FALSE(from_rfc3339("2026-11-24 00:33:59.211Z"));
}

TEST(Random, SeededSourceRepeatsAndSecureSourceDoesNot) {
  SeededRandom a(5), b(5), c(6);
  EXPECT_EQ(a.bytes(64), b.bytes(64));
  EXPECT_NE(a.bytes(64), c.bytes(64));
  SecureRandom secure;
  EXPECT_NE(secure.bytes(600), secure.bytes(600));
}

TEST(Strong, NumbersOfOneTypeCompareAndCount) {
  using Position = StrongNumber<struct PositionTag>;
  EXPECT_LT(Position(1), Position(1).next());
  EXPECT_EQ(Position(4).next(), Position(5));
}

}  // namespace
}  // namespace base
