#include "base/json_writer.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/json_reader.hpp"
#include "base/json_size.hpp"
#include "base/random.hpp"
#include "base/utf8.hpp"

namespace base {
namespace {

TEST(JsonWriter, PlacesCommasAtEveryDepth) {
  std::string out = "kept:";
  JsonWriter(out)
      .begin_object()
      .member("a", 1)
      .key("b")
      .begin_array()
      .value("x")
      .value(true)
      .value(nullptr)
      .begin_object()
      .end_object()
      .begin_array()
      .end_array()
      .end_array()
      .raw_member("c", "[1,2]")
      .member("d", false)
      .end_object();
  EXPECT_EQ(out, R"(kept:{"a":1,"b":["x",true,null,{},[]],"c":[1,2],"d":false})");
}

TEST(JsonWriter, WritesNumbersSoThatTheyReadBack) {
  std::string out;
  JsonWriter(out)
      .begin_array()
      .value(std::numeric_limits<std::int64_t>::min())
      .value(std::numeric_limits<std::uint64_t>::max())
      .value(std::uint8_t{7})
      .value(-1)
      .value(0.1)
      .value(1e300)
      .value(std::numeric_limits<double>::infinity())
      .value(std::numeric_limits<double>::quiet_NaN())
      .end_array();
  EXPECT_EQ(out, "[-9223372036854775808,18446744073709551615,7,-1,0.1,1e+300,null,null]");
  EXPECT_TRUE(parse_json(out).ok());
}

TEST(JsonWriter, EscapesExactlyWhatMustBe) {
  std::string out;
  append_json_string(out, std::string_view("\"\\/\b\f\n\r\t\0\x1F\x7Fé😀\xE2\x80\xA8", 20));
  EXPECT_EQ(out, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0000\\u001f\x7Fé😀\xE2\x80\xA8\"");
  for (int byte = 0; byte < 0x80; ++byte) {
    const std::string text(1, static_cast<char>(byte));
    std::string quoted;
    append_json_string(quoted, text);
    EXPECT_EQ(json_string_size(text), quoted.size()) << byte;
    ASSERT_TRUE(parse_json(quoted, JsonLimits::strict()).ok()) << byte;
    EXPECT_EQ(parse_json(quoted)->as_string(), text);
  }
}

TEST(JsonWriter, RoundTripsAnyText) {
  SeededRandom random(11);
  for (int round = 0; round < 5000; ++round) {
    std::string text;
    for (std::uint64_t i = random.next() % 40; i > 0; --i) {
      append_utf8(text, static_cast<std::uint32_t>(random.next() % 0x110000) >> (random.next() % 20));
    }
    std::string out;
    append_json_string(out, text);
    EXPECT_EQ(json_string_size(text), out.size()) << out;
    out.clear();
    JsonWriter(out).begin_object().member(text, text).end_object();
    const auto parsed = parse_json(out, JsonLimits::strict());
    ASSERT_TRUE(parsed.ok()) << out;
    const auto value = parsed->member(text);
    ASSERT_TRUE(value.has_value()) << out;
    EXPECT_EQ(value->as_string(), text);
  }
}

}  // namespace
}  // namespace base
