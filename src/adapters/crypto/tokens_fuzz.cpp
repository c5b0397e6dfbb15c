// Tokens of strangers: whatever the bytes, nothing is accepted that this server did not write. A genuine token with a
// piece cut out and other bytes put in is the hardest of them.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>

#include "adapters/crypto/hmac_refresh_tokens.hpp"
#include "adapters/crypto/jwt_tokens.hpp"
#include "base/check.hpp"
#include "base/temporary_directory_testing.hpp"

using namespace adapters::crypto;  // NOLINT: a fuzz target has no names of its own to protect

namespace {

constexpr std::chrono::minutes kLife{15};

struct World {
  base::SystemClock clock;
  base::TemporaryDirectory directory;
  std::unique_ptr<KeyRing> ring{
      std::move(*KeyRing::open({.directory = directory.path(), .master = std::nullopt, .create = true}, clock))};
  JwtTokens access{*ring};
  HmacRefreshTokens refresh{*ring};
  chat::WallTime now = clock.wall_now();
  chat::AccessClaims claims = [this] {
    chat::AccessClaims made;
    made.user.bytes.fill(1);
    made.login.bytes.fill(2);
    made.device = chat::DeviceId{"phone"};
    made.issued = now;
    made.expires = now + kLife;
    return made;
  }();
  std::string access_token = access.sign(claims);
  std::string refresh_token = refresh.make(claims.login);
};

World& world() {
  static World made;
  return made;
}

void check(const std::string& text) {
  World& w = world();
  const auto claims = w.access.verify(text, w.now);
  CHECK(claims.ok() == (text == w.access_token));
  CHECK(!claims.ok() || (claims->user == w.claims.user && claims->login == w.claims.login));
  const auto login = w.refresh.parse(text);
  CHECK(login.has_value() == (text == w.refresh_token));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  check(std::string(bytes));
  if (size < 2) return 0;
  for (std::string token : {world().access_token, world().refresh_token}) {
    const std::size_t from = std::min<std::size_t>(data[0] * 2u, token.size());
    token.replace(from, data[1] % 64, bytes.substr(2));
    check(token);
  }
  return 0;
}
