#include "adapters/webpush/subscription.hpp"

#include <gtest/gtest.h>

#include "base/hex.hpp"

namespace adapters::webpush {
namespace {

std::string point() {
  return base::to_base64url(P256KeyPair::generate().public_point());
}
std::string address(const std::string& endpoint, const std::string& p256dh, const std::string& auth) {
  return R"({"endpoint":")" + endpoint + R"(","expirationTime":null,"keys":{"p256dh":")" + p256dh + R"(","auth":")" +
         auth + "\"}}";
}
const std::string kEndpoint = "https://updates.push.services.mozilla.com/wpush/v2/gAAAA";
const std::string kSecret = "BTBZMqHH6r4Tts7J_aSIgg";
const EndpointRules kRules{{"updates.push.services.mozilla.com", "*.push.apple.com", "push.example.org:8443"}, false};

TEST(Subscription, IsReadAsBrowsersGiveIt) {
  const std::string key = point();
  const auto subscription = parse_subscription(address(kEndpoint, key, kSecret));
  ASSERT_TRUE(subscription.ok());
  EXPECT_EQ(subscription->endpoint, kEndpoint);
  EXPECT_EQ(subscription->origin, "https://updates.push.services.mozilla.com");
  EXPECT_EQ(base::to_base64url(subscription->key.bytes()), key);
  EXPECT_EQ(subscription->secret.size(), 16u);
  EXPECT_EQ(refuse_address(address(kEndpoint, key, kSecret), kRules), std::nullopt);
  EXPECT_EQ(origin_of(address(kEndpoint, "x", "y")), "https://updates.push.services.mozilla.com");
}

TEST(Subscription, IsRefusedWithASentenceThatNamesWhatIsWrong) {
  const std::string key = point();
  std::string off_curve = *base::from_base64url(key);
  off_curve.back() = static_cast<char>(off_curve.back() ^ 1);
  const std::pair<std::string, std::string> cases[] = {
      {"[]", "JSON object"},
      {"{", "JSON object"},
      {"{}", "endpoint"},
      {R"({"endpoint":7})", "endpoint"},
      {address("http://push.example/x", key, kSecret), "https"},
      {address("https://user@push.example/x", key, kSecret), "https"},
      {R"({"endpoint":"https://push.example/x"})", "keys"},
      {R"({"endpoint":"https://push.example/x","keys":{"p256dh":1,"auth":"x"}})", "keys"},
      {address(kEndpoint, "BAAA", kSecret), "p256dh"},
      {address(kEndpoint, base::to_base64url(off_curve), kSecret), "p256dh"},
      {address(kEndpoint, key, "BTBZMqHH6r4Tts7J_aSI"), "auth"},
      {address(kEndpoint, key, "not base64!"), "auth"},
      {address("https://example.com/x", key, kSecret), "not at a push service"},
  };
  for (const auto& [json, words] : cases) {
    const auto why = refuse_address(json, kRules);
    ASSERT_TRUE(why) << json;
    EXPECT_NE(why->find(words), std::string::npos) << *why;
  }
}

TEST(Endpoint, MustBeAtAnAllowedHostAndPort) {
  const auto allowed = [](std::string_view url) { return endpoint_allowed(url, kRules); };
  EXPECT_TRUE(allowed(kEndpoint));
  EXPECT_TRUE(allowed("https://UPDATES.push.services.mozilla.com:443/x"));
  EXPECT_TRUE(allowed("https://web.push.apple.com/x"));
  EXPECT_TRUE(allowed("https://push.example.org:8443/x"));
  EXPECT_FALSE(allowed("https://push.example.org/x")) << "the list names a port";
  EXPECT_FALSE(allowed("https://updates.push.services.mozilla.com:8443/x"));
  EXPECT_FALSE(allowed("https://push.apple.com/x")) << "a wildcard is for what is below";
  EXPECT_FALSE(allowed("https://evilpush.apple.com.example/x"));
  EXPECT_FALSE(allowed("https://web.push.apple.com.example/x"));
  EXPECT_FALSE(allowed("https://web.push.apple.com@127.0.0.1/x"));
  EXPECT_FALSE(allowed("https://127.0.0.1/x"));
  EXPECT_FALSE(allowed("https://[::1]/x"));
  EXPECT_FALSE(allowed("http://web.push.apple.com/x"));
}

TEST(Endpoint, OfTestsMayHaveAnyPort) {
  const EndpointRules rules{{"localhost"}, true};
  EXPECT_TRUE(endpoint_allowed("https://localhost:34567/push/x", rules));
  EXPECT_FALSE(endpoint_allowed("https://localhost:34567/push/x", {{"localhost"}, false}));
  EXPECT_FALSE(endpoint_allowed("https://example.com/push/x", rules));
}

}  // namespace
}  // namespace adapters::webpush
