#include "adapters/webpush/p256.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/check.hpp"

namespace adapters::webpush {

namespace {

constexpr std::size_t kScalarBytes = 32;
constexpr char kUncompressed = 4;

struct Free {
  void operator()(BIGNUM* number) const { BN_clear_free(number); }
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
  void operator()(OSSL_PARAM_BLD* builder) const { OSSL_PARAM_BLD_free(builder); }
  void operator()(OSSL_PARAM* parameters) const { OSSL_PARAM_free(parameters); }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

/// A key of the point, and of the scalar when there is one. Empty: OpenSSL does not accept them, the point is not on
/// the curve for example.
std::shared_ptr<EVP_PKEY> make_key(std::string_view point, const BIGNUM* scalar) {
  const Owned<OSSL_PARAM_BLD> builder(OSSL_PARAM_BLD_new());
  CHECK(builder != nullptr);
  CHECK(OSSL_PARAM_BLD_push_utf8_string(builder.get(), OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0) == 1);
  CHECK(OSSL_PARAM_BLD_push_octet_string(builder.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size()) == 1);
  CHECK(scalar == nullptr || OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_PRIV_KEY, scalar) == 1);
  const Owned<OSSL_PARAM> parameters(OSSL_PARAM_BLD_to_param(builder.get()));
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_name(nullptr, "EC", nullptr));
  CHECK(parameters != nullptr && context != nullptr && EVP_PKEY_fromdata_init(context.get()) == 1);
  const int selection = scalar == nullptr ? EVP_PKEY_PUBLIC_KEY : EVP_PKEY_KEYPAIR;
  EVP_PKEY* key = nullptr;
  const bool made = EVP_PKEY_fromdata(context.get(), &key, selection, parameters.get()) == 1;
  const std::shared_ptr<EVP_PKEY> owned(key, &EVP_PKEY_free);
  const Owned<EVP_PKEY_CTX> checked(made ? EVP_PKEY_CTX_new_from_pkey(nullptr, key, nullptr) : nullptr);
  const bool sound = checked != nullptr &&
                     (scalar == nullptr ? EVP_PKEY_public_check(checked.get()) : EVP_PKEY_check(checked.get())) == 1;
  ERR_clear_error();
  return sound ? owned : nullptr;
}

bool is_uncompressed(std::string_view point) {
  return point.size() == kPointBytes && point.front() == kUncompressed;
}

}  // namespace

std::optional<P256Point> P256Point::parse(std::string_view bytes) {
  if (!is_uncompressed(bytes)) return std::nullopt;
  auto key = make_key(bytes, nullptr);
  if (!key) return std::nullopt;
  return P256Point(std::string(bytes), std::move(key));
}

P256KeyPair P256KeyPair::generate() {
  EVP_PKEY* const key = EVP_EC_gen("P-256");
  CHECK(key != nullptr);
  return P256KeyPair({key, &EVP_PKEY_free});
}

std::optional<P256KeyPair> P256KeyPair::parse(std::string_view scalar, std::string_view point) {
  if (scalar.size() != kScalarBytes || !is_uncompressed(point)) return std::nullopt;
  const Owned<BIGNUM> number(
      BN_bin2bn(reinterpret_cast<const unsigned char*>(scalar.data()), static_cast<int>(scalar.size()), nullptr));
  CHECK(number != nullptr);
  auto key = make_key(point, number.get());
  if (!key) return std::nullopt;
  return P256KeyPair(std::move(key));
}

std::string P256KeyPair::public_point() const {
  std::string bytes(kPointBytes, '\0');
  std::size_t size = 0;
  CHECK(EVP_PKEY_get_octet_string_param(key_.get(), OSSL_PKEY_PARAM_PUB_KEY,
                                        reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), &size) == 1);
  CHECK(size == kPointBytes && bytes.front() == kUncompressed);
  return bytes;
}

std::string P256KeyPair::agree(const P256Point& peer) const {
  const Owned<EVP_PKEY_CTX> context(EVP_PKEY_CTX_new_from_pkey(nullptr, key_.get(), nullptr));
  std::string secret(kScalarBytes, '\0');
  std::size_t size = secret.size();
  CHECK(context != nullptr && EVP_PKEY_derive_init(context.get()) == 1);
  CHECK(EVP_PKEY_derive_set_peer(context.get(), peer.key_.get()) == 1);
  CHECK(EVP_PKEY_derive(context.get(), reinterpret_cast<unsigned char*>(secret.data()), &size) == 1);
  CHECK(size == kScalarBytes);
  return secret;
}

}  // namespace adapters::webpush
