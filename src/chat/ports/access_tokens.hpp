#pragma once
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "chat/model/ids.hpp"

namespace chat {

struct AccessClaims {
  UserId user;
  LoginId login;
  DeviceId device;
  WallTime issued{};
  WallTime expires{};
  bool seeded = false;  // made by `restante seed`: may live 24 h
};

enum class TokenError : std::uint8_t { kInvalid, kExpired };

/// Signs and verifies access tokens with one fixed algorithm. Thread-safe.
class AccessTokens {
 public:
  virtual ~AccessTokens() = default;
  [[nodiscard]] virtual std::string sign(const AccessClaims& claims) = 0;
  [[nodiscard]] virtual base::Result<AccessClaims, TokenError> verify(std::string_view token, WallTime now) = 0;
};

}  // namespace chat
