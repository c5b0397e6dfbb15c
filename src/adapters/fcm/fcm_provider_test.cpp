#include "adapters/fcm/fcm_provider.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "base/hex.hpp"
#include "base/json_reader.hpp"
#include "base/json_writer.hpp"
#include "http_client/fake_poster.hpp"

namespace adapters::fcm {
namespace {

using chat::PushOutcome;
using std::chrono::minutes;
using std::chrono::seconds;

/// One for all tests: making it takes a good part of a second.
EVP_PKEY* key() {
  static EVP_PKEY* const key = EVP_RSA_gen(2048u);
  return key;
}
std::string pem_of(EVP_PKEY* any) {
  BIO* const out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey(out, any, nullptr, nullptr, 0, nullptr, nullptr);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(out, &text);
  std::string pem(text, static_cast<std::size_t>(size));
  BIO_free(out);
  return pem;
}
/// A key file; `without` leaves a member out, `change` gives one another value.
std::string key_file(std::string_view without = "", std::pair<std::string_view, std::string> change = {}) {
  std::string json;
  base::JsonWriter writer(json);
  writer.begin_object();
  const std::pair<std::string_view, std::string> members[] = {{"type", "service_account"},
                                                              {"project_id", "chat-1"},
                                                              {"private_key_id", "k1"},
                                                              {"private_key", pem_of(key())},
                                                              {"client_email", "pusher@chat-1.iam.gserviceaccount.com"},
                                                              {"token_uri", "https://oauth2.googleapis.com/token"}};
  for (const auto& [name, value] : members) {
    if (name != without) writer.member(name, name == change.first ? change.second : value);
  }
  writer.end_object();
  return json;
}

TEST(ServiceAccount, IsReadFromTheKeyFile) {
  const auto account = parse_service_account(key_file());
  ASSERT_TRUE(account.ok()) << account.error();
  EXPECT_EQ(account->project_id, "chat-1");
  EXPECT_EQ(account->key_id, "k1");
  EXPECT_TRUE(parse_service_account(key_file("private_key_id")).ok());
}

TEST(ServiceAccount, SaysInOneLineWhatIsWrong) {
  EVP_PKEY* const curve = EVP_EC_gen("P-256");
  EVP_PKEY* const small = EVP_RSA_gen(1024u);
  const std::pair<std::string, std::string> cases[] = {
      {"", "JSON object"},
      {"[]", "JSON object"},
      {key_file("type"), "service_account"},
      {key_file("", {"type", "authorized_user"}), "service_account"},
      {key_file("client_email"), "client_email"},
      {key_file("project_id"), "project_id"},
      {key_file("", {"project_id", "a/../b"}), "project_id"},
      {key_file("token_uri"), "token_uri"},
      {key_file("", {"token_uri", "http://oauth2.googleapis.com/token"}), "token_uri"},
      {key_file("private_key"), "private_key"},
      {key_file("", {"private_key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"}), "RSA"},
      {key_file("", {"private_key", pem_of(curve)}), "RSA"},
      {key_file("", {"private_key", pem_of(small)}), "2048"},
  };
  for (const auto& [json, words] : cases) {
    const auto account = parse_service_account(json);
    ASSERT_FALSE(account.ok()) << words;
    EXPECT_NE(account.error().find(words), std::string::npos) << account.error();
    EXPECT_EQ(account.error().find('\n'), std::string::npos);
    EXPECT_EQ(account.error().find("BEGIN"), std::string::npos);
  }
  EVP_PKEY_free(curve);
  EVP_PKEY_free(small);
  const auto missing = load_service_account("/nowhere/key.json");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error(), "/nowhere/key.json cannot be opened");
}

TEST(ServiceAccount, SignsAnAssertionThatLivesAnHour) {
  const auto account = parse_service_account(key_file());
  ASSERT_TRUE(account.ok());
  const chat::WallTime now{seconds(1'700'000'000)};
  const std::string jwt = make_assertion(*account, now);
  const std::size_t first = jwt.find('.');
  const std::size_t second = jwt.find('.', first + 1);
  EXPECT_EQ(base::from_base64url(jwt.substr(0, first)), R"({"alg":"RS256","typ":"JWT","kid":"k1"})");
  EXPECT_EQ(
      base::from_base64url(jwt.substr(first + 1, second - first - 1)),
      R"({"iss":"pusher@chat-1.iam.gserviceaccount.com","scope":"https://www.googleapis.com/auth/firebase.messaging",)"
      R"("aud":"https://oauth2.googleapis.com/token","iat":1700000000,"exp":1700003600})");
  const std::string text = jwt.substr(0, second);
  const std::string signature = base::from_base64url(jwt.substr(second + 1)).value();
  EVP_MD_CTX* const context = EVP_MD_CTX_new();
  ASSERT_EQ(EVP_DigestVerifyInit(context, nullptr, EVP_sha256(), nullptr, key()), 1);
  EXPECT_EQ(EVP_DigestVerify(context, reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                             reinterpret_cast<const unsigned char*>(text.data()), text.size()),
            1);
  EVP_MD_CTX_free(context);
}

class Fcm : public ::testing::Test {
 protected:
  Fcm() {
    auto poster = std::make_unique<http_client::FakePoster>();
    poster_ = poster.get();
    provider_ = std::make_unique<FcmProvider>(*parse_service_account(key_file()), "https://fcm.googleapis.com/",
                                              std::move(poster), clock_);
  }
  void send(std::string address = R"({"token":"device-1"})") {
    chat::PushRequest request;
    request.address = {"fcm", std::move(address)};
    request.collapse_key = "Zm9v";
    request.title = "New message";
    provider_->send(std::move(request), [this](chat::PushResult result) { results_.push_back(std::move(result)); });
  }
  http_client::Request give_token(const std::string& token, int life = 3600) {
    return poster_->answer(
        200, R"({"access_token":")" + token + R"(","token_type":"Bearer","expires_in":)" + std::to_string(life) + "}");
  }
  /// The token that the push waiting longest goes with, after it was accepted.
  std::string accept() {
    const auto request = poster_->answer(200, R"({"name":"x"})");
    EXPECT_EQ(request.url, "https://fcm.googleapis.com/v1/projects/chat-1/messages:send");
    return header_of(request, "Authorization");
  }

  base::ManualClock clock_;
  std::vector<chat::PushResult> results_;
  http_client::FakePoster* poster_ = nullptr;
  std::unique_ptr<FcmProvider> provider_;
};

TEST_F(Fcm, FetchesOneTokenForAllThatWait) {
  send();
  send();
  ASSERT_EQ(poster_->waiting.size(), 1u);
  const auto request = give_token("one");
  EXPECT_EQ(request.url, "https://oauth2.googleapis.com/token");
  EXPECT_TRUE(request.body.starts_with("grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion="));
  ASSERT_EQ(poster_->waiting.size(), 2u);
  EXPECT_EQ(accept(), "Bearer one");
  EXPECT_EQ(accept(), "Bearer one");
  send();
  EXPECT_EQ(accept(), "Bearer one");
  ASSERT_EQ(results_.size(), 3u);
  EXPECT_EQ(results_[2].outcome, PushOutcome::kAccepted);
}

TEST_F(Fcm, RenewsTheTokenFiveMinutesEarlyWithoutLettingAnybodyWait) {
  send();
  give_token("one");
  accept();
  clock_.advance(minutes(54));
  send();
  EXPECT_EQ(accept(), "Bearer one");
  clock_.advance(minutes(2));
  send();
  ASSERT_EQ(poster_->waiting.size(), 2u) << "the renewal, and the push with the old token";
  give_token("two");
  EXPECT_EQ(accept(), "Bearer one");
  send();
  EXPECT_EQ(accept(), "Bearer two");
}

TEST_F(Fcm, GoesOnWithTheOldTokenWhenARenewalFailsAndTriesAgainLater) {
  send();
  give_token("one");
  accept();
  clock_.advance(minutes(56));
  send();
  poster_->answer(503);
  EXPECT_EQ(accept(), "Bearer one");
  send();
  ASSERT_EQ(poster_->waiting.size(), 1u) << "no renewal for some seconds";
  EXPECT_EQ(accept(), "Bearer one");
  clock_.advance(seconds(11));
  send();
  ASSERT_EQ(poster_->waiting.size(), 2u);
  give_token("two");
  accept();
  clock_.advance(minutes(4));
  send();
  EXPECT_EQ(accept(), "Bearer two");
}

TEST_F(Fcm, WaitsForAnotherTokenWhenTheOldOneIsOver) {
  send();
  give_token("one");
  accept();
  clock_.advance(minutes(60));
  send();
  ASSERT_EQ(poster_->waiting.size(), 1u);
  give_token("two");
  EXPECT_EQ(accept(), "Bearer two");
}

TEST_F(Fcm, RefreshesARefusedTokenOnceAndThenStops) {
  send();
  give_token("one");
  poster_->answer(401);
  give_token("two");
  EXPECT_EQ(accept(), "Bearer two");
  send();
  poster_->answer(401);
  give_token("three");
  poster_->answer(401, R"({"error":{"status":"UNAUTHENTICATED"}})");
  ASSERT_EQ(results_.size(), 2u);
  EXPECT_EQ(results_[1].outcome, PushOutcome::kLaneStopped);
  EXPECT_EQ(results_[1].detail, "UNAUTHENTICATED");
}

TEST_F(Fcm, FetchesOneTokenWhenManyPushesLearnThatItWasRefused) {
  send();
  send();
  give_token("one");
  poster_->answer(401);
  poster_->answer(401);
  ASSERT_EQ(poster_->waiting.size(), 1u);
  give_token("two");
  EXPECT_EQ(accept(), "Bearer two");
  EXPECT_EQ(accept(), "Bearer two");
}

TEST_F(Fcm, TellsEverybodyWhyThereIsNoToken) {
  send();
  send();
  poster_->answer(400, R"({"error":"invalid_grant"})");
  ASSERT_EQ(results_.size(), 2u);
  EXPECT_EQ(results_[0].outcome, PushOutcome::kLaneStopped);
  EXPECT_EQ(results_[1].detail, "invalid_grant");
  send();
  poster_->answer(base::fail(http_client::Error::kTimeout));
  EXPECT_EQ(results_.at(2).outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(results_[2].detail, "timeout");
  send();
  give_token("not a token");
  EXPECT_EQ(results_.at(3).outcome, PushOutcome::kUnavailable) << "it would break the header";
}

TEST_F(Fcm, CallsAnAddressThatCanNeverWorkDeadWithoutAsking) {
  send("{}");
  EXPECT_TRUE(results_.empty()) << "not on the caller's stack";
  EXPECT_TRUE(poster_->waiting.empty());
  poster_->run_tasks();
  ASSERT_EQ(results_.size(), 1u);
  EXPECT_EQ(results_[0].outcome, PushOutcome::kAddressDead);
}

TEST_F(Fcm, AnswersWhatIsUnderWayOrWaitsForATokenWhenItEnds) {
  send();
  give_token("one");
  clock_.advance(minutes(60));
  send();
  provider_.reset();
  ASSERT_EQ(results_.size(), 2u);
  EXPECT_EQ(results_[0].outcome, PushOutcome::kUnavailable);
  EXPECT_EQ(results_[1].detail, "stopped");
}

TEST_F(Fcm, IsNotMadeWithoutAKeyFileOrHttps) {
  EXPECT_FALSE(
      FcmProvider::create({.service_account = "/nowhere", .base_url = "https://x.example", .ca_file = ""}, clock_)
          .ok());
  EXPECT_FALSE(
      FcmProvider::create({.service_account = "/nowhere", .base_url = "http://x.example", .ca_file = ""}, clock_).ok());
}

}  // namespace
}  // namespace adapters::fcm
