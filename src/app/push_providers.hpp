#pragma once
// The push providers that the settings ask for, and what follows from them for clients. Used by the server and by
// `restante push test`.

#include <memory>
#include <optional>
#include <string>

#include "adapters/crypto/key_ring.hpp"
#include "adapters/fcm/fcm_provider.hpp"
#include "adapters/webpush/webpush_provider.hpp"
#include "api/api.hpp"
#include "app/settings.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "chat/ports/push_provider.hpp"
#include "chat/rules/pseudonym.hpp"

namespace app {

[[nodiscard]] adapters::fcm::FcmOptions fcm_options(const Settings& settings);
[[nodiscard]] adapters::webpush::EndpointRules endpoint_rules(const Settings& settings);

/// Which setting of the pushes that are on cannot be used; nullopt: all can. Reads files, connects to nothing.
std::optional<std::string> refuse_pushes(const Settings& settings);

struct PushProviders {
  std::unique_ptr<chat::PushProvider> fcm;      // nullptr: no key file is set
  std::unique_ptr<chat::PushProvider> webpush;  // nullptr: push.webpush is false
  std::string webpush_public_key;               // base64url, for pages; empty without Web Push
};

/// The error is one line for the operator. `clock` must outlive the result; `keys` need not.
base::Result<PushProviders, std::string> make_push_providers(const Settings& settings,
                                                             const adapters::crypto::KeyRing& keys,
                                                             const base::Clock& clock);

/// Of what leaves for providers: secret, and the same after a restart.
[[nodiscard]] chat::PseudonymKey pseudonym_key(const adapters::crypto::KeyRing& keys);

/// For api::Options: what clients are told, and which addresses may be stored.
[[nodiscard]] api::PushOffer push_offer(const Settings& settings, const PushProviders& providers);

}  // namespace app
