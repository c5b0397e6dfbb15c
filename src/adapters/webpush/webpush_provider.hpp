#pragma once
// WebPushProvider: pushes to browsers through their vendors' push services (RFC 8030, 8188, 8291, 8292). No account is
// needed anywhere: the browser's subscription says where, the VAPID key says who. Nothing is retried here.

#include <memory>
#include <string>

#include "adapters/webpush/subscription.hpp"
#include "adapters/webpush/vapid_tokens.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "chat/ports/push_provider.hpp"
#include "http_client/poster.hpp"

namespace adapters::webpush {

struct WebPushOptions {
  VapidIdentity identity;
  std::vector<std::string> allowed_hosts;
  /// Let endpoints resolve to addresses that are not public, on any port. For tests.
  bool allow_private_addresses = false;
  std::string ca_file = {};  // trusted besides the system's; empty: none
};

class WebPushProvider final : public chat::PushProvider {
 public:
  /// The error is one line for the operator.
  static base::Result<std::unique_ptr<WebPushProvider>, std::string> create(WebPushOptions options,
                                                                            const base::Clock& clock);
  /// On a given poster, for tests.
  WebPushProvider(WebPushOptions options, std::unique_ptr<http_client::Poster> poster, const base::Clock& clock);

  [[nodiscard]] std::string_view kind() const override { return "webpush"; }
  /// The origin of its endpoint: each vendor fails alone.
  [[nodiscard]] std::string part(const chat::PushAddress& address) const override;
  void send(chat::PushRequest request, base::Function<void(chat::PushResult)> done) override;

 private:
  using Done = base::Function<void(chat::PushResult)>;
  [[nodiscard]] http_client::Request request_to(const Subscription& to, const chat::PushRequest& request,
                                                std::string_view message);
  void answered(const std::string& origin, const http_client::Answer& answer, Done done);

  const EndpointRules rules_;
  VapidTokens tokens_;
  const std::unique_ptr<http_client::Poster> poster_;  // last: its end calls back what is under way
};

}  // namespace adapters::webpush
