// restante push test USER: walks from the user to the provider and says of each hop whether it holds, and if not, what
// to do. Reads the store as it is and changes nothing, also while the server runs. What it sends is marked as a test.
#include <future>
#include <iostream>

#include "adapters/fcm/fcm_address.hpp"
#include "adapters/fcm/service_account.hpp"
#include "app/commands.hpp"
#include "app/operator_store.hpp"
#include "app/push_providers.hpp"
#include "http_client/curl_client.hpp"

namespace app {
namespace {

using chat::PushOutcome;

constexpr int kFailed = 1;
constexpr auto kTestLife = std::chrono::minutes(5);  // nobody looks for a test push later than that

struct Hop {
  bool holds = true;
  std::string says;
};

void print(std::string_view name, const Hop& hop) {
  std::cout << "  " << name << std::string(12 - std::min<std::size_t>(name.size(), 11), ' ')
            << (hop.holds ? "ok   " : "WRONG ") << hop.says << "\n";
}

chat::PushRequest test_push(const chat::PushAddress& address) {
  chat::PushRequest request;
  request.address = address;
  request.collapse_key = "restante-test";
  request.ttl = kTestLife;
  request.title = "Restante";
  request.body = "This is a test of notifications.";
  request.badge = 1;
  request.data = {{"t", "test"}};
  return request;
}

/// What the operator can do about an answer.
std::string advice_on(std::string_view kind, const chat::PushResult& result) {
  const bool fcm = kind == "fcm";
  switch (result.outcome) {
    case PushOutcome::kAddressDead:
      return "the address is dead: the app must register again (the server deletes it at the next push)";
    case PushOutcome::kPayloadRefused:
      return fcm ? "FCM does not like what we send; please report this with the code"
                 : "refused: the host is not allowed, not at a public address, or the browser subscribed with another "
                   "server's VAPID key; switch notifications off and on in the page";
    case PushOutcome::kThrottled:
      return "too many pushes; the provider asks to wait, the server does so by itself";
    case PushOutcome::kServerError:
    case PushOutcome::kUnavailable:
      return result.detail == "untrusted"
                 ? "its certificate does not prove the host: is there a proxy, or an authority for push.ca_file?"
                 : "no use was to be had of the provider; can this machine reach it on port 443? Pushes wait meanwhile";
    case PushOutcome::kLaneStopped:
      return fcm ? "FCM refuses this server: enable the Firebase Cloud Messaging API (V1) of the project and give the "
                   "service account the role Firebase Cloud Messaging API Admin; THIRD_PARTY_AUTH_ERROR: the APNs key "
                   "in the Firebase console is missing or wrong"
                 : "the push service refuses this server";
    default:
      return "";
  }
}

Hop judge(std::string_view kind, const chat::PushResult& result) {
  if (result.outcome == PushOutcome::kAccepted) return {true, "accepted (which does not say that it was shown)"};
  std::string says = advice_on(kind, result);
  if (!result.detail.empty()) says = result.detail + ": " + says;
  if (result.retry_after) says += ", " + std::to_string(result.retry_after->count()) + " s";
  return {false, says};
}

chat::PushResult send_and_wait(chat::PushProvider& provider, const chat::PushAddress& address) {
  std::promise<chat::PushResult> answered;
  provider.send(test_push(address), [&answered](chat::PushResult result) { answered.set_value(std::move(result)); });
  return answered.get_future().get();  // the provider answers always, at its time-out at the latest
}

class PushTest {
 public:
  PushTest(const Settings& settings, const base::Clock& clock) : settings_(settings), clock_(clock) {}

  /// True when a provider took the push.
  bool device(const chat::Device& device) {
    std::cout << "device " << device.id.value << "\n";
    if (!device.push) {
      print("address", {false, "none: the app or the page has not asked for notifications yet (PUT /api/v1/devices/" +
                                   device.id.value + "/push), or the provider said that the old one is dead"});
      return false;
    }
    return device.push->kind == "fcm" ? fcm(*device.push) : webpush(*device.push);
  }

 private:
  bool fcm(const chat::PushAddress& address) {
    const auto parsed = adapters::fcm::parse_address(address.address);
    print("address", parsed ? Hop{true, "FCM"} : Hop{false, parsed.error()});
    if (!parsed || !fcm_configured() || !fcm_token()) return false;
    auto provider = adapters::fcm::FcmProvider::create(fcm_options(settings_), clock_);
    if (!provider) return refuse("provider", provider.error());
    return sent(**provider, address);
  }

  bool fcm_configured() {
    const auto& path = settings_.push.fcm_service_account;
    if (path.empty()) {
      return refuse("provider", "push.fcm_service_account is empty. Set it to the key file of a service account, or " +
                                    std::string("pass the server's --config here as well"));
    }
    const auto account = adapters::fcm::load_service_account(path);
    if (!account) {
      return refuse("key file",
                    account.error() + ". Make a new one in the Firebase console: project settings, service accounts");
    }
    print("provider", {true, "FCM at " + settings_.push.fcm_base_url});
    print("key file", {true, path + ", " + account->client_email + " of project " + account->project_id});
    return true;
  }

  bool fcm_token() {
    auto account = adapters::fcm::load_service_account(settings_.push.fcm_service_account);
    auto client = http_client::CurlClient::create({.ca_file = settings_.push.ca_file}, clock_);
    if (!account) return refuse("key file", account.error());
    if (!client) return refuse("provider", "push.ca_file: " + client.error());
    const auto from = account->token_uri;
    adapters::fcm::BearerTokens tokens(std::move(*account), **client, clock_);
    std::promise<std::string> got;
    tokens.get([&got](adapters::fcm::BearerTokens::Token token) {
      got.set_value(token ? std::string() : token.error().detail);
    });
    const auto problem = got.get_future().get();
    client->reset();  // calls back what is under way, so it goes before the tokens
    if (problem.empty()) {
      print("token", {true, "from " + from});
      return true;
    }
    return refuse("token", problem + " from " + from +
                               ": the key was deleted or disabled in the Google Cloud console, or this machine's clock "
                               "is wrong, or the endpoint cannot be reached");
  }

  bool webpush(const chat::PushAddress& address) {
    const auto refused = adapters::webpush::refuse_address(address.address, endpoint_rules(settings_));
    const auto parsed = adapters::webpush::parse_subscription(address.address);
    if (refused) {
      return refuse("address",
                    *refused + (parsed ? " (push.webpush_allowed_hosts): " + parsed->origin : std::string()));
    }
    print("address", {true, "Web Push at " + parsed->origin});
    if (!settings_.push.webpush) return refuse("provider", "push.webpush is false");
    auto keys = adapters::crypto::KeyRing::open(
        {.directory = settings_.storage.path, .master = std::nullopt, .create = false}, clock_);
    if (!keys) return refuse("key", keys.error().message);
    auto only_webpush = settings_;
    only_webpush.push.fcm_service_account.clear();
    const auto providers = make_push_providers(only_webpush, **keys, clock_);
    if (!providers) return refuse("provider", providers.error());
    print("provider", {true, "VAPID key " + providers->webpush_public_key + ", " + settings_.push.webpush_subject});
    return sent(*providers->webpush, address);
  }

  static bool sent(chat::PushProvider& provider, const chat::PushAddress& address) {
    const auto hop = judge(provider.kind(), send_and_wait(provider, address));
    print("send", hop);
    return hop.holds;
  }
  static bool refuse(std::string_view hop, std::string says) {
    print(hop, {false, std::move(says)});
    return false;
  }

  const Settings& settings_;
  const base::Clock& clock_;
};

}  // namespace

int push_test(const Settings& settings, const std::string& username) {
  const base::SystemClock clock;
  const auto store = open_store_read_only(settings);
  if (!store) return complain(store.error());
  const auto user = (*store)->user_by_name(username);
  if (!user) return complain(store_in_words(settings) + " cannot be read");
  if (!user.value()) return complain("there is no user \"" + username + "\" in " + store_in_words(settings));
  const auto devices = (*store)->devices(user.value()->id);
  if (!devices) return complain(store_in_words(settings) + " cannot be read");
  std::cout << "user " << user.value()->username << ", " << devices.value().size() << " devices\n";
  if (user.value()->deactivated) std::cout << "  this account is deactivated: the server sends it nothing\n";
  std::size_t accepted = 0;
  PushTest test(settings, clock);
  for (const auto& device : devices.value()) accepted += test.device(device) ? 1 : 0;
  std::cout << accepted << " of " << devices.value().size() << " devices: accepted by their provider\n";
  return accepted != 0 ? 0 : kFailed;
}

}  // namespace app
