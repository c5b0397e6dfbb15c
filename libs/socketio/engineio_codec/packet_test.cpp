#include "socketio/engineio_codec/packet.hpp"

#include <gtest/gtest.h>

namespace engineio_codec {
namespace {

TEST(EnginePacket, DecodesEveryTypeOfRevisionFour) {
  std::string scratch;
  for (int digit = 0; digit <= 6; ++digit) {
    const auto packet = decode_text(std::to_string(digit) + "x", scratch);
    ASSERT_TRUE(packet.ok());
    EXPECT_EQ(static_cast<int>(packet->type), digit);
    EXPECT_FALSE(packet->binary);
  }
  const std::string text = "2probe";
  const auto probe = decode_text(text, scratch);
  EXPECT_EQ(probe->type, PacketType::kPing);
  EXPECT_EQ(probe->payload, "probe");
  EXPECT_EQ(probe->payload.data(), text.data() + 1);
  EXPECT_TRUE(decode_text("4", scratch)->payload.empty());
}

TEST(EnginePacket, RefusesNothingAndUnknownTypes) {
  std::string scratch;
  EXPECT_EQ(decode_text("", scratch).error(), PacketError::kEmpty);
  for (const char* text : {"7", "9x", "a", "B", " 4", "-1", "\x04", "/", ":", "\xFF"}) {
    EXPECT_EQ(decode_text(text, scratch).error(), PacketError::kUnknownType) << text;
  }
}

TEST(EnginePacket, DecodesBinaryMessagesIntoTheScratchString) {
  std::string scratch = "old";
  const auto packet = decode_text("bAQIDBA==", scratch);
  ASSERT_TRUE(packet.ok());
  EXPECT_EQ(packet->type, PacketType::kMessage);
  EXPECT_TRUE(packet->binary);
  EXPECT_EQ(packet->payload, "\x01\x02\x03\x04");
  EXPECT_EQ(packet->payload.data(), scratch.data());
}

TEST(EnginePacket, IsLenientAboutBase64LikeTheReferenceServer) {
  std::string scratch;
  EXPECT_EQ(decode_text("bAQIDBA", scratch)->payload, "\x01\x02\x03\x04");
  EXPECT_EQ(decode_text("b-_-_", scratch)->payload, "\xFB\xFF\xBF");
  EXPECT_EQ(decode_text("bA QI\r\nD", scratch)->payload, "\x01\x02\x03");
  const auto empty = decode_text("b", scratch);
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->binary);
  EXPECT_TRUE(empty->payload.empty());
}

TEST(EnginePacket, RefusesTextThatIsNotUtf8UnlessItWasChecked) {
  std::string scratch;
  EXPECT_EQ(decode_text("4\xFF", scratch).error(), PacketError::kInvalidUtf8);
  EXPECT_EQ(decode_text("4\xE2\x82", scratch).error(), PacketError::kInvalidUtf8);
  EXPECT_TRUE(decode_text("4\xE2\x82\xAC", scratch).ok());
  EXPECT_TRUE(decode_checked_text("4\xFF", scratch).ok());
}

TEST(EnginePacket, TakesABinaryMessageAsItIs) {
  EXPECT_EQ(decode_binary("").type, PacketType::kMessage);
  EXPECT_TRUE(decode_binary("").binary);
  EXPECT_EQ(decode_binary("\xFF\x04").payload, "\xFF\x04");
}

TEST(EnginePacket, EncodesWithTheSizesItAnnounces) {
  std::string out;
  append_text_packet(out, PacketType::kPong, "probe");
  EXPECT_EQ(out, "3probe");
  EXPECT_EQ(out.size(), text_packet_size(5));
  out.clear();
  append_binary_packet(out, "\x01\x02\x03\x04");
  EXPECT_EQ(out, "bAQIDBA==");
  EXPECT_EQ(out.size(), binary_packet_size(4));
  out.clear();
  append_binary_packet(out, "");
  EXPECT_EQ(out, "b");
  EXPECT_EQ(out.size(), binary_packet_size(0));
}

TEST(EnginePacket, WritesTheHandshakeWithFiveKeysInOrder) {
  using std::chrono::milliseconds;
  std::string out;
  append_handshake(out, {.sid = "lv_VI97HAXpY6yYWAAAC",
                         .upgrade_to_websocket = true,
                         .ping_interval = milliseconds(25000),
                         .ping_timeout = milliseconds(20000),
                         .max_payload = 1000000});
  EXPECT_EQ(out, R"(0{"sid":"lv_VI97HAXpY6yYWAAAC","upgrades":["websocket"],)"
                 R"("pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000})");
  out.clear();
  append_handshake(
      out, {.sid = "s", .ping_interval = milliseconds(300), .ping_timeout = milliseconds(200), .max_payload = 1});
  EXPECT_EQ(out, R"(0{"sid":"s","upgrades":[],"pingInterval":300,"pingTimeout":200,"maxPayload":1})");
}

}  // namespace
}  // namespace engineio_codec
