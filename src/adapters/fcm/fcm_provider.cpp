#include "adapters/fcm/fcm_provider.hpp"

#include <filesystem>

#include "adapters/fcm/fcm_address.hpp"
#include "adapters/fcm/fcm_answer.hpp"
#include "adapters/fcm/fcm_message.hpp"
#include "base/log.hpp"
#include "http_client/curl_client.hpp"
#include "http_client/https_url.hpp"

namespace adapters::fcm {

namespace {

void warn_if_readable_by_others(const std::string& key_file) {
  using std::filesystem::perms;
  std::error_code error;
  const auto permissions = std::filesystem::status(key_file, error).permissions();
  if (error || (permissions & (perms::group_all | perms::others_all)) == perms::none) return;
  base::log::warning("the FCM key file can be read by others; chmod 600 would keep it to this user");
}

}  // namespace

struct FcmProvider::Push {
  std::string body;
  base::Function<void(chat::PushResult)> done;
  bool refreshed = false;
};

base::Result<std::unique_ptr<FcmProvider>, std::string> FcmProvider::create(const FcmOptions& options,
                                                                            const base::Clock& clock) {
  if (!http_client::parse_https_url(options.base_url)) {
    return base::fail(options.base_url + " is no https URL");
  }
  auto account = load_service_account(options.service_account);
  if (!account) return base::fail(account.error());
  warn_if_readable_by_others(options.service_account);
  auto client = http_client::CurlClient::create({.ca_file = options.ca_file}, clock);
  if (!client) return base::fail(client.error());
  return std::make_unique<FcmProvider>(std::move(*account), options.base_url, std::move(*client), clock);
}

FcmProvider::FcmProvider(ServiceAccount account, std::string_view base_url, std::unique_ptr<http_client::Poster> poster,
                         const base::Clock& clock)
    : url_(std::string(base_url.substr(0, base_url.find_last_not_of('/') + 1)) + "/v1/projects/" + account.project_id +
           "/messages:send"),
      clock_(clock),
      poster_(*poster),
      tokens_(std::move(account), poster_, clock),
      owned_poster_(std::move(poster)) {}

void FcmProvider::send(chat::PushRequest request, base::Function<void(chat::PushResult)> done) {
  const auto fail = [&](chat::PushOutcome outcome, std::string detail) {
    poster_.defer(
        [done = std::move(done), result = chat::PushResult{outcome, std::nullopt, std::move(detail)}]() mutable {
          done(std::move(result));
        });
  };
  const auto address = parse_address(request.address.address);
  if (!address) return fail(chat::PushOutcome::kAddressDead, "malformed_address");
  auto body = render_message(*address, request, clock_.wall_now());
  if (!body) return fail(chat::PushOutcome::kPayloadRefused, body.error());
  authorize(std::make_unique<Push>(Push{std::move(*body), std::move(done)}));
}

void FcmProvider::authorize(std::unique_ptr<Push> push) {
  tokens_.get([this, push = std::move(push)](BearerTokens::Token token) mutable {
    if (!token) return push->done(token.error());
    post(std::move(push), *token);
  });
}

void FcmProvider::post(std::unique_ptr<Push> push, const std::string& token) {
  http_client::Request request;
  request.url = url_;
  request.headers = {{"Authorization", "Bearer " + token}, {"Content-Type", "application/json"}};
  request.body = push->body;
  poster_.post(std::move(request), [this, token, push = std::move(push)](http_client::Answer answer) mutable {
    answered(std::move(push), token, answer);
  });
}

void FcmProvider::answered(std::unique_ptr<Push> push, const std::string& token, const http_client::Answer& answer) {
  if (!answer) return push->done(judge(answer.error()));
  if (!push->refreshed && asks_for_fresh_token(*answer)) {
    push->refreshed = true;
    tokens_.forget(token);
    return authorize(std::move(push));
  }
  push->done(judge(*answer));
}

}  // namespace adapters::fcm
