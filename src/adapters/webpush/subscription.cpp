#include "adapters/webpush/subscription.hpp"

#include <algorithm>

#include "base/hex.hpp"
#include "base/json_reader.hpp"
#include "http_client/https_url.hpp"

namespace adapters::webpush {

namespace {

constexpr std::size_t kSecretBytes = 16;

std::optional<std::string> text_of(const base::JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  return member ? member->as_string() : std::nullopt;
}

bool matches(const http_client::HttpsUrl& url, std::string_view rule, bool any_port) {
  const std::size_t colon = rule.find(':');
  const bool port_fits = colon == std::string_view::npos ? any_port || url.port == http_client::kHttpsPort
                                                         : rule.substr(colon + 1) == std::to_string(url.port);
  return port_fits && http_client::host_matches(url.host, rule.substr(0, colon));
}

}  // namespace

base::Result<Subscription, std::string> parse_subscription(std::string_view json) {
  const auto object = base::parse_json(json);
  if (!object || !object->is_object()) return base::fail("an address is a JSON object");
  const auto endpoint = text_of(*object, "endpoint");
  if (!endpoint) return base::fail("endpoint must be a string");
  const auto url = http_client::parse_https_url(*endpoint);
  if (!url) return base::fail("endpoint must be an https URL, without credentials and at most 2048 bytes long");
  const auto keys = object->member("keys");
  const auto point_text = keys ? text_of(*keys, "p256dh") : std::nullopt;
  const auto secret_text = keys ? text_of(*keys, "auth") : std::nullopt;
  if (!point_text || !secret_text) return base::fail("keys must hold p256dh and auth, both strings");
  const auto point_bytes = base::from_base64url(*point_text);
  auto point = point_bytes ? P256Point::parse(*point_bytes) : std::nullopt;
  if (!point) return base::fail("keys.p256dh must be a point of P-256, 65 bytes in base64url");
  auto secret = base::from_base64url(*secret_text);
  if (!secret || secret->size() != kSecretBytes) return base::fail("keys.auth must be 16 bytes in base64url");
  return Subscription{*endpoint, url->origin, std::move(*point), std::move(*secret)};
}

std::string origin_of(std::string_view json) {
  const auto object = base::parse_json(json);
  const auto endpoint = object ? text_of(*object, "endpoint") : std::nullopt;
  const auto url = endpoint ? http_client::parse_https_url(*endpoint) : std::nullopt;
  return url ? url->origin : "";
}

bool endpoint_allowed(std::string_view endpoint, const EndpointRules& rules) {
  const auto url = http_client::parse_https_url(endpoint);
  return url && std::any_of(rules.allowed_hosts.begin(), rules.allowed_hosts.end(),
                            [&](const std::string& rule) { return matches(*url, rule, rules.any_port); });
}

std::optional<std::string> refuse_address(std::string_view json, const EndpointRules& rules) {
  const auto subscription = parse_subscription(json);
  if (!subscription) return subscription.error();
  if (endpoint_allowed(subscription->endpoint, rules)) return std::nullopt;
  return "endpoint is not at a push service that this server sends to";
}

}  // namespace adapters::webpush
