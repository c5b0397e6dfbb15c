#include "adapters/crypto/primitives.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <cstring>
#include <memory>

#include "base/check.hpp"
#include "base/random.hpp"

namespace adapters::crypto {

namespace {

struct FreeCipher {
  void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
struct FreeCipherContext {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeMac {
  void operator()(EVP_MAC* mac) const { EVP_MAC_free(mac); }
};
struct FreeMacContext {
  void operator()(EVP_MAC_CTX* context) const { EVP_MAC_CTX_free(context); }
};

const EVP_CIPHER* aes_256_gcm() {
  static const std::unique_ptr<EVP_CIPHER, FreeCipher> cipher(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr));
  CHECK(cipher != nullptr);
  return cipher.get();
}

EVP_CIPHER_CTX* cipher_context() {
  static thread_local const std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext> context(EVP_CIPHER_CTX_new());
  CHECK(context != nullptr);
  return context.get();
}

EVP_MAC_CTX* hmac_context() {
  static const std::unique_ptr<EVP_MAC, FreeMac> mac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
  CHECK(mac != nullptr);
  static thread_local const std::unique_ptr<EVP_MAC_CTX, FreeMacContext> context([] {
    std::unique_ptr<EVP_MAC_CTX, FreeMacContext> fresh(EVP_MAC_CTX_new(mac.get()));
    CHECK(fresh != nullptr);
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    CHECK(EVP_MAC_CTX_set_params(fresh.get(), parameters) == 1);
    return fresh;
  }());
  return context.get();
}

const unsigned char* bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes(char* text) {
  return reinterpret_cast<unsigned char*>(text);
}
int length(std::string_view text) {
  return static_cast<int>(text.size());
}

}  // namespace

Secret::Secret(std::string_view secret) {
  CHECK(secret.size() == kKeyBytes);
  std::memcpy(bytes_.data(), secret.data(), kKeyBytes);
}

Secret::~Secret() {
  OPENSSL_cleanse(bytes_.data(), bytes_.size());
}

Secret Secret::random() {
  Secret secret;
  fill_random(secret.bytes_.data(), secret.bytes_.size());
  return secret;
}

void fill_random(void* to, std::size_t size) {
  static thread_local base::SecureRandom random;
  random.fill(to, size);
}

void append_sealed(std::string& out, const Secret& key, std::string_view associated, std::string_view plaintext) {
  const std::size_t start = out.size();
  out.resize(start + kNonceBytes + plaintext.size() + kTagBytes);
  unsigned char* const nonce = bytes(out.data() + start);
  unsigned char* const ciphertext = nonce + kNonceBytes;
  fill_random(nonce, kNonceBytes);
  EVP_CIPHER_CTX* const context = cipher_context();
  int written = 0;
  CHECK(EVP_EncryptInit_ex2(context, aes_256_gcm(), key.data(), nonce, nullptr) == 1);
  CHECK(EVP_EncryptUpdate(context, nullptr, &written, bytes(associated), length(associated)) == 1);
  CHECK(EVP_EncryptUpdate(context, ciphertext, &written, bytes(plaintext), length(plaintext)) == 1);
  CHECK(EVP_EncryptFinal_ex(context, ciphertext + written, &written) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kTagBytes),
                            ciphertext + plaintext.size()) == 1);
}

bool append_opened(std::string& out, const Secret& key, std::string_view associated, std::string_view sealed) {
  if (sealed.size() < kNonceBytes + kTagBytes) return false;
  const std::string_view ciphertext = sealed.substr(kNonceBytes, sealed.size() - kNonceBytes - kTagBytes);
  std::array<char, kTagBytes> tag;
  std::memcpy(tag.data(), ciphertext.data() + ciphertext.size(), kTagBytes);
  const std::size_t start = out.size();
  out.resize(start + ciphertext.size());
  unsigned char* const plaintext = bytes(out.data() + start);
  EVP_CIPHER_CTX* const context = cipher_context();
  int written = 0;
  CHECK(EVP_DecryptInit_ex2(context, aes_256_gcm(), key.data(), bytes(sealed), nullptr) == 1);
  CHECK(EVP_DecryptUpdate(context, nullptr, &written, bytes(associated), length(associated)) == 1);
  CHECK(EVP_DecryptUpdate(context, plaintext, &written, bytes(ciphertext), length(ciphertext)) == 1);
  CHECK(EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kTagBytes), tag.data()) == 1);
  if (EVP_DecryptFinal_ex(context, plaintext + written, &written) == 1) return true;
  OPENSSL_cleanse(plaintext, ciphertext.size());  // what did not authenticate is nobody's to read
  out.resize(start);
  return false;
}

Mac hmac_sha256(std::string_view key, std::string_view text) {
  EVP_MAC_CTX* const context = hmac_context();
  Mac mac;
  std::size_t written = 0;
  CHECK(EVP_MAC_init(context, bytes(key), key.size(), nullptr) == 1);
  CHECK(EVP_MAC_update(context, bytes(text), text.size()) == 1);
  CHECK(EVP_MAC_final(context, bytes(mac.data()), &written, mac.size()) == 1 && written == mac.size());
  return mac;
}

std::string sha256(std::string_view text) {
  std::string digest(kMacBytes, '\0');
  unsigned int written = 0;
  CHECK(EVP_Digest(text.data(), text.size(), bytes(digest.data()), &written, EVP_sha256(), nullptr) == 1);
  return digest;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

void wipe(std::string& secret) {
  OPENSSL_cleanse(secret.data(), secret.size());
}

}  // namespace adapters::crypto
