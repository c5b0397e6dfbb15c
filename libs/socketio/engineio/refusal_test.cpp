// Requests that are refused before they are any: whose words they get, and that nothing behind them is read.
#include <atomic>
#include <deque>
#include <stdexcept>

#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

struct Case {
  std::string bytes;
  int status;
  std::string method;
  std::string target;
  std::string path;
};

/// Broken in every way that leaves the request line readable; `path` is what they ask for.
std::vector<Case> broken_requests(const std::string& path) {
  const std::string line = "GET " + path + " HTTP/1.1\r\n";
  const std::string host = "Host: x\r\n";
  const std::string long_path = path + std::string(3000, 'a');
  const std::string longest = long_path.substr(0, HttpLimits{}.url);
  return {
      {"GET " + path + "%ZZ HTTP/1.1\r\n" + host + "\r\n", 400, "GET", path + "%ZZ", ""},
      {"GET " + path + "%00 HTTP/1.1\r\n" + host + "\r\n", 400, "GET", path + "%00", ""},
      {"GET " + path + "/../../../.. HTTP/1.1\r\n" + host + "\r\n", 400, "GET", path + "/../../../..", ""},
      {"GET http://x" + path + "%ZZ HTTP/1.1\r\n" + host + "\r\n", 400, "GET", "http://x" + path + "%ZZ", ""},
      {line + "\r\n", 400, "GET", path, path},
      {"GET " + path + " x HTTP/1.1\r\n" + host + "\r\n", 400, "GET", path, path},
      {"GET " + path + " HTTP/2.0\r\n" + host + "\r\n", 505, "GET", path, path},
      {"POST " + path + " HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n", 501, "POST", path, path},
      {line + host + "X: " + std::string(20'000, 'a') + "\r\n\r\n", 431, "GET", path, path},
      {"GET " + long_path + " HTTP/1.1\r\n" + host + "\r\n", 414, "GET", longest, ""},
      {"GET " + long_path, 414, "GET", longest, ""},
      {"POST " + path + " HTTP/1.1\r\n" + host + "Content-Length: 9999999\r\n\r\n", 413, "POST", path, path},
      {"POST " + path + " HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400, "POST", path, path},
  };
}

/// What the handler hands to the test, one after the other.
template <class T>
class Handed {
 public:
  void give(T value) {
    const std::lock_guard lock(mutex_);
    values_.push_back(std::move(value));
    changed_.notify_one();
  }
  T take() {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, kPatience, [&] { return !values_.empty(); })) throw std::runtime_error("nothing came");
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<T> values_;
};

class RefusalTest : public EngineTest {
 protected:
  /// Says yes to everything, as one who does not look would.
  static HttpResponse words(const HttpRequest& request) {
    return {200, {{"Content-Type", "application/json"}}, "refused " + std::to_string(request.refused)};
  }
  void expect_end(RawClient& client, int status, const std::string& body) {
    const auto reply = client.reply();
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.body, body);
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_TRUE(client.ended());
  }
  static constexpr const char* kNext = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n";
};

TEST_F(RefusalTest, TheHostWordsThemAllOffTheEnginesPath) {
  Handed<HttpRequest> asked;
  std::atomic<int> evil{0};
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.path == "/evil") ++evil;
    auto response = words(request);
    asked.give(std::move(request));
    respond(std::move(response));
  };
  start(calm());
  for (const auto& c : broken_requests("/api/x")) {
    RawClient client(port_);
    client.send(c.bytes + kNext);
    expect_end(client, c.status, "refused " + std::to_string(c.status));
    const auto request = asked.take();
    EXPECT_EQ(request.method, c.method) << c.bytes.substr(0, 60);
    EXPECT_EQ(request.target, c.target) << c.bytes.substr(0, 60);
    EXPECT_EQ(request.path, c.path) << c.bytes.substr(0, 60);
    EXPECT_EQ(request.body, "");
    EXPECT_EQ(request.address, "127.0.0.1");
  }
  EXPECT_EQ(evil, 0);
}

TEST_F(RefusalTest, TheHostMayTakeItsTimeAndNothingBehindIsReadMeanwhile) {
  Handed<HttpResponder> asked;
  std::atomic<int> evil{0};
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.refused == 0) ++evil;
    asked.give(std::move(respond));
  };
  start(calm());
  for (const auto& c : broken_requests("/api/x")) {
    RawClient client(port_);
    client.send(c.bytes + kNext);
    auto respond = asked.take();
    client.send(kNext);
    EXPECT_TRUE(client.silent_for(5ms));
    respond(HttpResponse{400, {}, "late"});
    expect_end(client, c.status, "late");
  }
  RawClient gone(port_);
  gone.send(broken_requests("/api/x").front().bytes);
  auto respond = asked.take();
  gone.reset();
  respond(HttpResponse{400, {}, "too late"});
  RawClient forgotten(port_);
  forgotten.send(broken_requests("/api/x").front().bytes);
  {
    const auto dropped = asked.take();
  }
  expect_end(forgotten, 400, "");
  EXPECT_EQ(evil, 0);
}

TEST_F(RefusalTest, ARefusalWaitsForTheAnswersBeforeIt) {
  Handed<HttpResponder> slow;
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.refused == 0) return slow.give(std::move(respond));
    respond(words(request));
  };
  start(calm());
  for (const auto& c : broken_requests("/api/x")) {
    RawClient client(port_);
    client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n" + c.bytes + kNext);
    auto respond = slow.take();
    client.send(kNext);
    EXPECT_TRUE(client.silent_for(5ms));
    respond(HttpResponse{200, {}, "slow"});
    EXPECT_EQ(client.reply().body, "slow");
    expect_end(client, c.status, "refused " + std::to_string(c.status));
  }
}

TEST_F(RefusalTest, TheEnginesOwnAndThoseOfNobodyKnowsWhomHaveNoBody) {
  std::atomic<int> asked{0};
  http_ = [&](HttpRequest request, HttpResponder respond) {
    ++asked;
    respond(words(request));
  };
  start(calm());
  auto cases = broken_requests("/engine.io/");
  cases.push_back({"GET /a/../engine.io/" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414, "", "", ""});
  cases.push_back({"\x16\x03\x01\x02\r\n\r\n", 400, "", "", ""});
  cases.push_back({"GE(T /api/x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "", "", ""});
  cases.push_back({"GET\r\n\r\n", 400, "", "", ""});
  cases.push_back({std::string(5000, 'A'), 414, "", "", ""});
  for (const auto& c : cases) {
    SCOPED_TRACE(c.bytes.substr(0, 60));
    RawClient client(port_);
    client.send(c.bytes + kNext);
    // A POST to the engine without a session is read to its end before it is refused.
    const auto reply = client.reply();
    EXPECT_EQ(reply.status, c.status);
    EXPECT_EQ(reply.body, "");
    EXPECT_TRUE(client.ended());
  }
  EXPECT_EQ(asked, 0);
}

TEST_F(RefusalTest, SlowRequestsAreWordedWhenTheirTargetIsThere) {
  http_ = [](HttpRequest request, HttpResponder respond) { respond(words(request)); };
  auto options = calm();
  options.http.header_deadline = 60ms;
  start(options);
  for (const std::string begun : {"GET /api/x HTTP/1.1\r\nHos", "GET /api/x HT",
                                  "POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab"}) {
    RawClient client(port_);
    client.send(begun);
    expect_end(client, 408, "refused 408");
  }
  for (const std::string begun : {"GET /eng", "GET", "GET /engine.io/ HTTP/1.1\r\nHos",
                                  "POST /engine.io/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab"}) {
    RawClient client(port_);
    client.send(begun);
    expect_end(client, 408, "");
  }
}

TEST_F(RefusalTest, ASlowRequestIsWordedByAHostThatTakesItsTimeBehindASlowOne) {
  Handed<HttpResponder> slow;
  Handed<HttpResponder> refused;
  http_ = [&](HttpRequest request, HttpResponder respond) {
    (request.refused == 0 ? slow : refused).give(std::move(respond));
  };
  auto options = calm();
  options.http.header_deadline = 60ms;
  start(options);
  RawClient client(port_);
  client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /api/x HTTP/1.1\r\nHos");
  auto words_of_refusal = refused.take();
  client.send(std::string("t: x\r\n\r\n") + kNext);
  words_of_refusal(HttpResponse{408, {}, "slow head"});
  EXPECT_TRUE(client.silent_for(5ms));
  slow.take()(HttpResponse{200, {}, "slow answer"});
  EXPECT_EQ(client.reply().body, "slow answer");
  expect_end(client, 408, "slow head");
}

TEST_F(RefusalTest, TheWordsOfAHeadAreNotSent) {
  http_ = [](HttpRequest request, HttpResponder respond) { respond(words(request)); };
  start(calm());
  RawClient client(port_);
  client.send("HEAD /api/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip\r\n\r\n");
  const auto reply = client.reply(true);
  EXPECT_EQ(reply.status, 501);
  EXPECT_EQ(reply.headers.at("content-length"), "11");
  EXPECT_TRUE(client.silent_for(5ms));
}

}  // namespace
}  // namespace engineio::testing
