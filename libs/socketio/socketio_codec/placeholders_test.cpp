// Which placeholders a binary packet may hold.

#include <gtest/gtest.h>

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
