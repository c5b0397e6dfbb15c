#include "adapters/crypto/vapid_key.hpp"

#include <gtest/gtest.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/hex.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::crypto {
namespace {

// The sender's key pair of RFC 8291, appendix A.
constexpr std::string_view kScalar = "yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw";
constexpr std::string_view kPoint =
    "BP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A8";
// SubjectPublicKeyInfo of a P-256 key up to its point (RFC 5480 §2).
constexpr std::string_view kSpkiPrefix = "3059301306072a8648ce3d020106082a8648ce3d030107034200";

/// By DER from the outside, so that nothing is shared with the code under test.
bool verifies(const std::string& point, std::string_view text, const std::string& signature) {
  if (signature.size() != 64) return false;
  const std::string spki = *base::from_hex(kSpkiPrefix) + point;
  const auto* at = reinterpret_cast<const unsigned char*>(spki.data());
  EVP_PKEY* const key = d2i_PUBKEY(nullptr, &at, static_cast<long>(spki.size()));
  std::string der;
  for (const std::size_t start : {0u, 32u}) {  // INTEGER with a leading zero byte each: BER that OpenSSL normalises
    const bool negative = (static_cast<unsigned char>(signature[start]) & 0x80) != 0;
    std::string number = signature.substr(start, 32);
    while (!negative && number.size() > 1 && number[0] == 0 && (static_cast<unsigned char>(number[1]) & 0x80) == 0) {
      number.erase(0, 1);
    }
    if (negative) number.insert(0, 1, '\0');
    der += std::string("\x02") + static_cast<char>(number.size()) + number;
  }
  der = std::string("\x30") + static_cast<char>(der.size()) + der;
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  const bool good = key != nullptr && EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key) == 1 &&
                    EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                                     reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
  EVP_MD_CTX_free(context);
  EVP_PKEY_free(key);
  return good;
}

TEST(VapidKey, DerivesThePublicPointFromTheSecret) {
  const VapidKey key(Secret(*base::from_base64url(kScalar)));
  EXPECT_EQ(base::to_base64url(key.public_key()), kPoint);
}

TEST(VapidKey, SignsInTheFormOfJoseSoThatOnlyThisTextVerifies) {
  const VapidKey key(Secret(*base::from_base64url(kScalar)));
  for (int round = 0; round < 64; ++round) {  // short numbers, which need padding, come once in 128
    const std::string text = "text " + std::to_string(round);
    const std::string signature = key.sign(text);
    ASSERT_TRUE(verifies(key.public_key(), text, signature)) << round;
    ASSERT_FALSE(verifies(key.public_key(), text + ".", signature)) << round;
  }
}

TEST(VapidKey, KnowsWhichSecretsAreScalars) {
  const auto is_scalar = [](std::string_view hex) { return VapidKey::is_scalar(Secret(*base::from_hex(hex))); };
  EXPECT_FALSE(is_scalar("0000000000000000000000000000000000000000000000000000000000000000"));
  EXPECT_TRUE(is_scalar("0000000000000000000000000000000000000000000000000000000000000001"));
  EXPECT_TRUE(is_scalar("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550"));
  EXPECT_FALSE(is_scalar("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")) << "the order";
  EXPECT_FALSE(is_scalar("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"));
}

TEST(VapidKey, OfARingIsTheSameAtEachStart) {
  const base::TemporaryDirectory directory;
  const base::ManualClock clock;
  const KeyRingOptions options{.directory = directory.path(), .master = std::nullopt, .create = true};
  const auto first = KeyRing::open(options, clock);
  const auto second = KeyRing::open(options, clock);
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(VapidKey(**first).public_key(), VapidKey(**second).public_key());
}

}  // namespace
}  // namespace adapters::crypto
