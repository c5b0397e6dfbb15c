#pragma once
// Api: answers every HTTP request that is not the engine's. Any thread may call the handler; services answer by posting
// to the executor that `here` names (the calling shard's). The Api must outlive its pending calls: stop the shards and
// services first.

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "api/static_files.hpp"
#include "base/clock.hpp"
#include "chat/services/accounts.hpp"
#include "chat/services/accounts_throttle.hpp"
#include "chat/services/history.hpp"
#include "chat/services/inspection.hpp"
#include "chat/services/messaging.hpp"
#include "chat/services/relations.hpp"
#include "socketio/engineio/http.hpp"

namespace api {

struct Call;
struct Route;
enum class Rate : std::uint8_t;
using CallPtr = std::shared_ptr<Call>;

struct Services {
  chat::Accounts& accounts;
  chat::Relations& relations;
  chat::History& history;
  chat::Messaging& messaging;
  const base::Clock& clock;
  chat::Inspection* inspection = nullptr;  // nullptr: the operator's calls are answered 404
};

/// What this server can push to, and which push services a browser may name.
struct PushOffer {
  bool fcm = false;
  std::string webpush_public_key;  // VAPID, base64url of the uncompressed point; empty: no Web Push
  /// What is wrong with an address beyond its form, as a sentence for whoever wrote the client; nullopt: it may be
  /// stored. Empty: all may. Any thread, must not block: what a host resolves to is looked at when it is used.
  std::function<std::optional<std::string>(const chat::PushAddress& address)> refuse;
};

struct Options {
  std::string web_root;                      // empty: no pages
  std::vector<std::string> allowed_origins;  // exact, or the single "*"; empty: no CORS headers
  std::function<std::string()> metrics;      // Prometheus text. Empty: an empty page
  /// Runs `metrics` on a thread that is nobody's shard; false: too many wait. Empty: it runs where the request came.
  std::function<bool(base::Task)> aside = {};
  std::function<base::Executor&()> here;  // the executor of the calling thread
  PushOffer push = {};
  std::string operator_token = {};      // empty: nobody is the operator
  std::uint32_t events_per_second = 0;  // chat::Limits; 0: nobody writes too often
};

class Api {
 public:
  /// Reads the web client's files.
  Api(Services services, Options options);

  void handle(engineio::HttpRequest request, engineio::HttpResponder respond);
  /// For engineio::Server::on_http.
  [[nodiscard]] engineio::HttpHandler handler();
  /// /readyz answers 503 from now on.
  void set_draining() { draining_.store(true, std::memory_order_relaxed); }
  [[nodiscard]] bool draining() const { return draining_.load(std::memory_order_relaxed); }

  /// Calls that were refused because their user wrote too often; any thread. For restante_refusals_total.
  [[nodiscard]] std::uint64_t refused_writes() const { return writes_.refused() + marks_.refused(); }

  [[nodiscard]] Services& services() { return services_; }
  [[nodiscard]] const Options& options() const { return options_; }
  /// Exports hold a user's whole history in memory, so only few are there at once; one is until the permit is
  /// destroyed, on any thread, also after the Api. Null: too many now.
  [[nodiscard]] std::shared_ptr<void> begin_export();

 private:
  void handle_route(CallPtr call);
  void authenticate(CallPtr call, const Route& route);
  /// 0, or the seconds that the call's user has to wait.
  [[nodiscard]] std::uint32_t rate_wait(const Call& call, Rate rate);
  void authenticate_operator(CallPtr call, const Route& route);
  void handle_file(const CallPtr& call);

  Services services_;
  const Options options_;
  const StaticFiles files_;
  chat::WindowThrottle writes_;
  chat::WindowThrottle marks_;
  std::atomic<bool> draining_{false};
  const std::shared_ptr<std::atomic<int>> exports_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace api
