// Answers of FCM and of its token endpoint, addresses of clients, key files. The first byte chooses the status.

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <string>

#include "adapters/fcm/fcm_address.hpp"
#include "adapters/fcm/fcm_answer.hpp"
#include "adapters/fcm/service_account.hpp"
#include "base/check.hpp"

namespace {

void check(const chat::PushResult& result) {
  CHECK(result.outcome != chat::PushOutcome::kNone && result.outcome != chat::PushOutcome::kNotNeeded);
  CHECK(result.detail.size() <= 64);  // DeviceTrace::detail
  CHECK(std::all_of(result.detail.begin(), result.detail.end(), [](char c) { return c > ' ' && c <= '~'; }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  constexpr int kStatuses[] = {200, 302, 400, 401, 403, 404, 413, 429, 500, 503};
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(bytes) + 1, size - 1);
  const http_client::Response response{kStatuses[bytes[0] % std::size(kStatuses)], body, {}};
  check(adapters::fcm::judge(response));
  check(adapters::fcm::judge_token_refusal(response));
  CHECK(!adapters::fcm::asks_for_fresh_token(response) || response.status == 401);
  if (const auto address = adapters::fcm::parse_address(body)) CHECK(!address->value.empty());
  const auto account = adapters::fcm::parse_service_account(body);
  CHECK(account.ok() || account.error().find('\n') == std::string::npos);
  return 0;
}
