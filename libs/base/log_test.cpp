#include "base/log.hpp"

#include <gtest/gtest.h>

namespace base::log {
namespace {

TEST(Log, AValueCannotForgeALine) {
  const auto line =
      render(Format::kText, Level::kInfo, "T", "login", {{"name", "a\nT info fake=1"}, {"n", 3}, {"ok", true}});
  EXPECT_EQ(line, "T info login name=\"a\\nT info fake=1\" n=3 ok=true");
  EXPECT_EQ(line.find('\n'), std::string::npos);
}

TEST(Log, JsonLinesAreOneObjectEach) {
  EXPECT_EQ(render(Format::kJson, Level::kError, "T", "x", {{"a", "q\"uote"}, {"b", 1.5}}),
            R"({"time":"T","level":"error","event":"x","a":"q\"uote","b":1.5})");
}

TEST(Log, ATagNamesAnIdWithinTheRunAndHidesIt) {
  EXPECT_EQ(tag("507f1f77bcf86cd799439011"), tag("507f1f77bcf86cd799439011"));
  EXPECT_NE(tag("507f1f77bcf86cd799439011"), tag("507f1f77bcf86cd799439012"));
  EXPECT_EQ(tag("x").size(), 8u);
}

}  // namespace
}  // namespace base::log
