// Access tokens: what is accepted, and several hundred forgeries that are not. Refresh tokens. Password hashes.

#include <gtest/gtest.h>

#include <set>

#include "adapters/crypto/argon2_hasher.hpp"
#include "adapters/crypto/hmac_refresh_tokens.hpp"
#include "adapters/crypto/jwt_tokens.hpp"
#include "base/hex.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::crypto {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

template <class Id>
Id id(std::uint8_t n) {
  Id made;
  made.bytes.fill(n);
  return made;
}

class Tokens : public ::testing::Test {
 protected:
  Tokens()
      : ring_(std::move(
            *KeyRing::open({.directory = directory_.path(), .master = std::nullopt, .create = true}, clock_))),
        tokens_(*ring_) {}

  chat::AccessClaims claims(seconds lifetime = minutes(15)) {
    return {.user = id<chat::UserId>(1),
            .login = id<chat::LoginId>(2),
            .device = chat::DeviceId{"phone-1"},
            .issued = now(),
            .expires = now() + lifetime,
            .seeded = false};
  }
  [[nodiscard]] chat::WallTime now() const { return clock_.wall_now(); }
  std::string kid() { return current_key(*ring_->keys(), KeyPurpose::kToken).id.hex(); }

  /// A token with this header and payload, genuinely signed by the server's own current key.
  std::string signed_token(const std::string& header, const std::string& payload) {
    const auto keys = ring_->keys();
    return signed_with(current_key(*keys, KeyPurpose::kToken).secret.view(), header, payload);
  }
  static std::string signed_with(std::string_view key, const std::string& header, const std::string& payload) {
    const std::string text = base::to_base64url(header) + "." + base::to_base64url(payload);
    const Mac mac = hmac_sha256(key, text);
    return text + "." + base::to_base64url({mac.data(), mac.size()});
  }
  std::string header() { return R"({"alg":"HS256","typ":"JWT","kid":")" + kid() + "\"}"; }
  /// The payload that sign() writes, member by member; `member` replaces the one of its name, or adds one.
  std::string payload(const std::string& name = "", const std::string& value = "") {
    const auto issued = std::to_string(now().time_since_epoch().count() / 1000);
    const auto expires = std::to_string(now().time_since_epoch().count() / 1000 + 900);
    std::vector<std::pair<std::string, std::string>> members = {{"iss", "\"restante\""},
                                                                {"aud", "\"restante\""},
                                                                {"sub", "\"" + id<chat::UserId>(1).hex() + "\""},
                                                                {"sid", "\"" + id<chat::LoginId>(2).hex() + "\""},
                                                                {"did", "\"phone-1\""},
                                                                {"iat", issued},
                                                                {"nbf", issued},
                                                                {"exp", expires}};
    bool replaced = name.empty();
    std::string text;
    for (auto& [key, content] : members) {
      if (key == name) {
        replaced = true;
        if (value.empty()) continue;  // left out
        content = value;
      }
      text += (text.empty() ? "" : ",") + ("\"" + key + "\":" + content);
    }
    if (!replaced) text += ",\"" + name + "\":" + value;
    return "{" + text + "}";
  }
  void expect_forged(const std::string& token) {
    ++forged_;
    const auto verified = tokens_.verify(token, now());
    EXPECT_FALSE(verified.ok()) << token;
    if (!verified.ok()) {
      EXPECT_EQ(verified.error(), chat::TokenError::kInvalid);
    }
  }

  base::TemporaryDirectory directory_;
  base::ManualClock clock_;
  std::unique_ptr<KeyRing> ring_;
  JwtTokens tokens_;
  int forged_ = 0;
};

TEST_F(Tokens, AreAcceptedWithAllTheirClaimsUntilTheyExpire) {
  const std::string token = tokens_.sign(claims());
  const auto verified = tokens_.verify(token, now());
  ASSERT_TRUE(verified.ok());
  EXPECT_EQ(verified->user, id<chat::UserId>(1));
  EXPECT_EQ(verified->login, id<chat::LoginId>(2));
  EXPECT_EQ(verified->device.value, "phone-1");
  EXPECT_EQ(verified->issued, now());
  EXPECT_EQ(verified->expires, now() + minutes(15));
  EXPECT_FALSE(verified->seeded);
  EXPECT_TRUE(tokens_.verify(token, now() + minutes(15) - seconds(1)).ok());
  const auto expired = tokens_.verify(token, now() + minutes(15));
  ASSERT_FALSE(expired.ok());
  EXPECT_EQ(expired.error(), chat::TokenError::kExpired);
}

TEST_F(Tokens, AreJsonThatAnyLibraryReads) {
  EXPECT_EQ(tokens_.sign(claims()), signed_token(header(), payload()));
}

TEST_F(Tokens, LiveADayOnlyWhenSeeded) {
  auto long_lived = claims(std::chrono::hours(24));
  EXPECT_FALSE(tokens_.verify(tokens_.sign(long_lived), now()).ok());
  long_lived.seeded = true;
  const auto verified = tokens_.verify(tokens_.sign(long_lived), now());
  ASSERT_TRUE(verified.ok());
  EXPECT_TRUE(verified->seeded);
  long_lived.expires += seconds(1);
  EXPECT_FALSE(tokens_.verify(tokens_.sign(long_lived), now()).ok());
  EXPECT_FALSE(tokens_.verify(tokens_.sign(claims(minutes(15) + seconds(1))), now()).ok());
  EXPECT_FALSE(tokens_.verify(tokens_.sign(claims(seconds(0))), now()).ok());
}

TEST_F(Tokens, WrittenWhenTheyLivedLongerHaveExpired) {
  JwtTokens lowered(*ring_, {.max_lifetime = minutes(1)});
  const auto before = lowered.verify(tokens_.sign(claims()), now());
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error(), chat::TokenError::kExpired) << "its session goes on: a refresh is what helps";
  EXPECT_TRUE(lowered.verify(lowered.sign(claims(minutes(1))), now()).ok());
  const auto forged = lowered.verify(tokens_.sign(claims()) + "x", now());
  ASSERT_FALSE(forged.ok());
  EXPECT_EQ(forged.error(), chat::TokenError::kInvalid);
}

TEST_F(Tokens, FromAClockSlightlyAheadAreAccepted) {
  auto ahead = claims();
  ahead.issued = now() + seconds(30);
  ahead.expires = ahead.issued + minutes(15);
  EXPECT_TRUE(tokens_.verify(tokens_.sign(ahead), now()).ok());
  ahead.issued = now() + seconds(31);
  ahead.expires = ahead.issued + minutes(15);
  EXPECT_FALSE(tokens_.verify(tokens_.sign(ahead), now()).ok());
}

TEST_F(Tokens, OfAnOlderKeyAreAcceptedUntilItIsRemoved) {
  const std::string old_token = tokens_.sign(claims());
  const auto old_key = current_key(*ring_->keys(), KeyPurpose::kToken).id;
  ASSERT_TRUE(ring_->rotate(KeyPurpose::kToken).ok());
  const std::string new_token = tokens_.sign(claims());
  EXPECT_NE(old_token, new_token);
  EXPECT_TRUE(tokens_.verify(old_token, now()).ok());
  EXPECT_TRUE(tokens_.verify(new_token, now()).ok());
  ASSERT_TRUE(ring_->remove(KeyPurpose::kToken, old_key).ok());
  EXPECT_FALSE(tokens_.verify(old_token, now()).ok());
  EXPECT_TRUE(tokens_.verify(new_token, now()).ok());
}

TEST_F(Tokens, AreRefusedWhenTheirTextWasTouched) {
  const std::string good = tokens_.sign(claims());

  // One character changed, anywhere; also the last one, whose spare bits base64url would ignore.
  for (std::size_t i = 0; i < good.size(); ++i) {
    for (const char c : {'A', 'b', '.', '=', '\n'}) {
      std::string bad = good;
      if (bad[i] == c) continue;
      bad[i] = c;
      expect_forged(bad);
    }
  }
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (const char c : alphabet) {
    if (c != good.back()) expect_forged(good.substr(0, good.size() - 1) + c);
  }
  // Cut, extended, padded, wrapped.
  for (std::size_t size = 0; size < good.size(); ++size) expect_forged(good.substr(0, size));
  for (const std::string extra : {"=", "A", ".", ".A", " ", "\n"}) expect_forged(good + extra);
  expect_forged(good + std::string(1, '\0'));
  expect_forged(" " + good);
  expect_forged("Bearer " + good);
  expect_forged(good + "." + good);
  expect_forged(std::string(100'000, 'A'));
  expect_forged(std::string(1000, '.'));
  EXPECT_GE(forged_, 1500);
}

TEST_F(Tokens, AreRefusedUnderAnyOtherHeader) {
  ASSERT_TRUE(tokens_.verify(signed_token(header(), payload()), now()).ok()) << "the forge itself works";
  // Each genuinely signed.
  const std::string key = kid();
  const std::string wrong_headers[] = {
      R"({"alg":"none","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"None","kid":")" + key + "\"}",
      R"({"alg":"hs256","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"HS384","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"HS512","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"RS256","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"ES256","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"EdDSA","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":["HS256"],"typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"HS256","alg":"none","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"none","alg":"HS256","typ":"JWT","kid":")" + key + "\"}",
      R"({"alg":"HS256","typ":"JWT","kid":")" + key + R"(","crit":["exp"]})",
      R"({"alg":"HS256","typ":"JWT","kid":")" + key + R"(","jku":"https://evil.example/keys"})",
      R"({"alg":"HS256","typ":"JWT","kid":")" + key + R"(","x5u":"https://evil.example/cert"})",
      R"({"alg":"HS256","typ":"JWT","kid":")" + key + R"(","x5c":["MIIB"]})",
      R"({"alg":"HS256","typ":"JWT","kid":")" + key + R"(","jwk":{"kty":"oct","k":"AAAA"}})",
      R"({"alg":"HS256","typ":"JWT","kid":")" + key + R"(","zip":"DEF"})",
      R"({"alg":"HS256","typ":"JWT","kid":")" + key + R"(","b64":false})",
      R"({"alg":"HS256","typ":"JWT","kid":"ffffffffffffffffffffffff"})",
      R"({"alg":"HS256","typ":"JWT","kid":"../../../../dev/null"})",
      R"({"alg":"HS256","typ":"JWT","kid":""})",
      R"({"alg":"HS256","typ":"JWT","kid":null})",
      R"({"alg":"HS256","typ":"JWT"})",
      R"({"typ":"JWT","kid":")" + key + "\"}",
      R"({"kid":")" + key + R"(","alg":"HS256","typ":"JWT"})",
      R"({"alg":"HS256","typ":"JWS","kid":")" + key + "\"}",
      R"({ "alg":"HS256","typ":"JWT","kid":")" + key + "\"}",
      R"({"\u0061lg":"HS256","typ":"JWT","kid":")" + key + "\"}",
      "",
      "{}",
      "[]",
      "null",
      "\"HS256\"",
      "{",
      std::string(600, '['),
  };
  for (const auto& wrong : wrong_headers) {
    expect_forged(signed_token(wrong, payload()));
    expect_forged(base::to_base64url(wrong) + "." + base::to_base64url(payload()) + ".");
  }
  EXPECT_GE(forged_, 60);
}

TEST_F(Tokens, AreRefusedUnderAKeyThatAnAttackerHas) {
  const std::string key = kid();
  for (const std::string& weak : {std::string(), std::string("secret"), std::string(32, '\0'), key,
                                  std::string(id<chat::UserId>(1).hex()), std::string("restante")}) {
    expect_forged(signed_with(weak, header(), payload()));
  }
  const auto keys = ring_->keys();
  for (const auto purpose : {KeyPurpose::kEpoch, KeyPurpose::kRefresh}) {
    const RingKey& other = current_key(*keys, purpose);
    expect_forged(signed_with(other.secret.view(), header(), payload()));
    expect_forged(
        signed_with(other.secret.view(), R"({"alg":"HS256","typ":"JWT","kid":")" + other.id.hex() + "\"}", payload()));
  }
  EXPECT_GE(forged_, 10);
}

TEST_F(Tokens, AreRefusedWithAnyOtherPayload) {
  // Each genuinely signed: every claim left out, of another type, wrong, duplicated.
  const std::string bad_values[] = {"",
                                    "null",
                                    "true",
                                    "[]",
                                    "{}",
                                    "1.5",
                                    "1e9",
                                    "-1",
                                    "\"\"",
                                    "\"x\"",
                                    "\"1\"",
                                    "0",
                                    "99999999999999999999",
                                    "\"zzzzzzzzzzzzzzzzzzzzzzzz\""};
  for (const std::string name : {"iss", "aud", "sub", "sid", "did", "iat", "nbf", "exp"}) {
    for (const auto& value : bad_values) {
      const bool valid = name == "did" && (value == "\"x\"" || value == "\"1\"" || value.size() > 25);
      if (valid) continue;
      expect_forged(signed_token(header(), payload(name, value)));
    }
    expect_forged(signed_token(header(), payload().substr(0, payload().size() - 1) + ",\"" + name + "\":\"x\"}"));
  }
  expect_forged(signed_token(header(), payload("aud", "[\"restante\"]")));
  expect_forged(signed_token(header(), payload("aud", "\"other\"")));
  expect_forged(signed_token(header(), payload("did", "\"a/b\"")));
  expect_forged(signed_token(header(), payload("did", "\"" + std::string(65, 'd') + "\"")));
  expect_forged(signed_token(header(), payload("seed", "false")));
  expect_forged(signed_token(header(), payload("seed", "1")));
  expect_forged(signed_token(header(), payload("admin", "true")));
  expect_forged(signed_token(header(), payload() + " x"));
  expect_forged(signed_token(header(), payload() + payload()));
  for (const std::string junk : {"", "{}", "[]", "null", "\"\"", "{", "\xff", "0"}) {
    expect_forged(signed_token(header(), junk));
  }
  EXPECT_GE(forged_, 100);
  RecordProperty("forged_tokens", forged_);
}

TEST(Hmac, MatchesTheExamplesOfTheRfcs) {
  // RFC 7515 A.1: HS256 over the example of RFC 7519 §3.1.
  const auto key =
      *base::from_base64url("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const std::string text =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
  const Mac mac = hmac_sha256(key, text);
  EXPECT_EQ(base::to_base64url({mac.data(), mac.size()}), "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
  // RFC 4231, test cases 2 and 6 (a key longer than a block), with another key in between.
  const Mac second = hmac_sha256("Jefe", "what do ya want for nothing?");
  EXPECT_EQ(base::to_hex({second.data(), second.size()}),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  const Mac sixth = hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First");
  EXPECT_EQ(base::to_hex({sixth.data(), sixth.size()}),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(base::to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST_F(Tokens, ThatRefreshNameTheirLoginAndAreNeverTheSame) {
  HmacRefreshTokens refresh(*ring_);
  const auto login = id<chat::LoginId>(7);
  std::set<std::string> made;
  for (int n = 0; n < 100; ++n) made.insert(refresh.make(login));
  EXPECT_EQ(made.size(), 100u);
  for (const auto& token : made) {
    EXPECT_EQ(token.size(), 80u);
    EXPECT_EQ(refresh.parse(token), login);
    EXPECT_EQ(refresh.hash(token).size(), 32u);
    EXPECT_EQ(refresh.hash(token), sha256(token));
  }
}

TEST_F(Tokens, ThatRefreshAreMadeAgainForTheSameLoginAndParentOnly) {
  HmacRefreshTokens refresh(*ring_);
  const auto login = id<chat::LoginId>(7);
  const std::string parent = refresh.hash(refresh.make(login));
  const std::string child = refresh.make_again(login, parent);
  EXPECT_EQ(child, refresh.make_again(login, parent));
  EXPECT_EQ(refresh.parse(child), login);
  EXPECT_NE(child, refresh.make_again(id<chat::LoginId>(8), parent));
  EXPECT_NE(child, refresh.make_again(login, refresh.hash(child)));
  ASSERT_TRUE(ring_->rotate(KeyPurpose::kRefresh).ok());
  EXPECT_NE(child, refresh.make_again(login, parent));
  EXPECT_EQ(refresh.parse(child), login);
}

TEST_F(Tokens, ThatRefreshAreRefusedWithAnyCharacterChanged) {
  HmacRefreshTokens refresh(*ring_);
  const std::string good = refresh.make(id<chat::LoginId>(7));
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = bad[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(refresh.parse(bad)) << i;
    EXPECT_FALSE(refresh.parse(good.substr(0, i)));
  }
  EXPECT_FALSE(refresh.parse(good + "A"));
  EXPECT_FALSE(refresh.parse(good + "="));
  EXPECT_FALSE(refresh.parse(std::string(80, '!')));
}

TEST_F(Tokens, ThatRefreshSurviveARotationUntilTheirKeyIsRemoved) {
  HmacRefreshTokens refresh(*ring_);
  const std::string token = refresh.make(id<chat::LoginId>(7));
  const auto old_key = current_key(*ring_->keys(), KeyPurpose::kRefresh).id;
  ASSERT_TRUE(ring_->rotate(KeyPurpose::kRefresh).ok());
  EXPECT_TRUE(refresh.parse(token));
  EXPECT_TRUE(refresh.parse(refresh.make(id<chat::LoginId>(7))));
  ASSERT_TRUE(ring_->remove(KeyPurpose::kRefresh, old_key).ok());
  EXPECT_FALSE(refresh.parse(token));
}

TEST(Argon2, VerifiesItsOwnHashesAndNothingElse) {
  Argon2Hasher hasher({.memory_kib = 64, .passes = 1});
  const std::string phc = hasher.hash("correct horse");
  EXPECT_EQ(phc.substr(0, 31), "$argon2id$v=19$m=64,t=1,p=1$" + phc.substr(28, 3));
  EXPECT_NE(phc, hasher.hash("correct horse")) << "salted";
  EXPECT_TRUE(hasher.verify("correct horse", phc));
  EXPECT_FALSE(hasher.verify("correct hors", phc));
  EXPECT_FALSE(hasher.verify("", phc));
  EXPECT_FALSE(hasher.verify("correct horse", ""));
  EXPECT_FALSE(hasher.verify("correct horse", "$argon2id$v=19$nonsense"));
  EXPECT_FALSE(hasher.verify("correct horse", "$2b$10$abcdefghijklmnopqrstuv"));
  EXPECT_FALSE(hasher.verify("correct horse", std::string(10'000, '$')));
}

TEST(Argon2, WorksAsMuchForAStringThatIsNotOfTodayAsForOneThatIs) {
  constexpr Argon2Parameters kToday{.memory_kib = 128, .passes = 3};
  const auto lacking = [&](const std::string& phc) {
    const auto work = lacking_work(kToday, phc);
    return work ? std::pair(work->memory_kib, work->passes) : std::pair(0u, 0u);
  };
  const std::pair all(128u, 3u);
  EXPECT_EQ(lacking("$2b$10$abcdefghijklmnopqrstuv"), all) << "bcrypt, of the founding application";
  EXPECT_EQ(lacking(""), all);
  EXPECT_EQ(lacking("$argon2id$v=19$nonsense"), all);
  EXPECT_EQ(lacking(Argon2Hasher(kToday).hash("x") + std::string(200, 'A')), all) << "too long to be looked at";
  const std::pair nothing(0u, 0u);
  EXPECT_EQ(lacking(Argon2Hasher(kToday).hash("x")), nothing);
  EXPECT_EQ(lacking(Argon2Hasher({.memory_kib = 256, .passes = 3}).hash("x")), nothing);
  EXPECT_EQ(lacking(Argon2Hasher({.memory_kib = 128, .passes = 1}).hash("x")), std::pair(128u, 2u));
  EXPECT_EQ(lacking(Argon2Hasher({.memory_kib = 64, .passes = 1}).hash("x")), std::pair(106u, 3u)) << "384 - 64";
}

TEST(Argon2, CallsAHashOutdatedWhenParametersRoseAndOnlyThen) {
  Argon2Hasher weak({.memory_kib = 64, .passes = 1});
  Argon2Hasher strong({.memory_kib = 128, .passes = 2});
  EXPECT_FALSE(weak.outdated(weak.hash("x")));
  EXPECT_TRUE(strong.outdated(weak.hash("x")));
  EXPECT_FALSE(weak.outdated(strong.hash("x")));
  EXPECT_TRUE(weak.outdated("plain"));
  EXPECT_TRUE(strong.verify("x", weak.hash("x"))) << "an old hash still lets its owner in";
}

TEST(Argon2, UsesTheParametersOfTheSecurityPageByDefault) {
  EXPECT_TRUE(Argon2Hasher().outdated("$argon2id$v=19$m=65535,t=3,p=1$"));
  EXPECT_TRUE(Argon2Hasher().outdated("$argon2id$v=19$m=65536,t=2,p=1$"));
  EXPECT_FALSE(Argon2Hasher().outdated("$argon2id$v=19$m=65536,t=3,p=1$"));
}

}  // namespace
}  // namespace adapters::crypto
