#include "adapters/webpush/message_encryption.hpp"

#include "adapters/webpush/content_coding.hpp"
#include "base/random.hpp"

namespace adapters::webpush {

namespace {
constexpr std::string_view kContext("WebPush: info\0", 14);  // with its zero byte
constexpr std::size_t kKeyMaterialBytes = 32;
}  // namespace

std::string encrypt(const Subscription& to, std::string_view plaintext, const P256KeyPair& sender,
                    std::string_view salt) {
  const std::string point = sender.public_point();
  const std::string context = std::string(kContext) + to.key.bytes() + point;
  const std::string key_material = hkdf(to.secret, sender.agree(to.key), context, kKeyMaterialBytes);
  return encode_aes128gcm(salt, key_material, point, plaintext);
}

std::string encrypt(const Subscription& to, std::string_view plaintext) {
  static thread_local base::SecureRandom random;
  return encrypt(to, plaintext, P256KeyPair::generate(), random.bytes(kSaltBytes));
}

}  // namespace adapters::webpush
