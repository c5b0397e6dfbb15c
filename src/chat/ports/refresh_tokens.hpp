#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "chat/model/ids.hpp"

namespace chat {

/// Opaque refresh tokens: base64url(login id 12 ‖ random 32 ‖ MAC 16), 80 characters. The MAC (HMAC-SHA-256 under a key
/// of the server, truncated) proves that this server issued the token for that login, so that a token which the login's
/// row no longer knows is a spent one (re-use), never a guess that could end a stranger's session. Thread-safe.
class RefreshTokens {
 public:
  virtual ~RefreshTokens() = default;
  /// A fresh token of this login.
  [[nodiscard]] virtual std::string make(const LoginId& login) = 0;
  /// The same token for the same parent (its hash), as long as the server's key is not rotated; nobody without that key
  /// can tell it from a fresh one.
  [[nodiscard]] virtual std::string make_again(const LoginId& login, std::string_view parent_hash) = 0;
  /// The login of a genuine token; nullopt for everything else (length, alphabet, MAC), in constant time over the MAC.
  [[nodiscard]] virtual std::optional<LoginId> parse(std::string_view token) const = 0;
  /// SHA-256 of the token's text, 32 raw bytes: what a store keeps instead of the token.
  [[nodiscard]] virtual std::string hash(std::string_view token) const = 0;
};

}  // namespace chat
