#include "http_client/retry_after.hpp"

#include <gtest/gtest.h>

namespace http_client {
namespace {

using std::chrono::seconds;

// 1994-11-06T08:49:37Z, the instant of the examples of RFC 9110 §5.6.7.
const base::WallTime kExample{seconds(784'111'777)};

std::optional<seconds> parse(std::string_view value, base::WallTime now = kExample - seconds(90)) {
  return parse_retry_after(value, now);
}

TEST(RetryAfter, IsANumberOfSeconds) {
  EXPECT_EQ(parse("0"), seconds(0));
  EXPECT_EQ(parse(" 120 \r\n"), seconds(120));
  EXPECT_EQ(parse("99999999999999999999999"), kMaxRetryAfter);
  EXPECT_EQ(parse("86401"), kMaxRetryAfter);
}

TEST(RetryAfter, IsADateInEachOfTheThreeForms) {
  EXPECT_EQ(parse("Sun, 06 Nov 1994 08:49:37 GMT"), seconds(90));
  EXPECT_EQ(parse("Sunday, 06-Nov-94 08:49:37 GMT"), seconds(90));
  EXPECT_EQ(parse("Sun Nov  6 08:49:37 1994"), seconds(90));
}

TEST(RetryAfter, IsRoundedUpAndNeverNegative) {
  EXPECT_EQ(parse("Sun, 06 Nov 1994 08:49:37 GMT", kExample - std::chrono::milliseconds(1)), seconds(1));
  EXPECT_EQ(parse("Sun, 06 Nov 1994 08:49:37 GMT", kExample + seconds(5)), seconds(0));
  EXPECT_EQ(parse("Sun, 06 Nov 2094 08:49:37 GMT"), kMaxRetryAfter);
}

TEST(RetryAfter, IsNothingElse) {
  for (const char* wrong :
       {"", "  ", "-1", "+5", "1.5", "5s", "soon", "Sun, 32 Nov 1994 08:49:37 GMT", "Wed, 30 Feb 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49 GMT",
        "Sun, 06 Foo 1994 08:49:37 GMT", "a b c d e f g h i j", ",,,,,,,,"}) {
    EXPECT_EQ(parse(wrong), std::nullopt) << wrong;
  }
}

}  // namespace
}  // namespace http_client
