// Which placeholders a binary packet may hold, and how they leave again.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "socketio/socketio_codec/binary_assembler.hpp"

namespace socketio_codec {
namespace {

bool is_accepted(const std::string& arguments) {
  // What a name and a list around it add must not count.
  const DecodeLimits limits{.json_depth = 64, .json_members = 0};
  BinaryAssembler assembler("52-[\"x\"," + arguments + "]", limits);
  EXPECT_TRUE(assembler.add("first").ok());
  const auto complete = assembler.add("second");
  EXPECT_TRUE(complete.ok() || complete.error() == PacketError::kBadPlaceholder) << arguments;
  return complete.ok();
}

TEST(Placeholders, NameOneOfTheAttachmentsHoweverTheyAreWritten) {
  for (const char* good :
       {R"({"_placeholder":true,"num":0})", R"({"_placeholder":true,"num":1})", R"({"num":1,"_placeholder":true})",
        R"({ "_placeholder" : true , "num" : 0 })", R"({"\u005fplaceholder":true,"n\u0075m":1})",
        R"({"_placeholder":false,"num":0,"_placeholder":true})", R"({"_placeholder":true,"num":9,"num":0})",
        R"({"_placeholder":true,"num":"0","n\u0075m":0})", R"({"_placeholder":true,"num":0,"more":[1,{"a":null}]})"}) {
    for (const char* shape : {"@", "[@]", R"({"a":@})", R"([1,"s",{"a":[true,{"b":@}],"c":{}}])"}) {
      std::string arguments = shape;
      arguments.replace(arguments.find('@'), 1, good);
      EXPECT_TRUE(is_accepted(arguments)) << arguments;
    }
  }
}

TEST(Placeholders, AreRefusedWhereverTheyNameNoAttachment) {
  for (const char* bad :
       {R"({"_placeholder":true})", R"({"_placeholder":true,"num":2})", R"({"_placeholder":true,"num":-1})",
        R"({"_placeholder":true,"num":-0})", R"({"_placeholder":true,"num":1.0})", R"({"_placeholder":true,"num":1e0})",
        R"({"_placeholder":true,"num":"0"})", R"({"_placeholder":true,"num":null})",
        R"({"_placeholder":true,"num":true})", R"({"_placeholder":true,"num":[0]})",
        R"({"_placeholder":true,"num":{"num":0}})", R"({"_placeholder":true,"num":18446744073709551616})",
        R"({"\u005f\u0070laceholder":true,"num":2})", R"({"_placeholder":true,"num":0,"num":2})",
        R"({"_placeholder":true,"num":0,"n\u0075m":null})", R"({"_placeholder":null,"num":2,"_placeholder":true})"}) {
    for (const char* shape :
         {"@", "[@]", R"({"a":@})", R"([1,"s",{"a":[true,{"b":@}],"c":{}}])", R"({"_placeholder":@})", R"({"num":@})",
          R"({"_placeholder":false,"num":0,"more":@})", R"({"_placeholder":true,"num":0,"_placeholder":1,"more":@})",
          R"({"_placeholder":true,"num":0},@)", R"(@,{"_placeholder":true,"num":0})"}) {
      std::string arguments = shape;
      arguments.replace(arguments.find('@'), 1, bad);
      EXPECT_FALSE(is_accepted(arguments)) << arguments;
    }
  }
}

TEST(Placeholders, AreNotLookedInto) {
  for (const char* shape :
       {R"({"_placeholder":true,"num":0,"more":@})", R"({"more":@,"_placeholder":true,"num":0})",
        R"({"a":[{"b":@}],"num":1,"_placeholder":true})", R"({"num":@,"_placeholder":true,"num":1})",
        R"({"_placeholder":@,"_placeholder":true,"num":1})"}) {
    std::string arguments = shape;
    arguments.replace(arguments.find('@'), 1, R"({"_placeholder":true,"num":7})");
    EXPECT_TRUE(is_accepted(arguments)) << arguments;
  }
}

TEST(Placeholders, AreOnlyWhatIsMarkedTrue) {
  for (const char* plain :
       {R"({"num":9})", R"({"_placeholder":false,"num":9})", R"({"_placeholder":1,"num":9})",
        R"({"_placeholder":"true","num":9})", R"({"_placeholder":null,"num":9})", R"({"_placeholder":[true],"num":9})",
        R"({"_placeholder":{"true":true},"num":9})", R"({"_placeholder":true,"num":9,"_placeholder":false})",
        R"({"Placeholder":true,"num":9})", R"({"_placeholde":true,"num":9})", R"({"_placeholder ":true,"num":9})",
        R"(["_placeholder",true,"num",9])", R"("{\"_placeholder\":true,\"num\":9}")", R"({"":true,"num":9})", "{}",
        "[]", R"({"a":"\\","b":"\"_placeholder\":true"})", R"("\\")", "\"\u00e9\\\"\",[[],{}]"}) {
    EXPECT_TRUE(is_accepted(plain)) << plain;
  }
}

TEST(Placeholders, LeaveAsTheSpecificationWritesThem) {
  const auto passed_on = [](const std::string& arguments) {
    const DecodeLimits limits;
    BinaryAssembler assembler("52-/admin,7[\"\\u0078\"," + arguments + " ]", limits);
    const std::size_t came = assembler.held_bytes();
    EXPECT_TRUE(assembler.add("").ok() && assembler.add("").ok());
    const Packet& packet = assembler.packet();
    EXPECT_EQ(assembler.held_bytes(), came);
    EXPECT_EQ(packet.event_name(), "x");
    EXPECT_EQ(packet.name_space, "/admin");
    EXPECT_EQ(packet.ack_id, 7u);
    std::string values;
    packet.for_each_argument([&](const base::JsonValue& value) { values.append(value.raw()) += '|'; });
    EXPECT_EQ(base::parse_json("[" + std::string(packet.arguments) + "]")->count(),
              static_cast<std::size_t>(std::count(values.begin(), values.end(), '|')));
    return std::string(packet.arguments);
  };
  const std::string exact = R"({"_placeholder":true,"num":1})";
  for (const char* spelling :
       {R"({"_placeholder":true,"num":1})", R"({"num":1,"_placeholder":true})", R"({"_placeholder":true, "num":1})",
        R"({"_placeholder":true,"num":1 })", R"({"\u005fplaceholder":true,"num":1})",
        R"({"_placeholder":true,"num":7,"num":1})", R"({"_placeholder":true,"num":1,"more":[{}, 1]})",
        R"({"a":{"b":{"num":0,"_placeholder":true}},"_placeholder":true,"num":1})"}) {
    EXPECT_EQ(passed_on(spelling), exact) << spelling;
    EXPECT_EQ(passed_on(std::string("[1 , ") + spelling + " ]"), "[1 , " + exact + " ]") << spelling;
    EXPECT_EQ(passed_on(std::string(R"({"k" : [{}, )") + spelling + R"(],"l":")\""}, )" + spelling),
              R"({"k" : [{}, )" + exact + R"(],"l":")\""}, )" + exact)
        << spelling;
  }
  for (const char* plain :
       {R"({ "_placeholder":false,"num":1})", R"({"num" : 1}, "{\"num\":1,\"_placeholder\":true}")"})
    EXPECT_EQ(passed_on(plain), plain);
}

TEST(Placeholders, AreFoundAtTheGreatestDepth) {
  const auto nested = [](std::string_view open, std::string_view close, std::string_view inner) {
    std::string text;
    for (int i = 0; i < 62; ++i) text += open;
    text += inner;
    for (int i = 0; i < 62; ++i) text += close;
    return text;
  };
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair(R"({"a":)", "}"), std::pair(R"({"num":)", "}")}) {
    EXPECT_TRUE(is_accepted(nested(open, close, R"({"_placeholder":true,"num":1})"))) << open;
    EXPECT_FALSE(is_accepted(nested(open, close, R"({"_placeholder":true,"num":2})"))) << open;
  }
}

}  // namespace
}  // namespace socketio_codec
