#include "socketio/broadcaster_redis/msgpack.hpp"

#include <gtest/gtest.h>

namespace broadcaster_redis {
namespace {

std::string bytes(std::initializer_list<int> values) {
  std::string out;
  for (const int value : values) out += static_cast<char>(value);
  return out;
}

std::string pack(std::string_view json, std::vector<std::string_view> attachments = {}) {
  const auto value = base::parse_json(json, {.depth = kMaxDepth, .members = 0});
  EXPECT_TRUE(value.ok()) << json;
  std::string out;
  EXPECT_TRUE(append_msgpack(out, *value, attachments)) << json;
  return out;
}

std::string unpack(std::string_view packed) {
  const auto document = msgpack_to_json(packed, 10);
  return document.ok() ? document->text : "error " + std::to_string(static_cast<int>(document.error()));
}

TEST(Msgpack, WritesABroadcastByteForByteAsTheReferenceServer) {
  // io.emit("hello", "world", 1), socketio.md §15.2
  const std::string expected = bytes({0x93, 0xA6}) + "hfJ4nL" + bytes({0x83, 0xA4}) + "type" + bytes({2, 0xA4}) +
                               "data" + bytes({0x93, 0xA5}) + "hello" + bytes({0xA5}) + "world" + bytes({1, 0xA3}) +
                               "nsp" + bytes({0xA1}) + "/" + bytes({0x83, 0xA5}) + "rooms" + bytes({0x90, 0xA6}) +
                               "except" + bytes({0x90, 0xA5}) + "flags" + bytes({0x80});
  const std::string_view json =
      R"(["hfJ4nL",{"type":2,"data":["hello","world",1],"nsp":"/"},{"rooms":[],"except":[],"flags":{}}])";
  EXPECT_EQ(pack(json), expected);
  EXPECT_EQ(unpack(expected), json);
}

TEST(Msgpack, NumbersTakeTheirShortestForm) {
  EXPECT_EQ(pack("127"), bytes({0x7F}));
  EXPECT_EQ(pack("128"), bytes({0xCC, 0x80}));
  EXPECT_EQ(pack("256"), bytes({0xCD, 1, 0}));
  EXPECT_EQ(pack("65536"), bytes({0xCE, 0, 1, 0, 0}));
  EXPECT_EQ(pack("4294967296"), bytes({0xCF, 0, 0, 0, 1, 0, 0, 0, 0}));
  EXPECT_EQ(pack("-1"), bytes({0xFF}));
  EXPECT_EQ(pack("-32"), bytes({0xE0}));
  EXPECT_EQ(pack("-33"), bytes({0xD0, 0xDF}));
  EXPECT_EQ(pack("-129"), bytes({0xD1, 0xFF, 0x7F}));
  EXPECT_EQ(pack("1.5"), bytes({0xCB, 0x3F, 0xF8, 0, 0, 0, 0, 0, 0}));
}

TEST(Msgpack, ValuesComeBackAsTheyWere) {
  const std::string long_text(70'000, 'x');
  std::string many = "[0";
  for (int i = 0; i < 70'000; ++i) many += ",0";
  many += "]";
  for (const std::string& json :
       {std::string("null"), std::string("[true,false]"), std::string("[-32769,-2147483649,18446744073709551615]"),
        std::string(R"({"a":{"b":[1,"\u0000\"é"]}})"), "\"" + std::string(40, 'y') + "\"",
        "\"" + std::string(300, 'z') + "\"", "\"" + long_text + "\"", many}) {
    EXPECT_EQ(unpack(pack(json)), json);
  }
}

TEST(Msgpack, BinaryValuesAreAttachments) {
  const std::string packed = pack(R"([{"_placeholder":true,"num":1},{"_placeholder":true,"num":0}])", {"ab", "c"});
  EXPECT_EQ(packed, bytes({0x92, 0xC4, 1}) + "c" + bytes({0xC4, 2}) + "ab");
  const auto document = msgpack_to_json(packed, 2);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->text, R"([{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  EXPECT_EQ(document->attachments, (std::vector<std::string>{"c", "ab"}));
  EXPECT_EQ(msgpack_to_json(packed, 1).error(), MsgpackError::kTooManyAttachments);
}

TEST(Msgpack, WhatJsonCannotSayBecomesTextOrNull) {
  EXPECT_EQ(unpack(bytes({0xD4, 0, 0})), "null");           // undefined
  EXPECT_EQ(unpack(bytes({0xC7, 3, 5, 1, 2, 3})), "null");  // an extension of somebody's
  EXPECT_EQ(unpack(bytes({0xD6, 0xFF, 0, 0, 0, 1})), "\"1970-01-01T00:00:01.000Z\"");
  EXPECT_EQ(unpack(bytes({0xCB, 0x7F, 0xF8, 0, 0, 0, 0, 0, 0})), "null");  // NaN
}

TEST(Msgpack, RubbishIsRefused) {
  const auto error = [](const std::string& packed) { return msgpack_to_json(packed, 10).error(); };
  EXPECT_EQ(error(""), MsgpackError::kTruncated);
  EXPECT_EQ(error(bytes({0xDD, 0xFF, 0xFF, 0xFF, 0xFF})), MsgpackError::kTruncated);
  EXPECT_EQ(error(bytes({0xC6, 0xFF, 0xFF, 0xFF, 0xFF, 0})), MsgpackError::kTruncated);
  EXPECT_EQ(error(bytes({1, 1})), MsgpackError::kTrailingBytes);
  EXPECT_EQ(error(bytes({0xC1})), MsgpackError::kUnknownType);
  EXPECT_EQ(error(bytes({0x81, 1, 1})), MsgpackError::kBadKey);
  EXPECT_EQ(error(bytes({0xA1, 0xFF})), MsgpackError::kBadText);
  EXPECT_EQ(error(std::string(100, static_cast<char>(0x91))), MsgpackError::kTooDeep);
  std::string out;
  const auto dangling = base::parse_json(R"({"_placeholder":true,"num":5})");
  EXPECT_FALSE(append_msgpack(out, *dangling, std::vector<std::string_view>{"a"}));
}

}  // namespace
}  // namespace broadcaster_redis
