#include "adapters/crypto/argon2_hasher.hpp"

#include <sodium.h>

#include <charconv>

#include "base/check.hpp"

namespace adapters::crypto {

namespace {

constexpr std::string_view kPrefix = "$argon2id$v=19$";

/// The number behind `name` (`m=`, `t=`); 0 when it is not there.
std::uint32_t number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  std::uint32_t number = 0;
  std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
  return number;
}

}  // namespace

Argon2Hasher::Argon2Hasher(Argon2Parameters parameters) : parameters_(parameters) {
  CHECK(sodium_init() >= 0);
}

std::string Argon2Hasher::hash(std::string_view password) {
  char phc[crypto_pwhash_STRBYTES];
  const std::size_t memory = std::size_t{parameters_.memory_kib} * 1024;
  // Fails for want of memory only; callers hold a permit from a budget that is there.
  CHECK(crypto_pwhash_str_alg(phc, password.data(), password.size(), parameters_.passes, memory,
                              crypto_pwhash_ALG_ARGON2ID13) == 0);
  return phc;
}

bool Argon2Hasher::verify(std::string_view password, std::string_view phc) {
  if (!phc.starts_with(kPrefix) || phc.size() >= crypto_pwhash_STRBYTES) return false;
  const std::string terminated(phc);
  return crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) == 0;
}

bool Argon2Hasher::outdated(std::string_view phc) const {
  if (!phc.starts_with(kPrefix)) return true;
  const std::string_view rest = phc.substr(kPrefix.size());
  const std::string_view parameters = rest.substr(0, rest.find('$'));
  return number_behind(parameters, "m=") < parameters_.memory_kib ||
         number_behind(parameters, "t=") < parameters_.passes;
}

}  // namespace adapters::crypto
