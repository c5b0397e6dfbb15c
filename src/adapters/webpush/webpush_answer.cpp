#include "adapters/webpush/webpush_answer.hpp"

#include <algorithm>
#include <string>

#include "base/json_reader.hpp"

namespace adapters::webpush {

namespace {

using chat::PushOutcome;

constexpr std::size_t kMaxDetail = 64;  // DeviceTrace::detail

PushOutcome outcome_of(int status) {
  switch (status) {
    case 200:
    case 201:
    case 202:
      return PushOutcome::kAccepted;
    case 404:
    case 410:
      return PushOutcome::kAddressDead;
    case 406:  // Microsoft's service says so instead of 429
    case 429:
      return PushOutcome::kThrottled;
    case 408:
      return PushOutcome::kUnavailable;
    case 500:
      return PushOutcome::kServerError;
    default:
      // A redirect too: it is not followed, and waiting does not change it.
      return status < 500 ? PushOutcome::kPayloadRefused : PushOutcome::kUnavailable;
  }
}

/// Apple gives a word in {"reason"}; the others' sentences are for people.
std::string detail_of(const http_client::Response& response) {
  const auto object = base::parse_json(response.body);
  const std::string word = object ? base::text_member(*object, "reason") : "";
  const auto letter = [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); };
  const bool usable = !word.empty() && word.size() <= kMaxDetail && std::all_of(word.begin(), word.end(), letter);
  return usable ? word : "http_" + std::to_string(response.status);
}

}  // namespace

chat::PushResult judge(const http_client::Response& response) {
  const auto outcome = outcome_of(response.status);
  return {outcome, response.retry_after, outcome == PushOutcome::kAccepted ? "" : detail_of(response)};
}

chat::PushResult judge(http_client::Error error) {
  // A host at a private address is no outage: to call it one would let a name's owner hold up everybody's pushes.
  const bool refused = error == http_client::Error::kForbiddenAddress || error == http_client::Error::kInvalidRequest;
  return {refused ? PushOutcome::kPayloadRefused : PushOutcome::kUnavailable, std::nullopt,
          std::string(to_string(error))};
}

}  // namespace adapters::webpush
