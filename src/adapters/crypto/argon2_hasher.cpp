#include "adapters/crypto/argon2_hasher.hpp"

#include <sodium.h>

#include <algorithm>
#include <charconv>

#include "base/check.hpp"

namespace adapters::crypto {

namespace {

constexpr std::string_view kPrefix = "$argon2id$v=19$";
constexpr std::uint64_t kLeastMemoryKib = crypto_pwhash_MEMLIMIT_MIN / 1024;

bool is_ours(std::string_view phc) {
  return phc.starts_with(kPrefix) && phc.size() < crypto_pwhash_STRBYTES;
}

/// Takes the time of such a hash; what comes out is nobody's.
void spend(std::string_view password, const Argon2Parameters& work) {
  constexpr unsigned char kSalt[crypto_pwhash_SALTBYTES] = {};
  unsigned char out[crypto_pwhash_BYTES_MIN];
  const std::size_t memory = std::size_t{work.memory_kib} * 1024;
  // One that fails, for want of memory, only takes less time.
  [[maybe_unused]] const int done = crypto_pwhash(out, sizeof out, password.data(), password.size(), kSalt, work.passes,
                                                  memory, crypto_pwhash_ALG_ARGON2ID13);
}

/// The number behind `name` (`m=`, `t=`); 0 when it is not there.
std::uint32_t number_behind(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  std::uint32_t number = 0;
  std::from_chars(text.data() + at + name.size(), text.data() + text.size(), number);
  return number;
}

}  // namespace

std::optional<Argon2Parameters> lacking_work(const Argon2Parameters& today, std::string_view phc) {
  const auto wanted = std::uint64_t{today.memory_kib} * today.passes;
  const auto done = is_ours(phc) ? std::uint64_t{number_behind(phc, "m=")} * number_behind(phc, "t=") : 0;
  if (wanted < done + kLeastMemoryKib) return std::nullopt;
  const auto passes = (wanted - done + today.memory_kib - 1) / today.memory_kib;  // of no more memory than today's
  const auto memory_kib = std::max(kLeastMemoryKib, (wanted - done) / passes);
  return Argon2Parameters{.memory_kib = static_cast<std::uint32_t>(memory_kib),
                          .passes = static_cast<std::uint32_t>(passes)};
}

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
  if (is_ours(phc)) {
    const std::string terminated(phc);
    if (crypto_pwhash_str_verify(terminated.c_str(), password.data(), password.size()) == 0) return true;
  }
  if (const auto lacking = lacking_work(parameters_, phc)) spend(password, *lacking);
  return false;
}

bool Argon2Hasher::outdated(std::string_view phc) const {
  if (!phc.starts_with(kPrefix)) return true;
  const std::string_view rest = phc.substr(kPrefix.size());
  const std::string_view parameters = rest.substr(0, rest.find('$'));
  return number_behind(parameters, "m=") < parameters_.memory_kib ||
         number_behind(parameters, "t=") < parameters_.passes;
}

}  // namespace adapters::crypto
