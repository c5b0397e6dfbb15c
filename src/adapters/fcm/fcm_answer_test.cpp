#include "adapters/fcm/fcm_answer.hpp"

#include <gtest/gtest.h>

#include "adapters/fcm/fcm_address.hpp"
#include "adapters/fcm/fcm_message.hpp"
#include "base/json_reader.hpp"

namespace adapters::fcm {
namespace {

using chat::PushOutcome;
using std::chrono::seconds;

std::string error(const std::string& status, const std::string& message, const std::string& details = "") {
  return R"({"error":{"code":400,"message":")" + message + R"(","status":")" + status + R"(","details":[)" + details +
         "]}}";
}
std::string fcm_error(const std::string& code) {
  return R"({"@type":"type.googleapis.com/google.firebase.fcm.v1.FcmError","errorCode":")" + code + "\"}";
}
std::string violation(const std::string& field) {
  return R"({"@type":"type.googleapis.com/google.rpc.BadRequest","fieldViolations":[{"field":")" + field + "\"}]}";
}
chat::PushResult answer(int status, std::string body = "", std::optional<seconds> retry_after = {}) {
  return judge(http_client::Response{status, std::move(body), retry_after});
}

TEST(FcmAnswer, EachRowOfTheTableHasItsOutcome) {
  const std::string general = "Request contains an invalid argument.";
  const struct {
    int status;
    std::string body;
    PushOutcome outcome;
    std::string detail;
  } rows[] = {
      {200, R"({"name":"projects/p/messages/1"})", PushOutcome::kAccepted, ""},
      {400, error("INVALID_ARGUMENT", general, violation("message.data[0].value")), PushOutcome::kPayloadRefused,
       "INVALID_ARGUMENT"},
      {400, error("INVALID_ARGUMENT", general, fcm_error("INVALID_ARGUMENT")), PushOutcome::kPayloadRefused,
       "INVALID_ARGUMENT"},
      {400, error("INVALID_ARGUMENT", general, fcm_error("INVALID_ARGUMENT") + "," + violation("message.token")),
       PushOutcome::kAddressDead, "INVALID_ARGUMENT"},
      {400, error("INVALID_ARGUMENT", general, violation("message.fid")), PushOutcome::kAddressDead,
       "INVALID_ARGUMENT"},
      {400, error("INVALID_ARGUMENT", general, violation("message.token") + "," + violation("message.data")),
       PushOutcome::kPayloadRefused, "INVALID_ARGUMENT"},
      {400,
       error("INVALID_ARGUMENT", "The registration token is not a valid FCM registration token",
             fcm_error("INVALID_ARGUMENT")),
       PushOutcome::kAddressDead, "INVALID_ARGUMENT"},
      {400, "no JSON", PushOutcome::kPayloadRefused, "http_400"},
      {401, error("UNAUTHENTICATED", "x"), PushOutcome::kLaneStopped, "UNAUTHENTICATED"},
      {401, error("UNAUTHENTICATED", "x", fcm_error("THIRD_PARTY_AUTH_ERROR")), PushOutcome::kLaneStopped,
       "THIRD_PARTY_AUTH_ERROR"},
      {403, error("PERMISSION_DENIED", "x"), PushOutcome::kLaneStopped, "PERMISSION_DENIED"},
      {403, error("PERMISSION_DENIED", "x", fcm_error("SENDER_ID_MISMATCH")), PushOutcome::kAddressDead,
       "SENDER_ID_MISMATCH"},
      {404, error("NOT_FOUND", "x", fcm_error("UNREGISTERED")), PushOutcome::kAddressDead, "UNREGISTERED"},
      {404, "<html>", PushOutcome::kLaneStopped, "http_404"},
      {413, "", PushOutcome::kPayloadRefused, "http_413"},
      {429, error("RESOURCE_EXHAUSTED", "x", fcm_error("QUOTA_EXCEEDED")), PushOutcome::kThrottled, "QUOTA_EXCEEDED"},
      {500, error("INTERNAL", "x", fcm_error("INTERNAL")), PushOutcome::kServerError, "INTERNAL"},
      {502, "", PushOutcome::kUnavailable, "http_502"},
      {503, error("UNAVAILABLE", "x", fcm_error("UNAVAILABLE")), PushOutcome::kUnavailable, "UNAVAILABLE"},
      {302, "", PushOutcome::kUnavailable, "http_302"},
  };
  for (const auto& row : rows) {
    const auto result = answer(row.status, row.body);
    EXPECT_EQ(result.outcome, row.outcome) << row.status << " " << row.body;
    EXPECT_EQ(result.detail, row.detail) << row.status << " " << row.body;
  }
}

TEST(FcmAnswer, CarriesWhatTheProviderAskedFor) {
  EXPECT_EQ(answer(429, "", seconds(30)).retry_after, seconds(30));
  EXPECT_EQ(answer(503, "").retry_after, std::nullopt);
}

TEST(FcmAnswer, NeverRepeatsWhatIsNoCode) {
  EXPECT_EQ(answer(403, error("token abc is bad", "x")).detail, "http_403");
  EXPECT_EQ(answer(403, error(std::string(65, 'A'), "x")).detail, "http_403");
}

TEST(FcmAnswer, AsksForAFreshTokenUnlessAThirdPartyRefused) {
  EXPECT_TRUE(asks_for_fresh_token({401, error("UNAUTHENTICATED", "x"), {}}));
  EXPECT_TRUE(asks_for_fresh_token({401, "", {}}));
  EXPECT_FALSE(asks_for_fresh_token({401, error("UNAUTHENTICATED", "x", fcm_error("THIRD_PARTY_AUTH_ERROR")), {}}));
  EXPECT_FALSE(asks_for_fresh_token({403, "", {}}));
}

TEST(FcmAnswer, OfTheTokenEndpointStopsTheLaneOnlyWhenItRefuses) {
  const auto refusal = judge_token_refusal({400, R"({"error":"invalid_grant"})", {}});
  EXPECT_EQ(refusal.outcome, PushOutcome::kLaneStopped);
  EXPECT_EQ(refusal.detail, "invalid_grant");
  EXPECT_EQ(judge_token_refusal({429, "", seconds(3)}).outcome, PushOutcome::kThrottled);
  EXPECT_EQ(judge_token_refusal({503, "", {}}).outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(judge_token_refusal({200, "no token", {}}).outcome, PushOutcome::kUnavailable);
}

TEST(FcmAddress, IsATokenOrAnInstallation) {
  EXPECT_EQ(parse_address(R"({"token":"abc:DEF-1"})")->value, "abc:DEF-1");
  EXPECT_EQ(parse_address(R"({"fid":"dJ2K"})")->kind, FcmAddress::kInstallation);
  for (const std::string wrong : {"", "[]", "{}", R"({"token":"a","fid":"b"})", R"({"token":""})", R"({"token":7})",
                                  R"({"token":"a b"})", R"({"fid":"\u00e9"})"}) {
    const auto address = parse_address(wrong);
    ASSERT_FALSE(address.ok()) << wrong;
    EXPECT_FALSE(address.error().empty());
  }
  const auto of_length = [](std::size_t size) { return R"({"token":")" + std::string(size, 't') + "\"}"; };
  EXPECT_TRUE(parse_address(of_length(2048)).ok());
  EXPECT_FALSE(parse_address(of_length(2049)).ok());
}

chat::PushRequest push() {
  return {.address = {},
          .collapse_key = "Zm9v",
          .ttl = seconds(60),
          .visible = true,
          .title = "New message",
          .body = "",
          .badge = 3,
          .data = {{"t", "m"}}};
}
const chat::WallTime kNow{seconds(1'700'000'000)};

TEST(FcmMessage, IsWhatBothPlatformsShow) {
  EXPECT_EQ(*render_message({FcmAddress::kToken, "abc"}, push(), kNow),
            R"({"message":{"token":"abc","notification":{"title":"New message","body":""},"data":{"t":"m"},)"
            R"("android":{"priority":"HIGH","ttl":"60s","collapse_key":"Zm9v",)"
            R"("notification":{"sound":"default","tag":"Zm9v","notification_count":3}},)"
            R"("apns":{"headers":{"apns-push-type":"alert","apns-priority":"10","apns-expiration":"1700000060",)"
            R"("apns-collapse-id":"Zm9v"},"payload":{"aps":{"badge":3,"sound":"default"}}},)"
            R"("webpush":{"headers":{"TTL":"60","Urgency":"high","Topic":"Zm9v"}}}})");
}

TEST(FcmMessage, ShowsNothingWhenDataOnly) {
  auto request = push();
  request.visible = false;
  const std::string body = *render_message({FcmAddress::kInstallation, "abc"}, request, kNow);
  const auto message = *base::parse_json(body)->member("message");
  EXPECT_TRUE(message.member("fid"));
  EXPECT_FALSE(message.member("notification"));
  EXPECT_FALSE(message.member("android")->member("notification"));
  EXPECT_EQ(message.member("apns")->member("payload")->raw(), R"({"aps":{"content-available":1}})");
  EXPECT_TRUE(message.member("apns")->member("headers")->member("apns-priority")->is_string_equal_to("5"));
}

TEST(FcmMessage, KeepsToTheBoundsOfFcm) {
  auto request = push();
  request.ttl = kMaxTtl + seconds(1);
  EXPECT_NE(render_message({FcmAddress::kToken, "abc"}, request, kNow)->find(R"("ttl":"2419200s")"), std::string::npos);
  request.ttl = seconds(-1);
  EXPECT_NE(render_message({FcmAddress::kToken, "abc"}, request, kNow)->find(R"("apns-expiration":"0")"),
            std::string::npos);
  request.body = std::string(kMaxPayloadBytes, 'x');
  EXPECT_EQ(render_message({FcmAddress::kToken, "abc"}, request, kNow).error(), "payload_too_large");
  for (const char* key : {"from", "google.x", "gcm_x", "message_type"}) {
    auto reserved = push();
    reserved.data = {{key, "x"}};
    EXPECT_EQ(render_message({FcmAddress::kToken, "abc"}, reserved, kNow).error(), "reserved_data_key");
  }
}

}  // namespace
}  // namespace adapters::fcm
