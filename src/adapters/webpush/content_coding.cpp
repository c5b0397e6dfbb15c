#include "adapters/webpush/content_coding.hpp"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <memory>

#include "base/check.hpp"

namespace adapters::webpush {

namespace {

constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kKeyBytes = 16;
constexpr std::size_t kNonceBytes = 12;
constexpr std::size_t kTagBytes = 16;
constexpr char kLastRecord = 2;
// The names end with a zero byte that belongs to them.
constexpr std::string_view kKeyContext("Content-Encoding: aes128gcm\0", 28);
constexpr std::string_view kNonceContext("Content-Encoding: nonce\0", 24);

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(char* text) {
  return reinterpret_cast<unsigned char*>(text);
}
int length(std::string_view text) {
  return static_cast<int>(text.size());
}

std::string hmac_sha256(std::string_view key, std::string_view text) {
  std::string mac(kMacBytes, '\0');
  unsigned int written = 0;
  CHECK(HMAC(EVP_sha256(), key.data(), length(key), bytes(text), text.size(), bytes(mac.data()), &written) != nullptr);
  return mac;
}

/// Appends ciphertext ‖ tag.
void append_encrypted(std::string& out, std::string_view key, std::string_view nonce, std::string_view plaintext) {
  const std::size_t start = out.size();
  out.resize(start + plaintext.size() + kTagBytes);
  unsigned char* const ciphertext = bytes(out.data() + start);
  const std::unique_ptr<EVP_CIPHER_CTX, decltype(&EVP_CIPHER_CTX_free)> context(EVP_CIPHER_CTX_new(),
                                                                                &EVP_CIPHER_CTX_free);
  int written = 0;
  CHECK(context != nullptr);
  CHECK(EVP_EncryptInit_ex2(context.get(), EVP_aes_128_gcm(), bytes(key), bytes(nonce), nullptr) == 1);
  CHECK(EVP_EncryptUpdate(context.get(), ciphertext, &written, bytes(plaintext), length(plaintext)) == 1);
  CHECK(EVP_EncryptFinal_ex(context.get(), ciphertext + written, &written) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagBytes),
                            ciphertext + plaintext.size()) == 1);
}

}  // namespace

std::string hkdf(std::string_view salt, std::string_view key_material, std::string_view context, std::size_t size) {
  CHECK(size <= kMacBytes);  // one block: the counter is 1 and nothing comes before it
  const std::string key = hmac_sha256(salt, key_material);
  return hmac_sha256(key, std::string(context) + '\x01').substr(0, size);
}

std::string encode_aes128gcm(std::string_view salt, std::string_view key_material, std::string_view key_id,
                             std::string_view content) {
  CHECK(salt.size() == kSaltBytes && key_id.size() < 256 && content.size() <= kMaxPlaintextBytes);
  std::string body(salt);
  for (int shift = 24; shift >= 0; shift -= 8) body += static_cast<char>((kRecordBytes >> shift) & 0xFF);
  body += static_cast<char>(key_id.size());
  body += key_id;
  const std::string key = hkdf(salt, key_material, kKeyContext, kKeyBytes);
  const std::string nonce = hkdf(salt, key_material, kNonceContext, kNonceBytes);  // of record 0: no counter to mix in
  append_encrypted(body, key, nonce, std::string(content) + kLastRecord);
  return body;
}

}  // namespace adapters::webpush
