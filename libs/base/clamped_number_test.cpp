#include "base/clamped_number.hpp"

#include <gtest/gtest.h>

namespace base {
namespace {

std::optional<std::uint64_t> clamped(const char* text) {
  return clamped_uint64(parse_json(text).value());
}

TEST(ClampedNumber, IsTheLargestForWhateverIsAboveTheRange) {
  for (const char* text : {"18446744073709551615", "18446744073709551616", "1e21", "1E+21", "1.7976931348623157e308"}) {
    EXPECT_EQ(clamped(text), std::numeric_limits<std::uint64_t>::max()) << text;
  }
}

TEST(ClampedNumber, IsTheNumberItselfWithinTheRange) {
  EXPECT_EQ(clamped("0"), 0u);
  EXPECT_EQ(clamped("18446744073709551614"), 18446744073709551614u);
}

TEST(ClampedNumber, IsNoneWhereThereIsNoWholeNumber) {
  for (const char* text : {"-1", "-1e21", "1.5", "7.0", "1e3", "1e-400", "null", "true", R"("7")", "[]"}) {
    EXPECT_FALSE(clamped(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace base
