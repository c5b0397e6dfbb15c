#pragma once
// The two algorithms of this room, AES-256-GCM and HMAC-SHA-256, on OpenSSL's EVP: algorithms are fetched once,
// contexts are one per thread. All functions are for any thread; a call that OpenSSL refuses for no fault of the input
// is a CHECK.

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace adapters::crypto {

inline constexpr std::size_t kKeyBytes = 32;
inline constexpr std::size_t kNonceBytes = 12;
inline constexpr std::size_t kTagBytes = 16;
inline constexpr std::size_t kMacBytes = 32;

/// A key, or other secret of that size; wiped when it goes.
class Secret {
 public:
  Secret() = default;
  /// CHECK: exactly kKeyBytes.
  explicit Secret(std::string_view bytes);
  Secret(const Secret&) = default;
  Secret& operator=(const Secret&) = default;
  ~Secret();
  [[nodiscard]] std::string_view view() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
  [[nodiscard]] const unsigned char* data() const { return bytes_.data(); }
  static Secret random();

 private:
  std::array<unsigned char, kKeyBytes> bytes_{};
};

/// From the kernel's generator, read in blocks per thread.
void fill_random(void* to, std::size_t size);

/// Appends nonce ‖ ciphertext ‖ tag under a fresh random nonce.
void append_sealed(std::string& out, const Secret& key, std::string_view associated, std::string_view plaintext);
/// Appends the plaintext of nonce ‖ ciphertext ‖ tag; false, and `out` unchanged, when it is not authentic.
bool append_opened(std::string& out, const Secret& key, std::string_view associated, std::string_view sealed);

using Mac = std::array<char, kMacBytes>;
Mac hmac_sha256(std::string_view key, std::string_view text);
std::string sha256(std::string_view text);

/// Time depends on the lengths only.
bool equal_in_constant_time(std::string_view a, std::string_view b);
/// Overwrites a string that held a secret.
void wipe(std::string& secret);

}  // namespace adapters::crypto
