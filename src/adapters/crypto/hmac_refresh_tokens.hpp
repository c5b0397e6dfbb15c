#pragma once
#include "adapters/crypto/key_ring.hpp"
#include "chat/ports/refresh_tokens.hpp"

namespace adapters::crypto {

/// The layout is in the port's header; keys are those of the ring for KeyPurpose::kRefresh, newest for new tokens.
class HmacRefreshTokens final : public chat::RefreshTokens {
 public:
  /// Borrows the ring.
  explicit HmacRefreshTokens(const KeyRing& ring) : ring_(ring) {}
  [[nodiscard]] std::string make(const chat::LoginId& login) override;
  [[nodiscard]] std::string make_again(const chat::LoginId& login, std::string_view parent_hash) override;
  [[nodiscard]] std::optional<chat::LoginId> parse(std::string_view token) const override;
  [[nodiscard]] std::string hash(std::string_view token) const override;

 private:
  const KeyRing& ring_;
};

}  // namespace adapters::crypto
