#include "socketio/websocket_codec/frame.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace websocket_codec {
namespace {

std::string frame(Opcode opcode, std::string_view payload) {
  std::string out;
  append_frame(out, opcode, payload);
  return out;
}

TEST(WebSocketFrame, WritesTheExamplesOfRfc6455) {
  EXPECT_EQ(frame(Opcode::kText, "Hello"), "\x81\x05Hello");
  EXPECT_EQ(frame(Opcode::kPing, "Hello"), "\x89\x05Hello");
  EXPECT_EQ(frame(Opcode::kBinary, std::string(256, 'x')).substr(0, 4), std::string("\x82\x7E\x01\x00", 4));
  EXPECT_EQ(frame(Opcode::kBinary, std::string(65536, 'x')).substr(0, 10),
            std::string("\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00", 10));
  std::string masked;
  append_masked_frame(masked, {.mask = {0x37, 0xFA, 0x21, 0x3D}}, "Hello");
  EXPECT_EQ(masked, "\x81\x85\x37\xFA\x21\x3D\x7F\x9F\x4D\x51\x58");
}

TEST(WebSocketFrame, UsesTheShortestLengthForm) {
  EXPECT_EQ(frame_header(Opcode::kText, 0).size, 2);
  EXPECT_EQ(frame_header(Opcode::kText, 125).size, 2);
  EXPECT_EQ(frame_header(Opcode::kText, 126).size, 4);
  EXPECT_EQ(frame_header(Opcode::kText, 65535).size, 4);
  EXPECT_EQ(frame_header(Opcode::kText, 65536).size, 10);
}

TEST(WebSocketFrame, WritesCloseFramesThatAPeerAccepts) {
  std::string out;
  append_close(out);
  EXPECT_EQ(out, std::string("\x88\x00", 2));
  out.clear();
  append_close(out, 1002, "no");
  EXPECT_EQ(out, "\x88\x04\x03\xEAno");
  out.clear();
  append_close(out, 4000, std::string(122, 'x') + "é");  // cut inside the last character
  EXPECT_EQ(out.size(), 2u + 2u + 122u);
}

TEST(WebSocketFrame, KnowsWhichCloseCodesMayTravel) {
  for (const int code :
       {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999}) {
    EXPECT_TRUE(is_close_code(static_cast<std::uint16_t>(code))) << code;
  }
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535}) {
    EXPECT_FALSE(is_close_code(static_cast<std::uint16_t>(code))) << code;
  }
}

TEST(WebSocketFrame, MasksEveryLengthAndAlignmentLikeTheByteRule) {
  base::SeededRandom random(1);
  for (std::size_t offset = 0; offset < 8; ++offset) {
    for (std::size_t length = 0; length < 70; ++length) {
      const Mask mask{0x12, 0xFF, 0x80, 0x01};
      std::string bytes = random.bytes(offset + length);
      std::string expected = bytes;
      for (std::size_t i = 0; i < length; ++i) {
        expected[offset + i] = static_cast<char>(static_cast<unsigned char>(expected[offset + i]) ^ mask[i % 4]);
      }
      apply_mask({bytes.data() + offset, length}, mask);
      EXPECT_EQ(bytes, expected);
    }
  }
}

}  // namespace
}  // namespace websocket_codec
