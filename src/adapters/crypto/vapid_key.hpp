#pragma once
// VapidKey: the P-256 key pair by which browser vendors know this server (RFC 8292). The private half is the ring's
// `vapid` secret, 32 bytes, and does not leave this room: others get signatures. Browsers bind their subscriptions to
// the public half, so it stays the same as long as the key ring lives.

#include <memory>
#include <string>
#include <string_view>

#include "adapters/crypto/key_ring.hpp"
#include "adapters/crypto/primitives.hpp"

struct evp_pkey_st;

namespace adapters::crypto {

class VapidKey {
 public:
  /// The ring's current one.
  explicit VapidKey(const KeyRing& ring);
  /// CHECK: is_scalar(secret).
  explicit VapidKey(const Secret& secret);

  /// 0 < secret < order of the group: all but one in 2^32 draws.
  static bool is_scalar(const Secret& secret);

  /// Uncompressed point, 65 bytes (SEC 1 §2.3.3); in base64url it is the page's `applicationServerKey`.
  [[nodiscard]] const std::string& public_key() const { return public_key_; }
  /// ES256 (RFC 7518 §3.4): r ‖ s, 64 bytes. Any thread.
  [[nodiscard]] std::string sign(std::string_view text) const;

 private:
  std::string public_key_;
  std::shared_ptr<evp_pkey_st> key_;  // shared by copies
};

}  // namespace adapters::crypto
