#pragma once
// RS256 (RFC 7518 §3.3), the algorithm of service accounts.

#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace adapters::fcm {

class Rs256Key {
 public:
  /// A private RSA key of at least 2048 bits (RFC 7518 §3.3), PKCS #8 or PKCS #1, without a pass phrase.
  static std::optional<Rs256Key> from_pem(std::string_view pem);
  /// Any thread.
  [[nodiscard]] std::string sign(std::string_view text) const;

 private:
  explicit Rs256Key(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;  // shared by copies: OpenSSL counts for itself what this counts
};

}  // namespace adapters::fcm
