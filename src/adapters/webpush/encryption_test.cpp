// Against the examples of the RFCs.
#include <gtest/gtest.h>

#include "adapters/webpush/content_coding.hpp"
#include "adapters/webpush/message_encryption.hpp"
#include "base/hex.hpp"

namespace adapters::webpush {
namespace {

std::string decoded(std::string_view base64url) {
  return base::from_base64url(base64url).value();
}

constexpr std::string_view kBrowserPoint =
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
constexpr std::string_view kSenderPoint =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";

Subscription browser() {
  return {"https://push.example.net/push/JzLQ3raZJfFBR0aqvOMsLrt54w4rJUsV", "https://push.example.net",
          *P256Point::parse(decoded(kBrowserPoint)), decoded("BTBZMqHH6r4Tts7J_aSIgg")};
}

TEST(ContentCoding, EncodesTheFirstExampleOfRfc8188) {
  EXPECT_EQ(base::to_base64url(encode_aes128gcm(decoded("I1BsxtFttlv3u_Oo94xnmw"), decoded("yqdlZ-tYemfogSmv7Ws5PQ"),
                                                "", "I am the walrus")),
            "I1BsxtFttlv3u_Oo94xnmwAAEAAA-NAVub2qFgBEuQKRapoZu-IxkIva3MEB1PD-ly8Thjg");
}

TEST(ContentCoding, FillsOneRecordOfWhatPushServicesTakeAndNoMore) {
  const std::string body = encode_aes128gcm(std::string(kSaltBytes, 's'), "key material", decoded(kSenderPoint),
                                            std::string(kMaxPlaintextBytes, 'x'));
  EXPECT_EQ(body.size(), kRecordBytes);
}

TEST(MessageEncryption, EncryptsTheExampleOfRfc8291) {
  const auto sender = P256KeyPair::parse(decoded("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), decoded(kSenderPoint));
  ASSERT_TRUE(sender);
  const std::string body =
      encrypt(browser(), "When I grow up, I want to be a watermelon", *sender, decoded("DGv6ra1nlYgDCS1FRnbzlw"));
  EXPECT_EQ(base::to_base64url(body),
            "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8w"
            "EqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN");
}

TEST(MessageEncryption, UsesAKeyPairAndASaltOnceOnly) {
  const std::string first = encrypt(browser(), "the same");
  const std::string second = encrypt(browser(), "the same");
  EXPECT_NE(first.substr(0, kSaltBytes), second.substr(0, kSaltBytes));
  EXPECT_NE(first.substr(21, kPointBytes), second.substr(21, kPointBytes));
  EXPECT_TRUE(P256Point::parse(first.substr(21, kPointBytes)));
}

TEST(P256Point, IsAnUncompressedPointOfTheCurveAndNothingElse) {
  const std::string good = decoded(kBrowserPoint);
  EXPECT_TRUE(P256Point::parse(good));
  for (const std::size_t size : {0u, 1u, 33u, 64u}) EXPECT_FALSE(P256Point::parse(good.substr(0, size))) << size;
  EXPECT_FALSE(P256Point::parse(good + "x"));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 1);
    EXPECT_FALSE(P256Point::parse(bad)) << i;
  }
  EXPECT_FALSE(P256Point::parse(std::string(kPointBytes, '\0'))) << "the point at infinity has another form";
  EXPECT_FALSE(P256Point::parse("\x04" + std::string(kPointBytes - 1, '\0')));
}

TEST(P256KeyPair, AgreesWithItsPeer) {
  const auto one = P256KeyPair::generate();
  const auto other = P256KeyPair::generate();
  EXPECT_EQ(one.agree(*P256Point::parse(other.public_point())), other.agree(*P256Point::parse(one.public_point())));
  EXPECT_FALSE(P256KeyPair::parse(std::string(32, '\x01'), one.public_point())) << "another point's scalar";
}

}  // namespace
}  // namespace adapters::webpush
