#include "adapters/crypto/hmac_refresh_tokens.hpp"

#include <algorithm>

#include "base/hex.hpp"

namespace adapters::crypto {

namespace {

constexpr std::size_t kLoginBytes = sizeof(base::ObjectIdBytes);
constexpr std::size_t kRandomBytes = 32;  // 256 bit
constexpr std::size_t kMacKept = 16;
constexpr std::size_t kTokenBytes = kLoginBytes + kRandomBytes + kMacKept;
constexpr std::size_t kTokenCharacters = kTokenBytes * 4 / 3;
constexpr std::string_view kDomain = "restante refresh token";  // this key's MACs mean nothing elsewhere
constexpr std::string_view kAgainDomain = "restante repeated child";
static_assert(kRandomBytes == kMacBytes);

std::string mac_of(const RingKey& key, std::string_view body) {
  const Mac mac = hmac_sha256(key.secret.view(), std::string(kDomain) + std::string(body));
  return {mac.data(), kMacKept};
}

std::string token_of(const RingKey& key, std::string bytes) {
  bytes += mac_of(key, bytes);
  return base::to_base64url(bytes);
}

}  // namespace

std::string HmacRefreshTokens::make_again(const chat::LoginId& login, std::string_view parent_hash) {
  const auto keys = ring_.keys();
  const auto& key = current_key(*keys, KeyPurpose::kRefresh);
  std::string bytes(login.view());
  const Mac derived = hmac_sha256(key.secret.view(), std::string(kAgainDomain) + bytes + std::string(parent_hash));
  bytes.append(derived.data(), derived.size());
  return token_of(key, std::move(bytes));
}

std::string HmacRefreshTokens::make(const chat::LoginId& login) {
  const auto keys = ring_.keys();
  std::string bytes(login.view());
  bytes.resize(kLoginBytes + kRandomBytes);
  fill_random(bytes.data() + kLoginBytes, kRandomBytes);
  return token_of(current_key(*keys, KeyPurpose::kRefresh), std::move(bytes));
}

std::optional<chat::LoginId> HmacRefreshTokens::parse(std::string_view token) const {
  if (token.size() != kTokenCharacters) return std::nullopt;
  const auto bytes = base::from_base64url(token);
  if (!bytes || bytes->size() != kTokenBytes) return std::nullopt;
  const auto body = std::string_view(*bytes).substr(0, kTokenBytes - kMacKept);
  const auto keys = ring_.keys();
  for (const auto& key : *keys) {
    if (key.purpose != KeyPurpose::kRefresh) continue;
    if (!equal_in_constant_time(mac_of(key, body), std::string_view(*bytes).substr(body.size()))) continue;
    chat::LoginId login;
    std::copy_n(body.begin(), kLoginBytes, login.bytes.begin());
    return login;
  }
  return std::nullopt;
}

std::string HmacRefreshTokens::hash(std::string_view token) const {
  return sha256(token);
}

}  // namespace adapters::crypto
