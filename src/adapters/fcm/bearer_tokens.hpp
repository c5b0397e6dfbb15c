#pragma once
// BearerTokens: the access token that FCM wants, fetched with the service account's key and kept. It is replaced five
// minutes before its end; one request for a new one at a time, which everybody who needs it waits for. While the old
// one is still good nobody waits.

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/fcm/service_account.hpp"
#include "base/clock.hpp"
#include "base/task.hpp"
#include "chat/ports/push_provider.hpp"
#include "http_client/poster.hpp"

namespace adapters::fcm {

class BearerTokens {
 public:
  /// The token, or what a push that cannot have one ends with.
  using Token = base::Result<std::string, chat::PushResult>;
  using Got = base::Function<void(Token)>;

  /// Borrows both, which must outlive it or, the poster, be destroyed first: it may call back until then.
  BearerTokens(ServiceAccount account, http_client::Poster& poster, const base::Clock& clock);

  /// Any thread. `got` runs before this returns when there is a token, otherwise on the poster's thread. As many may
  /// wait as its caller has pushes under way.
  void get(Got got);
  /// FCM did not take `token`: the next get() fetches another, unless somebody has done so meanwhile.
  void forget(const std::string& token);

 private:
  void fetch();
  void fetched(http_client::Answer answer);
  /// Empty when the answer holds no token.
  std::string keep(const http_client::Response& response);

  const ServiceAccount account_;
  http_client::Poster& poster_;
  const base::Clock& clock_;
  std::mutex mutex_;  // guards the rest; never held while calling out
  std::string token_;
  base::SteadyTime usable_until_{};
  base::SteadyTime renew_at_{};
  bool fetching_ = false;
  std::vector<Got> waiting_;
};

}  // namespace adapters::fcm
