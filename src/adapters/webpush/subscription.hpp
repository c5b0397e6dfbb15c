#pragma once
// A browser's push subscription: the JSON that a page stores for its device, as PushSubscription.toJSON() gives it.
//
//   address = {"endpoint": https URL, "keys": {"p256dh": base64url of 65 bytes, "auth": base64url of 16 bytes}}
//   Other members are ignored.
//
// The endpoint says where this server is to send requests, and it comes from a user: so only hosts on the operator's
// list are taken, on the default port unless the list names another. What such a host resolves to is checked when the
// connection is made (http_client).

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/webpush/p256.hpp"
#include "base/result.hpp"

namespace adapters::webpush {

struct Subscription {
  std::string endpoint;
  std::string origin;  // RFC 6454: the audience of the VAPID token
  P256Point key;
  std::string secret;  // 16 bytes
};

/// The error is a sentence for whoever wrote the client. Says nothing about the host.
base::Result<Subscription, std::string> parse_subscription(std::string_view json);

/// Of the endpoint alone, the keys unseen; empty when there is none.
[[nodiscard]] std::string origin_of(std::string_view json);

struct EndpointRules {
  std::vector<std::string> allowed_hosts;  // "host", "*.domain", each perhaps with ":port"
  bool any_port = false;                   // for tests
};
[[nodiscard]] bool endpoint_allowed(std::string_view endpoint, const EndpointRules& rules);

/// Both of the above. nullopt: an address that a client may store.
[[nodiscard]] std::optional<std::string> refuse_address(std::string_view json, const EndpointRules& rules);

}  // namespace adapters::webpush
