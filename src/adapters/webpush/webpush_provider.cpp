#include "adapters/webpush/webpush_provider.hpp"

#include <algorithm>
#include <chrono>

#include "adapters/webpush/content_coding.hpp"
#include "adapters/webpush/message_encryption.hpp"
#include "adapters/webpush/webpush_answer.hpp"
#include "adapters/webpush/webpush_message.hpp"
#include "http_client/curl_client.hpp"

namespace adapters::webpush {

namespace {

// RFC 8030 §5.2 knows no bound; services cap it at 28 days themselves, and FCM's browsers refuse more.
constexpr std::chrono::seconds kMaxTtl{2'419'200};

}  // namespace

base::Result<std::unique_ptr<WebPushProvider>, std::string> WebPushProvider::create(WebPushOptions options,
                                                                                    const base::Clock& clock) {
  if (!is_subject(options.identity.subject)) {
    return base::fail("the subject of Web Push must begin with mailto: or https: and hold no blanks or quotes");
  }
  auto client = http_client::CurlClient::create(
      {.ca_file = options.ca_file, .public_addresses_only = !options.allow_private_addresses}, clock);
  if (!client) return base::fail(client.error());
  return std::make_unique<WebPushProvider>(std::move(options), std::move(*client), clock);
}

WebPushProvider::WebPushProvider(WebPushOptions options, std::unique_ptr<http_client::Poster> poster,
                                 const base::Clock& clock)
    : rules_{std::move(options.allowed_hosts), options.allow_private_addresses},
      tokens_(std::move(options.identity), clock),
      poster_(std::move(poster)) {}

std::string WebPushProvider::part(const chat::PushAddress& address) const {
  return origin_of(address.address);
}

void WebPushProvider::send(chat::PushRequest request, Done done) {
  const auto fail = [&](chat::PushOutcome outcome, std::string detail) {
    poster_->defer(
        [done = std::move(done), result = chat::PushResult{outcome, std::nullopt, std::move(detail)}]() mutable {
          done(std::move(result));
        });
  };
  const auto to = parse_subscription(request.address.address);
  if (!to) return fail(chat::PushOutcome::kAddressDead, "malformed_address");
  // The operator's list is newer than the address, and may be a slip: the address stays.
  if (!endpoint_allowed(to->endpoint, rules_)) return fail(chat::PushOutcome::kPayloadRefused, "host_not_allowed");
  const std::string message = render_message(request);
  if (message.size() > kMaxPlaintextBytes) return fail(chat::PushOutcome::kPayloadRefused, "payload_too_large");
  poster_->post(request_to(*to, request, message),
                [this, origin = to->origin, done = std::move(done)](http_client::Answer answer) mutable {
                  answered(origin, answer, std::move(done));
                });
}

http_client::Request WebPushProvider::request_to(const Subscription& to, const chat::PushRequest& request,
                                                 std::string_view message) {
  const auto ttl = std::clamp(request.ttl, std::chrono::seconds(0), kMaxTtl);
  http_client::Request result;
  result.url = to.endpoint;
  result.headers = {{"TTL", std::to_string(ttl.count())},
                    {"Urgency", request.visible ? "high" : "normal"},
                    {"Content-Type", "application/octet-stream"},
                    {"Content-Encoding", "aes128gcm"},
                    {"Authorization", tokens_.authorization(to.origin)}};
  if (!request.collapse_key.empty()) result.headers.emplace_back("Topic", request.collapse_key);
  result.body = encrypt(to, message);
  return result;
}

void WebPushProvider::answered(const std::string& origin, const http_client::Answer& answer, Done done) {
  if (!answer) return done(judge(answer.error()));
  // Perhaps the token was wrong, by a clock that was set since: the next push to this service gets a fresh one.
  if (answer->status == 401 || answer->status == 403) tokens_.forget(origin);
  done(judge(*answer));
}

}  // namespace adapters::webpush
