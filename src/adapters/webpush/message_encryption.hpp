#pragma once
// Message encryption for Web Push (RFC 8291): only the browser that subscribed can read a push.

#include <string>
#include <string_view>

#include "adapters/webpush/p256.hpp"
#include "adapters/webpush/subscription.hpp"

namespace adapters::webpush {

/// With a key pair and a salt that were never used before: the body to send. CHECK: at most kMaxPlaintextBytes.
[[nodiscard]] std::string encrypt(const Subscription& to, std::string_view plaintext);
/// The same with given ones, which the RFC's example needs.
[[nodiscard]] std::string encrypt(const Subscription& to, std::string_view plaintext, const P256KeyPair& sender,
                                  std::string_view salt);

}  // namespace adapters::webpush
