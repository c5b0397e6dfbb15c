#include "base/json_reader.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "base/json_writer.hpp"

namespace base {
namespace {

JsonLimits unlimited() {
  return {.depth = kMaxJsonDepth, .members = 0};
}

JsonError error_of(std::string_view text, const JsonLimits& limits = {}) {
  const auto parsed = parse_json(text, limits);
  if (parsed.ok()) {
    ADD_FAILURE() << "accepted: " << text;
    return JsonError::kSyntax;
  }
  return parsed.error();
}

TEST(JsonReader, AcceptsEveryFormOfRfc8259) {
  for (const char* text : {"null",
                           "true",
                           "false",
                           "0",
                           "-0",
                           "-0.0",
                           "1e5",
                           "1E+5",
                           "1e-5",
                           "12.50",
                           "\"\"",
                           "\"a\"",
                           "[]",
                           "{}",
                           "[ ]",
                           "{ }",
                           " \t\r\n1 ",
                           "[1,2 , 3]",
                           "{\"a\":1}",
                           "{\"a\" : [ {} ] }",
                           "\"\\u0000\"",
                           "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
                           "\"\xE2\x80\xA8\"",
                           "\"\x7F\"",
                           "\"\\uD83D\\uDE00\"",
                           "{\"\":0}",
                           "1e400"}) {
    EXPECT_TRUE(parse_json(text).ok()) << text;
  }
}

TEST(JsonReader, RefusesWhatOnlyLooksLikeJson) {
  for (const char* text : {"nul0",
                           "True",
                           "NaN",
                           "Infinity",
                           "-Infinity",
                           "+1",
                           "01",
                           "-01",
                           "1.e5",
                           ".5",
                           "0x10",
                           "1e+x",
                           "'a'",
                           "[1,]",
                           "[,1]",
                           "[1 2]",
                           "{\"a\"}x",
                           "{a:1}",
                           "{\"a\":1,}",
                           "{\"a\" 1}",
                           "{1:1}",
                           "\"\t\"",
                           "\"\\x\"",
                           "\"\\u12g4\"",
                           "1 2",
                           "[]]",
                           "// c",
                           "/**/1",
                           "\"a\"b",
                           "}",
                           "]",
                           ":",
                           ",",
                           "\xEF\xBB\xBF"
                           "1",
                           "[1}",
                           "{\"a\":1]",
                           "\v1",
                           "1\f",
                           "-a"}) {
    EXPECT_EQ(error_of(text), JsonError::kSyntax) << text;
  }
  EXPECT_EQ(error_of(std::string_view("\"\\\0\"", 4)), JsonError::kSyntax);
  EXPECT_EQ(error_of(std::string_view("\0", 1)), JsonError::kSyntax);
  EXPECT_EQ(error_of(std::string_view("1\0", 2)), JsonError::kSyntax);
}

TEST(JsonReader, ReportsATextThatStopsInside) {
  for (const char* text :
       {"",        " ", "n",  "tru", "-", "1.",   "1e",     "1e-",     "\"",       "\"a",       "\"\\",
        "\"\\u12", "[", "[1", "[1,", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "\"\xC3"}) {
    EXPECT_EQ(error_of(text), JsonError::kTruncated) << text;
  }
}

TEST(JsonReader, RefusesTextThatIsNotUtf8) {
  for (const char* text :
       {"\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "\"\xC3\"", "{\"\x80\":1}", "\"\xF4\x90\x80\x80\""}) {
    EXPECT_EQ(error_of(text), JsonError::kInvalidUtf8) << text;
  }
}

TEST(JsonReader, BoundsDepthAtTheLimitAndOneAbove) {
  const auto nested = [](std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(16)).ok());
  EXPECT_EQ(error_of(nested(17)), JsonError::kTooDeep);
  EXPECT_EQ(error_of(nested(1600)), JsonError::kTooDeep);
  EXPECT_EQ(error_of(std::string(1'000'000, '[')), JsonError::kTooDeep);
  EXPECT_TRUE(parse_json("1", {.depth = 0}).ok());
  EXPECT_EQ(error_of("[]", {.depth = 0}), JsonError::kTooDeep);
  EXPECT_TRUE(parse_json(nested(kMaxJsonDepth), unlimited()).ok());
}

TEST(JsonReader, BoundsMembersAtTheLimitAndOneAbove) {
  const auto array = [](int elements) {
    std::string text = "[0";
    for (int i = 1; i < elements; ++i) text += ",0";
    return text + "]";
  };
  const auto object = [](int members) {
    std::string text = "{\"0\":0";
    for (int i = 1; i < members; ++i) text += ",\"" + std::to_string(i) + "\":0";
    return text + "}";
  };
  EXPECT_TRUE(parse_json(array(128)).ok());
  EXPECT_TRUE(parse_json(object(128)).ok());
  EXPECT_EQ(error_of(array(129)), JsonError::kTooManyMembers);
  EXPECT_EQ(error_of(object(129)), JsonError::kTooManyMembers);
  EXPECT_TRUE(parse_json(array(12800), unlimited()).ok());
  JsonLimits distinct = unlimited();
  distinct.refuse_duplicate_keys = true;
  EXPECT_TRUE(parse_json(object(12800), distinct).ok());
}

TEST(JsonReader, ComparesKeysDecodedWhenDuplicatesAreRefused) {
  const JsonLimits strict = JsonLimits::strict();
  for (const char* text : {R"({"a":1,"a":1})", R"({"a":1,"b":2,"\u0061":3})", R"({"x":{"é":1,"\u00e9":1}})",
                           R"([{"😀":1,"\ud83d\ude00":2}])", R"({"/":1,"\/":2})", R"({"":1,"":2})"}) {
    EXPECT_EQ(error_of(text, strict), JsonError::kDuplicateKey) << text;
    EXPECT_TRUE(parse_json(text).ok()) << text;
  }
  for (const char* text : {R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":1}])", R"({"a":1,"A":1,"aa":1,"":1,"\u0000":1})",
                           R"({"ab":"ab","a\u0062c":1})"}) {
    EXPECT_TRUE(parse_json(text, strict).ok()) << text;
  }
}

TEST(JsonReader, TreatsLoneSurrogateEscapesAsTheOptionSays) {
  for (const char* text : {R"("\ud800")", R"("\udc00")", R"("\ud800x")", R"("\ud800\n")", R"("\ud800\u0041")",
                           R"("\udc00\ud800")", R"("\ud83d\ud83d\ude00")"}) {
    EXPECT_TRUE(parse_json(text).ok()) << text;
    EXPECT_EQ(error_of(text, JsonLimits::strict()), JsonError::kLoneSurrogate) << text;
  }
  EXPECT_TRUE(parse_json(R"("\ud83d\ude00")", JsonLimits::strict()).ok());
  EXPECT_EQ(*parse_json(R"("\ud800a")")->as_string(),
            "\xEF\xBF\xBD"
            "a");
  EXPECT_EQ(*parse_json(R"("\ud83d\ud83d\ude00")")->as_string(), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
}

TEST(JsonValue, DecodesStringsAndSharesPlainOnes) {
  EXPECT_EQ(*parse_json(R"("a\"\\\/\b\f\n\r\tz\u0000\u00e9\u20AC\ud83d\ude00é")")->as_string(),
            std::string("a\"\\/\b\f\n\r\tz\0é€😀é", 22));
  const std::string text = "  \"plain é\" ";
  const auto plain = parse_json(text)->as_plain_string_view();
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(*plain, "plain é");
  EXPECT_GE(plain->data(), text.data());
  EXPECT_LT(plain->data(), text.data() + text.size());
  EXPECT_FALSE(parse_json(R"("a\n")")->as_plain_string_view().has_value());
  EXPECT_FALSE(parse_json("1")->as_string().has_value());
  std::string out = "kept";
  EXPECT_FALSE(parse_json("[]")->append_string_to(out));
  EXPECT_TRUE(parse_json(R"("\t!")")->append_string_to(out));
  EXPECT_EQ(out, "kept\t!");
}

TEST(JsonValue, ComparesStringsByWhatTheyDecodeTo) {
  EXPECT_TRUE(parse_json(R"("\u0061bc")")->is_string_equal_to("abc"));
  EXPECT_TRUE(parse_json(R"("")")->is_string_equal_to(""));
  EXPECT_FALSE(parse_json(R"("\u0061bc")")->is_string_equal_to("ab"));
  EXPECT_FALSE(parse_json(R"("ab")")->is_string_equal_to("abc"));
  EXPECT_FALSE(parse_json("1")->is_string_equal_to("1"));
}

TEST(JsonValue, ReadsIntegersExactlyOrNotAtAll) {
  EXPECT_EQ(parse_json("9223372036854775807")->as_int64(), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(parse_json("-9223372036854775808")->as_int64(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(parse_json("18446744073709551615")->as_uint64(), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(parse_json("-0")->as_int64(), 0);
  for (const char* text :
       {"9223372036854775808", "-9223372036854775809", "1.0", "1e2", "1.5", "\"1\"", "null", "[1]"}) {
    EXPECT_FALSE(parse_json(text)->as_int64().has_value()) << text;
  }
  for (const char* text : {"-1", "18446744073709551616", "1e2", "true"}) {
    EXPECT_FALSE(parse_json(text)->as_uint64().has_value()) << text;
  }
}

TEST(JsonValue, ReadsDoublesAndTruth) {
  EXPECT_EQ(parse_json("-12.5e-1")->as_double(), -1.25);
  EXPECT_EQ(parse_json("3")->as_double(), 3.0);
  EXPECT_FALSE(parse_json("1e400")->as_double().has_value());
  EXPECT_FALSE(parse_json("\"1\"")->as_double().has_value());
  EXPECT_EQ(parse_json("true")->as_bool(), true);
  EXPECT_EQ(parse_json(" false ")->as_bool(), false);
  EXPECT_FALSE(parse_json("1")->as_bool().has_value());
  EXPECT_TRUE(parse_json("null")->is_null());
  EXPECT_TRUE(JsonValue().is_null());
}

TEST(JsonValue, FindsMembersByDecodedNameAndTheLastOneWins) {
  const auto object = parse_json(R"({"a":1,"n":{"a":9,"x":"}]\""},"\u0061":2,"__proto__":[3,4]})");
  EXPECT_EQ(object->member("a")->as_int64(), 2);
  EXPECT_EQ(object->member("n")->member("x")->as_string(), "}]\"");
  EXPECT_EQ(object->member("__proto__")->raw(), "[3,4]");
  EXPECT_FALSE(object->member("x").has_value());
  EXPECT_FALSE(parse_json("[\"a\",1]")->member("a").has_value());
  EXPECT_EQ(object->count(), 4u);
}

TEST(JsonValue, WalksElementsWithTheirExactText) {
  const auto array = parse_json(" [ 1 , \"a,]\\\"\" ,[ 2,[3]] , {\"k\": [4] },true,null,-1.5e3 ] ");
  std::vector<std::string> seen;
  array->for_each_element([&](const JsonValue& element) { seen.emplace_back(element.raw()); });
  EXPECT_EQ(seen,
            (std::vector<std::string>{"1", "\"a,]\\\"\"", "[ 2,[3]]", "{\"k\": [4] }", "true", "null", "-1.5e3"}));
  EXPECT_EQ(array->count(), 7u);
  int visits = 0;
  array->for_each_element([&](const JsonValue&) { return ++visits < 3; });
  EXPECT_EQ(visits, 3);
  visits = 0;
  parse_json("{\"a\":1,\"b\":2}")->for_each_member([&](const JsonValue& key, const JsonValue& value) {
    EXPECT_EQ(key.as_string(), visits == 0 ? "a" : "b");
    EXPECT_EQ(value.as_int64(), ++visits);
    return true;
  });
  EXPECT_EQ(visits, 2);
  EXPECT_EQ(parse_json("[]")->count(), 0u);
  EXPECT_EQ(parse_json("\"[1]\"")->count(), 0u);
}

TEST(JsonWalker, PassesEverythingOnceAndInOrder) {
  using Step = JsonWalker::Step;
  const auto walked = [](std::string_view text) {
    const auto value = parse_json(text);
    JsonWalker walker(*value);
    std::vector<std::string> seen;
    for (Step step = walker.next(); step != Step::kEnd; step = walker.next()) {
      const bool scalar = step == Step::kScalar;
      seen.emplace_back(scalar ? walker.scalar().raw() : std::string_view(walker.at() - 1, 1));
      EXPECT_EQ(seen.back() == "[", step == Step::kOpenArray);
      EXPECT_EQ(seen.back() == "{", step == Step::kOpenObject);
      EXPECT_TRUE(!scalar || walker.at() == walker.scalar().raw().data() + walker.scalar().raw().size());
    }
    EXPECT_EQ(walker.next(), Step::kEnd);
    return seen;
  };
  using Seen = std::vector<std::string>;
  EXPECT_EQ(walked(R"( [ 1 , "]\"{" ,[ ], {"k":{ "" : [-2.5e3,{}]} , "l\\":null},true ] )"),
            (Seen{"[",      "1", R"("]\"{")", "[", "]", "{",        R"("k")", "{", R"("")", "[",
                  "-2.5e3", "{", "}",         "]", "}", R"("l\\")", "null",   "}", "true",  "]"}));
  EXPECT_EQ(walked(" 12 "), (Seen{"12"}));
  EXPECT_EQ(walked(R"("[")"), (Seen{R"("[")"}));
}

TEST(JsonReader, FindsSpecialBytesAtEveryOffset) {
  for (std::size_t offset = 0; offset < 40; ++offset) {
    const std::string text(offset, 'x');
    EXPECT_TRUE(parse_json("\"" + text + "\"").ok());
    EXPECT_EQ(*parse_json("\"" + text + "\\n" + text + "\"")->as_string(), text + "\n" + text);
    EXPECT_EQ(*parse_json("\"" + text + "é" + text + "\"")->as_string(), text + "é" + text);
    EXPECT_EQ(error_of("\"" + text + "\x1F" + text + "\""), JsonError::kSyntax);
    EXPECT_EQ(error_of("\"" + text + "\xFF" + text + "\""), JsonError::kInvalidUtf8);
  }
}

}  // namespace
}  // namespace base
