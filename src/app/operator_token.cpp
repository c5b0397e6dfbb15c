#include "app/operator_token.hpp"

#include "adapters/crypto/secret_file.hpp"
#include "base/hex.hpp"
#include "base/random.hpp"

namespace app {
namespace {

constexpr std::size_t kSecretBytes = 32;  // 256 bit: nobody guesses it, so that guessing needs no limit
constexpr std::size_t kLeastCharacters = 32;
constexpr std::size_t kMostBytes = 1024;

std::string path_in(const std::string& directory) {
  return directory + "/operator_token";
}

}  // namespace

base::Result<std::optional<std::string>, std::string> stored_operator_token(const std::string& directory) {
  const auto path = path_in(directory);
  auto stored = adapters::crypto::read_secret_file(path, kMostBytes);
  if (!stored) return base::fail(stored.error().message);
  if (!stored.value()) return std::optional<std::string>();
  auto token = std::move(*stored.value());
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r')) token.pop_back();
  if (token.size() >= kLeastCharacters) return std::optional(std::move(token));
  return base::fail(path + " is too short for a secret; remove it, and the next start makes a new one");
}

base::Result<std::string, std::string> operator_token(const std::string& directory) {
  auto stored = stored_operator_token(directory);
  if (!stored) return base::fail(stored.error());
  if (stored.value()) return std::move(*stored.value());
  base::SecureRandom random;
  auto token = base::to_base64url(random.bytes(kSecretBytes));
  if (auto done = adapters::crypto::write_secret_file(path_in(directory), token + "\n", false); !done) {
    return base::fail(done.error().message);
  }
  return token;
}

}  // namespace app
