#include "adapters/fcm/fcm_answer.hpp"

#include <algorithm>
#include <string>

#include "base/json_reader.hpp"

namespace adapters::fcm {

namespace {

using chat::PushOutcome;

constexpr std::size_t kMaxDetail = 64;  // DeviceTrace::detail

struct Problem {
  std::string status;   // google.rpc.Code, "INVALID_ARGUMENT"
  std::string code;     // FcmError, "UNREGISTERED"
  std::string message;  // English, for people
  bool about_target = false;
  bool about_payload = false;
};

void read_violations(const base::JsonValue& detail, Problem& problem) {
  const auto violations = detail.member("fieldViolations");
  if (!violations) return;
  violations->for_each_element([&](const base::JsonValue& violation) {
    const std::string field = base::text_member(violation, "field");
    const bool target = field == "message.token" || field == "message.fid";
    (target ? problem.about_target : problem.about_payload) = true;
  });
}

Problem read_problem(std::string_view body) {
  Problem problem;
  const auto object = base::parse_json(body);
  const auto error = object ? object->member("error") : std::nullopt;
  if (!error) return problem;
  problem.status = base::text_member(*error, "status");
  problem.message = base::text_member(*error, "message");
  const auto details = error->member("details");
  if (!details) return problem;
  details->for_each_element([&](const base::JsonValue& detail) {
    const std::string type = base::text_member(detail, "@type");
    if (type.ends_with(".FcmError")) problem.code = base::text_member(detail, "errorCode");
    if (type.ends_with(".BadRequest")) read_violations(detail, problem);
  });
  return problem;
}

/// FCM says the same INVALID_ARGUMENT of a token that is none and of a message that is wrong. It names the field, or
/// its sentence names the token; anything else is taken to be our fault, because a deleted address does not come back.
bool about_target(const Problem& problem) {
  if (problem.about_target || problem.about_payload) return problem.about_target && !problem.about_payload;
  return problem.message.find("registration token") != std::string::npos ||
         problem.message.find("installation ID") != std::string::npos;
}

PushOutcome outcome_of(int status, const Problem& problem) {
  const auto says = [&](std::string_view word) { return problem.code == word || problem.status == word; };
  switch (status) {
    case 200:
      return PushOutcome::kAccepted;
    case 400:
      return says("INVALID_ARGUMENT") && about_target(problem) ? PushOutcome::kAddressDead
                                                               : PushOutcome::kPayloadRefused;
    case 401:
      return PushOutcome::kLaneStopped;
    case 403:
      return says("SENDER_ID_MISMATCH") ? PushOutcome::kAddressDead : PushOutcome::kLaneStopped;
    case 404:  // without the word it is the project or the URL that does not exist
      return says("UNREGISTERED") ? PushOutcome::kAddressDead : PushOutcome::kLaneStopped;
    case 408:
      return PushOutcome::kUnavailable;
    case 429:
      return PushOutcome::kThrottled;
    case 500:
      return PushOutcome::kServerError;
    default:
      return status >= 400 && status < 500 ? PushOutcome::kPayloadRefused : PushOutcome::kUnavailable;
  }
}

/// A code as the provider wrote it; without one, or with one that is none, the status.
std::string detail_of(const std::string& code, int status) {
  const auto allowed = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  const bool usable = !code.empty() && code.size() <= kMaxDetail && std::all_of(code.begin(), code.end(), allowed);
  return usable ? code : "http_" + std::to_string(status);
}

}  // namespace

chat::PushResult judge(const http_client::Response& response) {
  const bool accepted = response.status == 200;
  const Problem problem = accepted ? Problem() : read_problem(response.body);
  const std::string detail =
      accepted ? "" : detail_of(problem.code.empty() ? problem.status : problem.code, response.status);
  return {outcome_of(response.status, problem), response.retry_after, detail};
}

bool asks_for_fresh_token(const http_client::Response& response) {
  return response.status == 401 && read_problem(response.body).code != "THIRD_PARTY_AUTH_ERROR";
}

chat::PushResult judge_token_refusal(const http_client::Response& response) {
  const auto object = base::parse_json(response.body);
  const std::string code = object ? base::text_member(*object, "error") : "";  // RFC 6749 §5.2
  const bool refused = response.status >= 400 && response.status < 500 && response.status != 408;
  const auto outcome = response.status == 429 ? PushOutcome::kThrottled
                       : refused              ? PushOutcome::kLaneStopped
                                              : PushOutcome::kUnavailable;
  return {outcome, response.retry_after, detail_of(code, response.status)};
}

chat::PushResult judge(http_client::Error error) {
  return {PushOutcome::kUnavailable, std::nullopt, std::string(to_string(error))};
}

}  // namespace adapters::fcm
