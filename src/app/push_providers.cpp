#include "app/push_providers.hpp"

#include "adapters/crypto/vapid_key.hpp"
#include "adapters/fcm/fcm_address.hpp"
#include "base/hex.hpp"
#include "http_client/curl_client.hpp"
#include "http_client/https_url.hpp"

namespace app {
namespace {

std::optional<std::string> refuse_address(const chat::PushAddress& address,
                                          const adapters::webpush::EndpointRules& rules) {
  if (address.kind == "webpush") return adapters::webpush::refuse_address(address.address, rules);
  const auto parsed = adapters::fcm::parse_address(address.address);
  return parsed ? std::nullopt : std::optional(parsed.error());
}

}  // namespace

adapters::fcm::FcmOptions fcm_options(const Settings& settings) {
  return {.service_account = settings.push.fcm_service_account,
          .base_url = settings.push.fcm_base_url,
          .ca_file = settings.push.ca_file};
}

adapters::webpush::EndpointRules endpoint_rules(const Settings& settings) {
  return {.allowed_hosts = settings.push.webpush_allowed_hosts, .any_port = settings.push.allow_private_addresses};
}

std::optional<std::string> refuse_pushes(const Settings& settings) {
  const auto& push = settings.push;
  const bool fcm = !push.fcm_service_account.empty();
  if (fcm) {
    if (!http_client::parse_https_url(push.fcm_base_url))
      return "push.fcm_base_url: " + push.fcm_base_url + " is no https URL";
    if (const auto account = adapters::fcm::load_service_account(push.fcm_service_account); !account)
      return "push.fcm_service_account: " + account.error();
  }
  if (push.webpush && !adapters::webpush::is_subject(push.webpush_subject))
    return "push.webpush_subject must begin with mailto: or https: and hold no blanks or quotes";
  if (push.ca_file.empty() || (!fcm && !push.webpush)) return std::nullopt;
  const base::SystemClock clock;
  const auto client = http_client::CurlClient::create({.ca_file = push.ca_file}, clock);
  return client ? std::nullopt : std::optional("push.ca_file: " + client.error());
}

base::Result<PushProviders, std::string> make_push_providers(const Settings& settings,
                                                             const adapters::crypto::KeyRing& keys,
                                                             const base::Clock& clock) {
  PushProviders made;
  if (!settings.push.fcm_service_account.empty()) {
    auto fcm = adapters::fcm::FcmProvider::create(fcm_options(settings), clock);
    if (!fcm) return base::fail("push.fcm_service_account: " + fcm.error());
    made.fcm = std::move(*fcm);
  }
  if (settings.push.webpush) {
    const adapters::crypto::VapidKey key(keys);
    auto webpush = adapters::webpush::WebPushProvider::create(
        {.identity = {.public_key = key.public_key(),
                      .sign = [key](std::string_view text) { return key.sign(text); },
                      .subject = settings.push.webpush_subject},
         .allowed_hosts = settings.push.webpush_allowed_hosts,
         .allow_private_addresses = settings.push.allow_private_addresses,
         .ca_file = settings.push.ca_file},
        clock);
    if (!webpush) return base::fail("push.webpush: " + webpush.error());
    made.webpush = std::move(*webpush);
    made.webpush_public_key = base::to_base64url(key.public_key());
  }
  return made;
}

chat::PseudonymKey pseudonym_key(const adapters::crypto::KeyRing& keys) {
  const auto ring = keys.keys();
  const auto& secret = adapters::crypto::current_key(*ring, adapters::crypto::KeyPurpose::kVapid).secret;
  const auto mac = adapters::crypto::hmac_sha256(secret.view(), "pseudonyms of devices in pushes");
  chat::PseudonymKey key;
  std::copy_n(mac.begin(), key.size(), key.begin());
  return key;
}

api::PushOffer push_offer(const Settings& settings, const PushProviders& providers) {
  return {.fcm = providers.fcm != nullptr,
          .webpush_public_key = providers.webpush_public_key,
          .refuse = [rules = endpoint_rules(settings)](const chat::PushAddress& address) {
            return refuse_address(address, rules);
          }};
}

}  // namespace app
