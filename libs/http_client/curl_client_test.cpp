#include "http_client/curl_client.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <future>

#include "http_client/fake_tls_server.hpp"

namespace http_client {
namespace {

std::string response(const std::string& status, const std::string& headers, const std::string& body) {
  return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + std::to_string(body.size()) +
         "\r\nConnection: close\r\n\r\n" + body;
}

class Client : public ::testing::Test {
 protected:
  std::unique_ptr<CurlClient> client_for(const FakeTlsServer& server, CurlOptions options = {}) {
    options.ca_file = server.ca_file();
    return std::move(CurlClient::create(std::move(options), clock_)).value();
  }
  static Answer ask(CurlClient& client, const std::string& url, std::string body = "hello") {
    auto promise = std::make_shared<std::promise<Answer>>();
    auto answer = promise->get_future();
    client.post({url, {{"X-Test", "a value"}}, std::move(body)},
                [promise](Answer got) { promise->set_value(std::move(got)); });
    return answer.get();
  }

  base::ManualClock clock_;
};

TEST_F(Client, PostsAndHandsBackStatusBodyAndRetryAfter) {
  const FakeTlsServer server(response("429 Too Many", "Retry-After: 17\r\n", "slow down"));
  const auto client = client_for(server);
  const auto answer = ask(*client, server.url());
  ASSERT_TRUE(answer.ok()) << to_string(answer.error());
  EXPECT_EQ(answer->status, 429);
  EXPECT_EQ(answer->body, "slow down");
  EXPECT_EQ(answer->retry_after, std::chrono::seconds(17));
  EXPECT_TRUE(server.request().starts_with("POST /path HTTP/1.1\r\n"));
  EXPECT_NE(server.request().find("X-Test: a value\r\n"), std::string::npos);
  EXPECT_TRUE(server.request().ends_with("\r\n\r\nhello"));
}

TEST_F(Client, TrustsNobodyWhoseCertificateDoesNotProveTheHost) {
  const FakeTlsServer server(response("200 OK", "", "x"));
  const auto strict = std::move(CurlClient::create({}, clock_)).value();
  const auto unknown = ask(*strict, server.url());
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error(), Error::kUntrusted);
  const auto client = client_for(server);
  const auto other_name = ask(*client, server.url("127.0.0.1"));
  ASSERT_FALSE(other_name.ok());
  EXPECT_EQ(other_name.error(), Error::kUntrusted);
  EXPECT_EQ(server.request(), "") << "nothing was sent";
}

TEST_F(Client, FollowsNoRedirect) {
  const FakeTlsServer target(response("200 OK", "", "secret"));
  const FakeTlsServer server(response("307 Temporary Redirect", "Location: " + target.url() + "\r\n", ""));
  const auto client = client_for(server);
  const auto answer = ask(*client, server.url());
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->status, 307);
  EXPECT_EQ(target.connections(), 0);
}

TEST_F(Client, UsesNoProxyOfTheEnvironment) {
  const FakeTlsServer server(response("200 OK", "", "direct"));
  ::setenv("https_proxy", "http://127.0.0.1:1", 1);
  ::setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
  const auto client = client_for(server);
  const auto answer = ask(*client, server.url());
  ::unsetenv("https_proxy");
  ::unsetenv("ALL_PROXY");
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->body, "direct");
}

TEST_F(Client, OpensNoSocketToAnAddressThatIsNotPublicWhateverNameItHas) {
  const FakeTlsServer server(response("200 OK", "", "inside"));
  const auto client = client_for(server, {.public_addresses_only = true});
  for (const char* host : {"localhost", "127.0.0.1", "[::1]", "0x7f.1", "2130706433"}) {
    const auto answer = ask(*client, server.url(host));
    ASSERT_FALSE(answer.ok()) << host;
    EXPECT_EQ(answer.error(), Error::kForbiddenAddress) << host;
  }
  EXPECT_EQ(server.connections(), 0);
}

TEST_F(Client, TakesAnAnswerUpToTheBound) {
  const FakeTlsServer fits(response("200 OK", "", std::string(1000, 'x')));
  EXPECT_TRUE(ask(*client_for(fits, {.max_response_bytes = 1000}), fits.url()).ok());
  const FakeTlsServer beyond(response("200 OK", "", std::string(1001, 'x')));
  const auto answer = ask(*client_for(beyond, {.max_response_bytes = 1000}), beyond.url());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error(), Error::kTooLarge);
}

TEST_F(Client, WaitsForAnAnswerNoLongerThanItIsTold) {
  const FakeTlsServer silent("");
  const auto client = client_for(silent, {.timeout = std::chrono::milliseconds(200)});
  const auto answer = ask(*client, silent.url());
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error(), Error::kTimeout);
}

TEST_F(Client, SaysThatNobodyListens) {
  std::string url;
  {
    const FakeTlsServer gone(response("200 OK", "", ""));
    url = gone.url();
  }
  const auto client = std::move(CurlClient::create({}, clock_)).value();
  const auto answer = ask(*client, url);
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error(), Error::kUnreachable);
}

TEST_F(Client, RefusesUrlsThatAreNotItsKind) {
  const auto client = std::move(CurlClient::create({}, clock_)).value();
  for (const char* url : {"http://localhost/", "file:///etc/hostname", "https://a@localhost/", ""}) {
    const auto answer = ask(*client, url);
    ASSERT_FALSE(answer.ok()) << url;
    EXPECT_EQ(answer.error(), Error::kInvalidRequest) << url;
  }
}

TEST_F(Client, AnswersEverythingWhenItEndsAlsoWhatIsAskedMeanwhile) {
  const FakeTlsServer silent("");
  std::vector<Error> answers;
  bool task_ran = false;
  {
    const auto client = client_for(silent);
    CurlClient& again = *client;
    for (int i = 0; i < 3; ++i) {
      client->post({silent.url(), {}, ""}, [&](Answer answer) {
        answers.push_back(answer.error());
        again.post({silent.url(), {}, ""}, [&](Answer second) { answers.push_back(second.error()); });
        again.defer([&] { task_ran = true; });
      });
    }
  }
  EXPECT_EQ(answers, std::vector<Error>(6, Error::kStopped));
  EXPECT_TRUE(task_ran);
}

TEST_F(Client, SaysWhatIsWrongWithTheFileOfAuthorities) {
  const auto missing = CurlClient::create({.ca_file = "/nowhere/ca.pem"}, clock_);
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error(), "/nowhere/ca.pem cannot be read as a PEM file of certificates");
}

}  // namespace
}  // namespace http_client
