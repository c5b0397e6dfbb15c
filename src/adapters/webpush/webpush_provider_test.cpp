#include "adapters/webpush/webpush_provider.hpp"

#include <gtest/gtest.h>

#include "adapters/webpush/content_coding.hpp"
#include "adapters/webpush/webpush_answer.hpp"
#include "adapters/webpush/webpush_message.hpp"
#include "base/hex.hpp"
#include "base/json_reader.hpp"
#include "http_client/fake_poster.hpp"

namespace adapters::webpush {
namespace {

using chat::PushOutcome;
using std::chrono::hours;
using std::chrono::seconds;

class WebPush : public ::testing::Test {
 protected:
  WebPush() {
    auto poster = std::make_unique<http_client::FakePoster>();
    poster_ = poster.get();
    provider_ = std::make_unique<WebPushProvider>(options(), std::move(poster), clock_);
  }
  WebPushOptions options() {
    return {.identity = {.public_key = "\x04" + std::string(64, 'k'),
                         .sign =
                             [this](std::string_view) {
                               ++signatures_;
                               return std::string(64, 's');
                             },
                         .subject = "mailto:operator@example.org"},
            .allowed_hosts = {"push.example.org", "*.example.net"},
            .allow_private_addresses = false,
            .ca_file = ""};
  }
  static std::string address(const std::string& endpoint) {
    return R"({"endpoint":")" + endpoint + R"(","keys":{"p256dh":")" +
           base::to_base64url(P256KeyPair::generate().public_point()) + R"(","auth":"BTBZMqHH6r4Tts7J_aSIgg"}})";
  }
  static chat::PushRequest push(std::string json = address("https://push.example.org/abc")) {
    return {.address = {"webpush", std::move(json)},
            .collapse_key = "Zm9v",
            .ttl = seconds(3600),
            .visible = true,
            .title = "New message",
            .body = "",
            .badge = 3,
            .data = {{"t", "m"}}};
  }
  void send(chat::PushRequest request) {
    provider_->send(std::move(request), [this](chat::PushResult result) { results_.push_back(std::move(result)); });
  }
  /// Of a push that is refused before anything is sent.
  chat::PushResult refusal(chat::PushRequest request) {
    send(std::move(request));
    EXPECT_TRUE(results_.empty()) << "not on the caller's stack";
    EXPECT_TRUE(poster_->waiting.empty());
    poster_->run_tasks();
    EXPECT_EQ(results_.size(), 1u);
    return results_.empty() ? chat::PushResult() : results_.front();
  }

  base::ManualClock clock_;
  int signatures_ = 0;
  std::vector<chat::PushResult> results_;
  http_client::FakePoster* poster_ = nullptr;
  std::unique_ptr<WebPushProvider> provider_;
};

TEST_F(WebPush, SendsWhatTheRfcsAskFor) {
  send(push());
  const auto request = poster_->answer(201);
  EXPECT_EQ(request.url, "https://push.example.org/abc");
  EXPECT_EQ(header_of(request, "TTL"), "3600");
  EXPECT_EQ(header_of(request, "Urgency"), "high");
  EXPECT_EQ(header_of(request, "Topic"), "Zm9v");
  EXPECT_EQ(header_of(request, "Content-Encoding"), "aes128gcm");
  const std::string plain = render_message(push());
  EXPECT_EQ(request.body.size(), 86 + plain.size() + 1 + 16) << "header, delimiter, tag";
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].outcome, PushOutcome::kAccepted);
  EXPECT_EQ(results_[0].detail, "");
}

TEST_F(WebPush, NamesTheServerToTheOriginOfTheEndpoint) {
  send(push(address("https://push.example.org:443/abc")));
  const std::string header = header_of(poster_->answer(201), "Authorization");
  ASSERT_TRUE(header.starts_with("vapid t="));
  const std::size_t comma = header.find(", k=");
  ASSERT_NE(comma, std::string::npos);
  EXPECT_EQ(base::from_base64url(header.substr(comma + 4)), "\x04" + std::string(64, 'k'));
  const std::string token = header.substr(8, comma - 8);
  const std::size_t first = token.find('.');
  const std::size_t second = token.find('.', first + 1);
  EXPECT_EQ(base::from_base64url(token.substr(0, first)), R"({"typ":"JWT","alg":"ES256"})");
  const auto claims = base::from_base64url(token.substr(first + 1, second - first - 1));
  ASSERT_TRUE(claims);
  const auto object = base::parse_json(*claims);
  ASSERT_TRUE(object.ok());
  EXPECT_TRUE(object->member("aud")->is_string_equal_to("https://push.example.org"));
  EXPECT_TRUE(object->member("sub")->is_string_equal_to("mailto:operator@example.org"));
  const auto now = std::chrono::floor<seconds>(clock_.wall_now().time_since_epoch());
  const auto expires = seconds(object->member("exp")->as_int64().value());
  EXPECT_GT(expires, now);
  EXPECT_LE(expires, now + hours(24));
  EXPECT_EQ(base::from_base64url(token.substr(second + 1)), std::string(64, 's'));
}

TEST_F(WebPush, SignsOncePerOriginUntilTheTokenAgesOrIsRefused) {
  const auto round = [&](const std::string& endpoint, int status) {
    send(push(address(endpoint)));
    poster_->answer(status);
    return signatures_;
  };
  EXPECT_EQ(round("https://push.example.org/a", 201), 1);
  EXPECT_EQ(round("https://push.example.org/b", 201), 1);
  EXPECT_EQ(round("https://a.example.net/a", 201), 2) << "another origin";
  clock_.advance(hours(10));
  EXPECT_EQ(round("https://push.example.org/a", 201), 2);
  clock_.advance(hours(2));
  EXPECT_EQ(round("https://push.example.org/a", 403), 3) << "too old";
  EXPECT_EQ(round("https://push.example.org/a", 201), 4) << "refused";
  clock_.set_wall(clock_.wall_now() - hours(3));
  EXPECT_EQ(round("https://push.example.org/a", 201), 5) << "it would end more than a day ahead";
}

TEST_F(WebPush, KeepsABoundedNumberOfTokens) {
  VapidTokens tokens(options().identity, clock_);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_FALSE(tokens.authorization("https://h" + std::to_string(i) + ".example.net").empty());
    ASSERT_LE(tokens.kept(), 256u);
  }
}

TEST_F(WebPush, TurnsEachAnswerIntoAnOutcome) {
  const std::pair<int, PushOutcome> rows[] = {
      {200, PushOutcome::kAccepted},       {201, PushOutcome::kAccepted},       {202, PushOutcome::kAccepted},
      {301, PushOutcome::kPayloadRefused}, {307, PushOutcome::kPayloadRefused}, {400, PushOutcome::kPayloadRefused},
      {401, PushOutcome::kPayloadRefused}, {403, PushOutcome::kPayloadRefused}, {404, PushOutcome::kAddressDead},
      {406, PushOutcome::kThrottled},      {408, PushOutcome::kUnavailable},    {410, PushOutcome::kAddressDead},
      {413, PushOutcome::kPayloadRefused}, {429, PushOutcome::kThrottled},      {500, PushOutcome::kServerError},
      {502, PushOutcome::kUnavailable},    {503, PushOutcome::kUnavailable}};
  for (const auto& [status, outcome] : rows) {
    const auto result = judge(http_client::Response{status, "", seconds(7)});
    EXPECT_EQ(result.outcome, outcome) << status;
    EXPECT_EQ(result.retry_after, seconds(7));
    EXPECT_EQ(result.detail, outcome == PushOutcome::kAccepted ? "" : "http_" + std::to_string(status));
  }
}

TEST_F(WebPush, RemembersAReasonOnlyWhenItIsAWord) {
  const auto detail = [](std::string body) { return judge(http_client::Response{403, std::move(body), {}}).detail; };
  EXPECT_EQ(detail(R"({"reason":"BadJwtToken"})"), "BadJwtToken");
  EXPECT_EQ(detail(R"({"reason":"see https://push.example.org/abc"})"), "http_403");
  EXPECT_EQ(detail(R"({"reason":")" + std::string(65, 'x') + "\"}"), "http_403");
  EXPECT_EQ(detail("the VAPID credentials do not correspond"), "http_403");
}

TEST_F(WebPush, CallsNoAnswerAnOutageButAForbiddenAddressAFault) {
  EXPECT_EQ(judge(http_client::Error::kUnreachable).outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(judge(http_client::Error::kTimeout).outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(judge(http_client::Error::kUntrusted).outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(judge(http_client::Error::kStopped).outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(judge(http_client::Error::kForbiddenAddress).outcome, PushOutcome::kPayloadRefused);
}

TEST_F(WebPush, SendsNothingToAHostThatIsNotOnTheListAndKeepsItsAddress) {
  const auto result = refusal(push(address("https://127.0.0.1/abc")));
  EXPECT_EQ(result.outcome, PushOutcome::kPayloadRefused);
  EXPECT_EQ(result.detail, "host_not_allowed");
}

TEST_F(WebPush, CallsAnAddressThatCanNeverWorkDead) {
  EXPECT_EQ(refusal(push(R"({"endpoint":"https://push.example.org/a"})")).outcome, PushOutcome::kAddressDead);
}

TEST_F(WebPush, RefusesWhatDoesNotFitIntoOneRecord) {
  auto request = push();
  request.body = std::string(kMaxPlaintextBytes, 'x');
  EXPECT_EQ(refusal(request).detail, "payload_too_large");
}

TEST_F(WebPush, ShowsNothingWhenDataOnly) {
  auto request = push();
  EXPECT_EQ(render_message(request), R"({"title":"New message","body":"","badge":3,"data":{"t":"m"}})");
  request.visible = false;
  EXPECT_EQ(render_message(request), R"({"badge":3,"data":{"t":"m"}})");
}

TEST_F(WebPush, IsApartByOrigin) {
  EXPECT_EQ(provider_->part({"webpush", address("https://a.example.net:8443/x")}), "https://a.example.net:8443");
  EXPECT_EQ(provider_->part({"webpush", "{}"}), "");
}

TEST_F(WebPush, AnswersWhatIsUnderWayWhenItEnds) {
  send(push());
  provider_.reset();
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(results_[0].detail, "stopped");
}

TEST_F(WebPush, TakesASubjectThatAVendorCanWriteTo) {
  EXPECT_TRUE(is_subject("mailto:operator@localhost"));
  EXPECT_TRUE(is_subject("https://example.org/contact"));
  EXPECT_FALSE(is_subject("operator@localhost"));
  EXPECT_FALSE(is_subject(""));
  EXPECT_FALSE(is_subject("mailto:a b@example.org"));
  auto wrong = options();
  wrong.identity.subject = "nobody";
  EXPECT_FALSE(WebPushProvider::create(std::move(wrong), clock_).ok());
}

}  // namespace
}  // namespace adapters::webpush
