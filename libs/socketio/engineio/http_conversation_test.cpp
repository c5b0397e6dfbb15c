// Where requests begin, whatever TCP cut.
#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

using HttpConversationTest = EngineTest;

const std::string kAsk = "GET /x HTTP/1.1\r\nHost: x\r\n\r\n";

TEST_F(HttpConversationTest, AnEmptyLineBeforeARequestMayComeInTwoPieces) {
  start(calm());
  RawClient client(port_);
  for (const std::string first : {"\r", "\r\n\r", "\r\n\r\n\r"}) {
    client.send(first);
    EXPECT_TRUE(client.silent_for(20ms)) << "the server has read it";
    client.send("\n" + kAsk);
    EXPECT_EQ(client.reply().status, 404);
  }
  // Behind a request and before the next.
  client.send(kAsk + "\r");
  EXPECT_EQ(client.reply().status, 404);
  EXPECT_TRUE(client.silent_for(20ms));
  client.send("\n" + kAsk + "\r\n" + kAsk);
  EXPECT_EQ(client.reply().status, 404);
  EXPECT_EQ(client.reply().status, 404);
}

TEST_F(HttpConversationTest, HalfAnEmptyLineIsNoRequest) {
  auto options = calm();
  options.http.first_byte = 60ms;
  options.http.keep_alive_idle = 60ms;
  start(options);
  RawClient fresh(port_);
  fresh.send("\r");
  EXPECT_EQ(fresh.reply().status, 0) << "nobody asked";
  RawClient idle(port_);
  EXPECT_EQ(idle.ask("/x").status, 404);
  idle.send("\r");
  EXPECT_EQ(idle.reply().status, 0);
}

TEST_F(HttpConversationTest, ACarriageReturnThatNoLineFeedFollowsIsRefused) {
  start(calm());
  RawClient client(port_);
  client.send("\r");
  EXPECT_TRUE(client.silent_for(20ms));
  client.send(kAsk);
  EXPECT_EQ(client.reply().status, 400);
  EXPECT_TRUE(client.ended());
}

}  // namespace
}  // namespace engineio::testing
