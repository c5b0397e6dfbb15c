#include "socketio/socketio_codec/binary_assembler.hpp"

#include <gtest/gtest.h>

#include "socketio/socketio_codec/encoder.hpp"

namespace socketio_codec {
namespace {

TEST(BinaryAssembler, IsCompleteWithTheLastAttachment) {
  const DecodeLimits limits;
  std::string text = R"(52-/admin,7["x",{"a":[{"_placeholder":true,"num":0}]},{"num":1,"_placeholder":true}])";
  BinaryAssembler assembler(text, limits);
  text.assign(text.size(), '?');  // it keeps a copy
  EXPECT_EQ(assembler.outstanding(), 2u);
  auto more = assembler.add(std::string_view("\x01\x00\x02", 3));
  ASSERT_TRUE(more.ok());
  EXPECT_FALSE(*more);
  more = assembler.add("");
  ASSERT_TRUE(more.ok());
  EXPECT_TRUE(*more);
  EXPECT_EQ(assembler.packet().event_name(), "x");
  EXPECT_EQ(assembler.packet().name_space, "/admin");
  ASSERT_EQ(assembler.attachments().size(), 2u);
  EXPECT_EQ(assembler.attachments()[0], std::string_view("\x01\x00\x02", 3));
  EXPECT_EQ(assembler.attachments()[1], "");
}

TEST(BinaryAssembler, AcceptsUnusedAndRepeatedAttachments) {
  const DecodeLimits limits;
  for (const char* json :
       {R"(["x"])", R"(["x",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}])",
        R"(["x",{"_placeholder":false,"num":9},{"_placeholder":1,"num":9},{"num":9}])",
        R"(["x",{"_placeholder":true,"num":7,"num":0}])", R"(["x",{"_placeholder":true,"num":0,"more":{}}])",
        R"(["x",{"_placeholder":true,"num":0,"_placeholder":false}])"}) {
    BinaryAssembler assembler(std::string("51-") + json, limits);
    EXPECT_TRUE(*assembler.add("b")) << json;
  }
}

TEST(BinaryAssembler, RefusesPlaceholdersThatNameNoAttachment) {
  const DecodeLimits limits;
  for (const char* num : {R"("num":1)", R"("num":-1)", R"("num":0.5)", R"("num":"0")", R"("num":null)", R"("other":0)",
                          R"("num":1e0)", R"("num":18446744073709551616)", R"("num":"splice")", R"("n\u0075m":1)"}) {
    for (const char* shape : {"[\"x\",@]", "[\"x\",{\"a\":[1,{\"b\":@}]}]"}) {
      std::string json = shape;
      json.replace(json.find('@'), 1, std::string("{\"_placeholder\":true,") + num + "}");
      BinaryAssembler assembler("51-" + json, limits);
      EXPECT_EQ(assembler.add("b").error(), PacketError::kBadPlaceholder) << json;
    }
  }
}

TEST(BinaryAssembler, BoundsEachAttachmentAndAllTogether) {
  const DecodeLimits limits{.attachment_bytes = 100, .attachments_total_bytes = 250};
  BinaryAssembler assembler(R"(54-["x"])", limits);
  EXPECT_EQ(assembler.add(std::string(101, 'b')).error(), PacketError::kAttachmentTooBig);
  EXPECT_TRUE(assembler.add(std::string(100, 'b')).ok());
  EXPECT_TRUE(assembler.add(std::string(100, 'b')).ok());
  EXPECT_EQ(assembler.add(std::string(51, 'b')).error(), PacketError::kAttachmentTooBig);
  EXPECT_TRUE(assembler.add(std::string(50, 'b')).ok());
  EXPECT_EQ(assembler.held_bytes(), 250u + 8u);
}

TEST(BinaryAssembler, TakesTenAttachmentsOfTheFullSize) {
  const DecodeLimits limits;
  BinaryAssembler assembler(R"(610-3[])", limits);
  for (int i = 1; i <= 10; ++i) {
    const auto complete = assembler.add(std::string(limits.attachment_bytes, 'b'));
    ASSERT_TRUE(complete.ok());
    EXPECT_EQ(*complete, i == 10);
  }
}

}  // namespace
}  // namespace socketio_codec
