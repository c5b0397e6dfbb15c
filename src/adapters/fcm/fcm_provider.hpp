#pragma once
// FcmProvider: pushes through Firebase Cloud Messaging, HTTP v1. One request per push, many at once on one HTTP/2
// connection. Every answer of docs/push.md becomes a PushOutcome; what to do about it is the outbox's business. Nothing
// is retried here, except once with a fresh access token.

#include <memory>
#include <string>

#include "adapters/fcm/bearer_tokens.hpp"
#include "adapters/fcm/service_account.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "chat/ports/push_provider.hpp"
#include "http_client/poster.hpp"

namespace adapters::fcm {

struct FcmOptions {
  std::string service_account;  // path of the key file
  std::string base_url = "https://fcm.googleapis.com";
  std::string ca_file = {};  // trusted besides the system's; empty: none
};

class FcmProvider final : public chat::PushProvider {
 public:
  /// Reads the key file; connects to nothing yet. The error is one line for the operator. A file that others may read
  /// is used, with a warning in the log: secrets that a container platform mounts often are so.
  static base::Result<std::unique_ptr<FcmProvider>, std::string> create(const FcmOptions& options,
                                                                        const base::Clock& clock);
  /// On a given poster, for tests.
  FcmProvider(ServiceAccount account, std::string_view base_url, std::unique_ptr<http_client::Poster> poster,
              const base::Clock& clock);

  [[nodiscard]] std::string_view kind() const override { return "fcm"; }
  void send(chat::PushRequest request, base::Function<void(chat::PushResult)> done) override;

 private:
  struct Push;
  void post(std::unique_ptr<Push> push, const std::string& token);
  void authorize(std::unique_ptr<Push> push);
  void answered(std::unique_ptr<Push> push, const std::string& token, const http_client::Answer& answer);

  const std::string url_;
  const base::Clock& clock_;
  http_client::Poster& poster_;
  BearerTokens tokens_;
  const std::unique_ptr<http_client::Poster> owned_poster_;  // last: its end calls back what is under way
};

}  // namespace adapters::fcm
