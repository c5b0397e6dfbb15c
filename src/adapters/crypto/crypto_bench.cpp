// What sealing a text and checking a token cost. `ninja crypto_bench && bin/crypto_bench`.

#include <benchmark/benchmark.h>

#include "adapters/crypto/argon2_hasher.hpp"
#include "adapters/crypto/content_sealer.hpp"
#include "adapters/crypto/hmac_refresh_tokens.hpp"
#include "adapters/crypto/jwt_tokens.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::crypto {
namespace {

struct Fixture {
  base::TemporaryDirectory directory;
  base::ManualClock clock;
  std::unique_ptr<KeyRing> ring =
      std::move(*KeyRing::open({.directory = directory.path(), .master = std::nullopt, .create = true}, clock));
  ContentSealer sealer{*ring, clock};
  JwtTokens tokens{*ring};
  chat::WrappedKey key = sealer.create_key({});
};

void seal(benchmark::State& state) {
  Fixture fixture;
  const std::string text(static_cast<std::size_t>(state.range(0)), 't');
  for (auto _ : state) benchmark::DoNotOptimize(fixture.sealer.seal(fixture.key, {}, text));
}
BENCHMARK(seal)->Arg(200)->Arg(8192);

void open(benchmark::State& state) {
  Fixture fixture;
  const auto sealed = *fixture.sealer.seal(fixture.key, {}, std::string(static_cast<std::size_t>(state.range(0)), 't'));
  for (auto _ : state) benchmark::DoNotOptimize(fixture.sealer.open(fixture.key, {}, sealed));
}
BENCHMARK(open)->Arg(200)->Arg(8192);

void should_rotate(benchmark::State& state) {
  Fixture fixture;
  for (auto _ : state) benchmark::DoNotOptimize(fixture.sealer.should_rotate(fixture.key));
}
BENCHMARK(should_rotate);

void verify_token(benchmark::State& state) {
  Fixture fixture;
  const auto now = fixture.clock.wall_now();
  const chat::AccessClaims claims{.user = {},
                                  .login = {},
                                  .device = chat::DeviceId{"phone"},
                                  .issued = now,
                                  .expires = now + std::chrono::minutes(15)};
  const std::string token = fixture.tokens.sign(claims);
  for (auto _ : state) {
    if (!fixture.tokens.verify(token, now).ok()) std::abort();
  }
}
BENCHMARK(verify_token);

void parse_refresh_token(benchmark::State& state) {
  Fixture fixture;
  HmacRefreshTokens refresh(*fixture.ring);
  const std::string token = refresh.make({});
  for (auto _ : state) benchmark::DoNotOptimize(refresh.parse(token));
}
BENCHMARK(parse_refresh_token);

void hash_password(benchmark::State& state) {
  Argon2Hasher hasher;
  for (auto _ : state) benchmark::DoNotOptimize(hasher.hash("correct horse battery"));
}
BENCHMARK(hash_password)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace adapters::crypto

BENCHMARK_MAIN();
