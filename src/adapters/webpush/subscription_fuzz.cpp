// Subscriptions as users may write them, and answers of the services that they name. What is accepted can be sent to.

#include <cstdint>
#include <string>

#include "adapters/webpush/message_encryption.hpp"
#include "adapters/webpush/subscription.hpp"
#include "adapters/webpush/webpush_answer.hpp"
#include "base/check.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const adapters::webpush::EndpointRules rules{{"push.example.org", "*.example.net", "localhost:8443"}, false};
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto subscription = adapters::webpush::parse_subscription(text);
  const auto refusal = adapters::webpush::refuse_address(text, rules);
  const std::string origin = adapters::webpush::origin_of(text);
  if (subscription) {
    CHECK(origin == subscription->origin && subscription->endpoint.starts_with("https://"));
    CHECK(adapters::webpush::encrypt(*subscription, "x").size() == 86 + 1 + 1 + 16);
  }
  CHECK(refusal || (subscription && adapters::webpush::endpoint_allowed(subscription->endpoint, rules)));
  for (const int status : {201, 403, 429}) {
    CHECK(adapters::webpush::judge(http_client::Response{status, text, {}}).detail.size() <= 64);
  }
  return 0;
}
