#include "adapters/fcm/bearer_tokens.hpp"

#include <algorithm>

#include "adapters/fcm/fcm_answer.hpp"
#include "base/json_reader.hpp"

namespace adapters::fcm {

namespace {

using std::chrono::seconds;

constexpr seconds kRenewBefore = std::chrono::minutes(5);
constexpr seconds kUnusableBefore{30};   // it must survive the request that it is used for
constexpr seconds kRenewAgainAfter{10};  // a failed renewal, while the old token still serves
constexpr seconds kMaxLife = std::chrono::hours(24);
constexpr std::string_view kGrant = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=";

/// RFC 6750 §2.1, and what can stand in a header.
bool is_token(std::string_view text) {
  constexpr std::size_t kMost = 8192;
  return !text.empty() && text.size() <= kMost &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

BearerTokens::BearerTokens(ServiceAccount account, http_client::Poster& poster, const base::Clock& clock)
    : account_(std::move(account)), poster_(poster), clock_(clock) {}

void BearerTokens::get(Got got) {
  const auto now = clock_.steady_now();
  std::string token;
  bool fetch_now = false;
  {
    const std::lock_guard lock(mutex_);
    if (!token_.empty() && now < usable_until_) {
      token = token_;
    } else {
      waiting_.push_back(std::move(got));
    }
    fetch_now = !fetching_ && (token.empty() || now >= renew_at_);
    fetching_ = fetching_ || fetch_now;
  }
  if (fetch_now) fetch();
  if (!token.empty()) got(std::move(token));
}

void BearerTokens::forget(const std::string& token) {
  const std::lock_guard lock(mutex_);
  if (token_ == token) token_.clear();
}

void BearerTokens::fetch() {
  http_client::Request request;
  request.url = account_.token_uri;
  request.headers = {{"Content-Type", "application/x-www-form-urlencoded"}};
  request.body = std::string(kGrant) + make_assertion(account_, clock_.wall_now());  // base64url and dots: no escapes
  poster_.post(std::move(request), [this](http_client::Answer answer) { fetched(std::move(answer)); });
}

void BearerTokens::fetched(http_client::Answer answer) {
  const std::string token = answer && answer->status == 200 ? keep(*answer) : "";
  std::vector<Got> waiting;
  {
    const std::lock_guard lock(mutex_);
    fetching_ = false;
    if (token.empty()) renew_at_ = clock_.steady_now() + kRenewAgainAfter;
    waiting.swap(waiting_);
  }
  if (!token.empty()) {
    for (auto& got : waiting) got(token);
    return;
  }
  const auto failure = answer ? judge_token_refusal(*answer) : judge(answer.error());
  for (auto& got : waiting) got(base::fail(failure));
}

std::string BearerTokens::keep(const http_client::Response& response) {
  const auto object = base::parse_json(response.body);
  std::string token = object ? base::text_member(*object, "access_token") : "";
  if (!is_token(token)) return "";
  const auto life_member = object->member("expires_in");
  const auto life = std::clamp(seconds(life_member ? life_member->as_int64().value_or(0) : 0), seconds(0), kMaxLife);
  const auto now = clock_.steady_now();
  const std::lock_guard lock(mutex_);
  token_ = token;
  usable_until_ = now + life - kUnusableBefore;
  renew_at_ = now + life - kRenewBefore;
  return token;
}

}  // namespace adapters::fcm
