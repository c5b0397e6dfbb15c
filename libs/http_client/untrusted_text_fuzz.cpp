// Header values and URLs as strangers may write them. What a URL is accepted as must say the same when it is read
// again.

#include <cstdint>
#include <string_view>

#include "base/check.hpp"
#include "http_client/https_url.hpp"
#include "http_client/retry_after.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(bytes), size);
  constexpr base::WallTime kNow{std::chrono::seconds(1'700'000'000)};
  const auto delay = http_client::parse_retry_after(text, kNow);
  CHECK(!delay || (*delay >= std::chrono::seconds(0) && *delay <= http_client::kMaxRetryAfter));
  const auto url = http_client::parse_https_url(text);
  if (!url) return 0;
  const auto again = http_client::parse_https_url(url->origin);
  CHECK(again && again->host == url->host && again->port == url->port && again->origin == url->origin);
  CHECK(http_client::host_matches(url->host, url->host));
  return 0;
}
