// Cross-origin headers of refusals that come before the request was read to its end (socketio.md §2.6): a page learns
// the status only with them.
#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

const std::string kPage = "http://good.example";
const std::string kOrigin = "Origin: " + kPage + "\r\n";

class EarlyRefusalTest : public EngineTest {
 protected:
  static ServerOptions for_pages() {
    auto options = calm();
    options.cors.origins = {kPage};
    options.cors.credentials = true;
    options.max_payload = 100;
    return options;
  }
  [[nodiscard]] std::string post(const std::string& rest) {
    return "POST " + polling(handshake()) + " HTTP/1.1\r\nHost: x\r\n" + kOrigin + rest;
  }
  void expect_readable(RawClient& client, int status) {
    auto reply = client.reply();
    EXPECT_EQ(reply.status, status);
    EXPECT_EQ(reply.headers["access-control-allow-origin"], kPage);
    EXPECT_EQ(reply.headers["access-control-allow-credentials"], "true");
    EXPECT_EQ(reply.headers["vary"], "Origin");
    EXPECT_TRUE(client.ended());
  }
};

TEST_F(EarlyRefusalTest, OfBodiesThatAreTooLong) {
  start(for_pages());
  RawClient announced(port_);
  announced.send(post("Content-Length: 101\r\n\r\n"));
  expect_readable(announced, 413);
  RawClient chunked(port_);
  chunked.send(post("Transfer-Encoding: chunked\r\n\r\nff\r\n") + std::string(200, '4'));
  expect_readable(chunked, 413);
  RawClient broken(port_);
  broken.send(post("Transfer-Encoding: chunked\r\n\r\nx\r\n"));
  expect_readable(broken, 400);
}

TEST_F(EarlyRefusalTest, OfPostsThatMayNotBe) {
  start(for_pages());
  RawClient binary(port_);
  binary.send(post("Content-Type: application/octet-stream\r\nContent-Length: 5\r\n\r\nab"));
  expect_readable(binary, 400);
  const std::string half = post("Content-Length: 5\r\n\r\n4a");
  RawClient first(port_);
  first.send(half);
  EXPECT_TRUE(first.silent_for(20ms));
  RawClient second(port_);
  second.send(half);
  expect_readable(second, 400);
}

TEST_F(EarlyRefusalTest, OfBodiesThatComeTooSlowly) {
  auto options = for_pages();
  options.http.header_deadline = 60ms;
  start(options);
  RawClient slow(port_);
  slow.send(post("Content-Length: 50\r\n\r\n4a"));
  expect_readable(slow, 408);
}

TEST_F(EarlyRefusalTest, OfOtherPathsIsNoBusinessOfTheEngine) {
  start(for_pages());
  RawClient client(port_);
  client.send("POST /x HTTP/1.1\r\nHost: x\r\n" + kOrigin + "Content-Length: 9999999\r\n\r\n");
  const auto reply = client.reply();
  EXPECT_EQ(reply.status, 413);
  EXPECT_EQ(reply.headers.count("access-control-allow-origin"), 0u);
}

}  // namespace
}  // namespace engineio::testing
