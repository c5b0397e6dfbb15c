#pragma once
// ECDH on P-256 (RFC 8291 §3.1), on OpenSSL's EVP. Points are uncompressed (SEC 1 §2.3.3), as browsers give them.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

struct evp_pkey_st;

namespace adapters::webpush {

inline constexpr std::size_t kPointBytes = 65;

/// Another party's public key: 65 bytes that are a point of the curve. Copies share it.
class P256Point {
 public:
  static std::optional<P256Point> parse(std::string_view bytes);
  [[nodiscard]] const std::string& bytes() const { return bytes_; }

 private:
  friend class P256KeyPair;
  P256Point(std::string bytes, std::shared_ptr<evp_pkey_st> key) : bytes_(std::move(bytes)), key_(std::move(key)) {}
  std::string bytes_;
  std::shared_ptr<evp_pkey_st> key_;
};

class P256KeyPair {
 public:
  static P256KeyPair generate();
  /// nullopt: `scalar` (32 bytes) and `point` are not a key pair.
  static std::optional<P256KeyPair> parse(std::string_view scalar, std::string_view point);

  [[nodiscard]] std::string public_point() const;
  /// The shared secret, 32 bytes.
  [[nodiscard]] std::string agree(const P256Point& peer) const;

 private:
  explicit P256KeyPair(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)) {}
  std::shared_ptr<evp_pkey_st> key_;
};

}  // namespace adapters::webpush
