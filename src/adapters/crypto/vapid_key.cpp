#include "adapters/crypto/vapid_key.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/obj_mac.h>
#include <openssl/param_build.h>

#include "base/check.hpp"

namespace adapters::crypto {

namespace {

constexpr std::size_t kPointBytes = 65;
constexpr int kNumberBytes = 32;

struct Free {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(EC_GROUP* group) const { EC_GROUP_free(group); }
  void operator()(EC_POINT* point) const { EC_POINT_free(point); }
  void operator()(ECDSA_SIG* signature) const { ECDSA_SIG_free(signature); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

const EC_GROUP* p256() {
  static const Owned<EC_GROUP> group(EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1));
  CHECK(group != nullptr);
  return group.get();
}

Owned<BIGNUM> number_of(const Secret& secret) {
  Owned<BIGNUM> number(BN_secure_new());
  CHECK(number != nullptr && BN_bin2bn(secret.data(), static_cast<int>(kKeyBytes), number.get()) != nullptr);
  BN_set_flags(number.get(), BN_FLG_CONSTTIME);
  return number;
}

std::string point_of(const BIGNUM* scalar) {
  const Owned<EC_POINT> point(EC_POINT_new(p256()));
  CHECK(point != nullptr && EC_POINT_mul(p256(), point.get(), scalar, nullptr, nullptr, nullptr) == 1);
  std::string bytes(kPointBytes, '\0');
  CHECK(EC_POINT_point2oct(p256(), point.get(), POINT_CONVERSION_UNCOMPRESSED,
                           reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), nullptr) == kPointBytes);
  return bytes;
}

std::shared_ptr<EVP_PKEY> key_of(const BIGNUM* scalar, const std::string& point) {
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  CHECK(builder != nullptr);
  CHECK(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1);
  CHECK(OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1);
  CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  EVP_PKEY* key = nullptr;
  CHECK(parameters != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  CHECK(EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_KEYPAIR, parameters.get()) == 1);
  return {key, &EVP_PKEY_free};
}

/// JOSE wants the two numbers side by side where X9.62, and OpenSSL, write a DER sequence.
std::string side_by_side(const std::string& der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const Owned<ECDSA_SIG> signature(d2i_ECDSA_SIG(nullptr, &at, static_cast<long>(der.size())));
  CHECK(signature != nullptr);
  std::string bytes(2 * std::size_t{kNumberBytes}, '\0');
  auto* const out = reinterpret_cast<unsigned char*>(bytes.data());
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), out, kNumberBytes) == kNumberBytes);
  CHECK(BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), out + kNumberBytes, kNumberBytes) == kNumberBytes);
  return bytes;
}

}  // namespace

VapidKey::VapidKey(const KeyRing& ring) : VapidKey(current_key(*ring.keys(), KeyPurpose::kVapid).secret) {}

VapidKey::VapidKey(const Secret& secret) {
  CHECK(is_scalar(secret));
  const auto scalar = number_of(secret);
  public_key_ = point_of(scalar.get());
  key_ = key_of(scalar.get(), public_key_);
}

bool VapidKey::is_scalar(const Secret& secret) {
  const auto scalar = number_of(secret);
  return !BN_is_zero(scalar.get()) && BN_cmp(scalar.get(), EC_GROUP_get0_order(p256())) < 0;
}

std::string VapidKey::sign(std::string_view text) const {
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  CHECK(context != nullptr && EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_.get()) == 1);
  std::size_t size = static_cast<std::size_t>(EVP_PKEY_get_size(key_.get()));
  std::string der(size, '\0');
  CHECK(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(der.data()), &size,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1);
  der.resize(size);
  return side_by_side(der);
}

}  // namespace adapters::crypto
