#include "socketio/websocket_codec/handshake.hpp"

#include <gtest/gtest.h>

#include <string>

#include "socketio/websocket_codec/sha1.hpp"

namespace websocket_codec {
namespace {

std::string hex(const Sha1Digest& digest) {
  std::string out;
  for (const std::uint8_t byte : digest) {
    out += "0123456789abcdef"[byte >> 4];
    out += "0123456789abcdef"[byte & 15];
  }
  return out;
}

TEST(Sha1, MatchesTheVectorsOfFips180) {
  EXPECT_EQ(hex(sha1("")), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
  EXPECT_EQ(hex(sha1("abc")), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex(sha1("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
  EXPECT_EQ(hex(sha1(std::string(1'000'000, 'a'))), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

UpgradeRequest good_request() {
  return {.upgrade = "websocket", .connection = "Upgrade", .key = "dGhlIHNhbXBsZSBub25jZQ==", .version = "13"};
}

TEST(WebSocketHandshake, ComputesTheAnswerOfRfc6455) {
  const auto answer = accept_upgrade(good_request());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(std::string(answer->begin(), answer->end()), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketHandshake, FindsTokensInAnyCaseInsideLists) {
  UpgradeRequest request = good_request();
  request.connection = "keep-alive, Upgrade";
  request.upgrade = "h2c , WebSocket";
  EXPECT_TRUE(accept_upgrade(request).ok());
  request.connection = "keep-alive";
  EXPECT_EQ(accept_upgrade(request).error(), UpgradeError::kNotAnUpgrade);
  request = good_request();
  request.upgrade = "websockets";
  EXPECT_EQ(accept_upgrade(request).error(), UpgradeError::kNotAnUpgrade);
  request.upgrade = "";
  EXPECT_EQ(accept_upgrade(request).error(), UpgradeError::kNotAnUpgrade);
}

TEST(WebSocketHandshake, RefusesKeysThatAreNotSixteenBytes) {
  for (const char* key : {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQAA",
                          "dGhlIHNhbXBsZSBub25jZ===", "dGhlIHNhbXBsZSBub25jZ!==", "dGhlIHNhbXBsZSBub25jZSE=AAAA",
                          "dGhl IHNhbXBsZSBub25jQ=="}) {
    UpgradeRequest request = good_request();
    request.key = key;
    EXPECT_EQ(accept_upgrade(request).error(), UpgradeError::kBadKey) << key;
  }
}

TEST(WebSocketHandshake, SpeaksVersionThirteenOnly) {
  for (const char* version : {"", "8", "12", "14", "013", "13,8", "0", "-13"}) {
    UpgradeRequest request = good_request();
    request.version = version;
    EXPECT_EQ(accept_upgrade(request).error(), UpgradeError::kBadVersion) << version;
  }
}

TEST(WebSocketHandshake, TakesTheFirstSubprotocolOfAWellFormedList) {
  EXPECT_EQ(first_subprotocol(""), "");
  EXPECT_EQ(first_subprotocol(" "), "");
  EXPECT_EQ(first_subprotocol("chat"), "chat");
  EXPECT_EQ(first_subprotocol(" chat.v2 ,\tsuperchat"), "chat.v2");
  for (const char* header : {",", "a,", ",a", "a,,b", "a b", "a;b", "\"a\"", "a,\x01", "a(b)"}) {
    EXPECT_EQ(first_subprotocol(header), std::nullopt) << header;
  }
}

}  // namespace
}  // namespace websocket_codec
