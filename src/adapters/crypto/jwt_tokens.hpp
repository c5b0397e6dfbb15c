#pragma once
// JwtTokens: access tokens, HS256 (RFC 7515, 7519) and nothing else.
//
// Only tokens that this server wrote are of interest, so nothing is negotiated: a header is accepted when it is, byte
// for byte, the one that this server writes for a key of its ring. No other algorithm, no `none`, `crit`, `jku`, `x5u`,
// `jwk` can be expressed at all, and no JSON of a stranger is parsed before the signature has been found genuine.
//
//   header  = {"alg":"HS256","typ":"JWT","kid":"<key-id>"}
//   payload = exactly iss aud sub sid did iat nbf exp, and "seed":true for tokens of `restante seed`

#include <chrono>
#include <mutex>
#include <string>
#include <vector>

#include "adapters/crypto/key_ring.hpp"
#include "chat/ports/access_tokens.hpp"

namespace adapters::crypto {

struct JwtOptions {
  std::string issuer = "restante";
  std::string audience = "restante";
  std::chrono::seconds max_lifetime{15 * 60};
  std::chrono::seconds max_seeded_lifetime{24 * 60 * 60};
  std::chrono::seconds leeway{30};  // of `iat` and `nbf`, for clocks of other nodes; `exp` has none
};

class JwtTokens final : public chat::AccessTokens {
 public:
  /// Borrows the ring.
  explicit JwtTokens(const KeyRing& ring, JwtOptions options = {});

  [[nodiscard]] std::string sign(const chat::AccessClaims& claims) override;
  [[nodiscard]] base::Result<chat::AccessClaims, chat::TokenError> verify(std::string_view token,
                                                                          chat::WallTime now) override;

 private:
  struct Signer {
    std::string header;  // base64url, with its dot
    Secret secret;
  };
  using Signers = std::vector<Signer>;  // oldest first: the last one signs

  std::shared_ptr<const Signers> signers();
  [[nodiscard]] std::string payload_of(const chat::AccessClaims& claims) const;
  [[nodiscard]] std::optional<chat::AccessClaims> parse(std::string_view payload) const;
  [[nodiscard]] bool plausible(const chat::AccessClaims& claims, chat::WallTime now) const;
  /// Written while tokens lived longer than they may now. It counts as expired: its session goes on, and a refresh has
  /// a token that lives as long as it may.
  [[nodiscard]] bool outlives(const chat::AccessClaims& claims) const;

  const KeyRing& ring_;
  const JwtOptions options_;
  std::mutex mutex_;  // guards the two below
  std::uint64_t ring_version_ = ~std::uint64_t{0};
  std::shared_ptr<const Signers> signers_;
};

}  // namespace adapters::crypto
