#include "app/operator_token.hpp"

#include "adapters/crypto/secret_file.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"

namespace app {
namespace {

constexpr std::size_t kSecretBytes = 32;  // 256 bit: nobody guesses it, so that guessing needs no limit
constexpr std::size_t kLeastCharacters = 32;
constexpr std::size_t kMostBytes = 1024;

}  // namespace

base::Result<std::string, std::string> operator_token(const std::string& directory) {
  const auto path = directory + "/operator_token";
  auto stored = adapters::crypto::read_secret_file(path, kMostBytes);
  if (!stored) return base::fail(stored.error().message);
  if (stored.value()) {
    auto token = std::move(*stored.value());
    while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
    if (token.size() >= kLeastCharacters) return token;
    return base::fail(path + " is too short for a secret; remove it, and the next start makes a new one");
  }
  base::SecureRandom random;
  auto token = base::to_base64url(random.bytes(kSecretBytes));
  if (auto done = adapters::crypto::write_secret_file(path, token + "\n", false); !done) {
    return base::fail(done.error().message);
  }
  return token;
}

}  // namespace app
