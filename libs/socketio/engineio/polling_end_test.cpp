// How polling sessions end (socketio.md §§3.12, 7): what the poll that is here, or comes a moment later, is told.
#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

using PollingEndTest = EngineTest;

TEST_F(PollingEndTest, AClosePacketFromTheClientReleasesThePollWithNoop) {
  start(calm());
  const auto sid = handshake();
  RawClient poller(port_);
  poller.get(polling(sid));
  EXPECT_TRUE(poller.silent_for(20ms));
  RawClient sender(port_);
  sender.post(polling(sid),
              "1\x1e"
              "4ignored");
  EXPECT_EQ(sender.reply().body, "ok");
  EXPECT_EQ(poller.reply().body, "6");
  EXPECT_EQ(next_close(), CloseReason::kTransportClose);
  EXPECT_EQ(poller.ask(polling(sid)).status, 400);
}

TEST_F(PollingEndTest, APollThatIsOvertakenByTheClosePacketOfItsClientHearsTheSame) {
  start(calm());
  const auto sid = handshake();
  RawClient sender(port_);
  sender.post(polling(sid), "1");
  EXPECT_EQ(sender.reply().body, "ok");
  EXPECT_EQ(next_close(), CloseReason::kTransportClose);
  RawClient poller(port_);
  // Whatever is not its last poll is refused, and does not use it up.
  EXPECT_EQ(poller.ask("/engine.io/?EIO=3&transport=polling&sid=" + sid).status, 400);
  poller.post(polling(sid), "4late");
  EXPECT_EQ(poller.reply().status, 400);
  const auto last = poller.ask(polling(sid));
  EXPECT_EQ(last.status, 200);
  EXPECT_EQ(last.body, "6");
  const auto later = poller.ask(polling(sid));
  EXPECT_EQ(later.status, 400);
  EXPECT_EQ(later.body, "{\"code\":1,\"message\":\"Session ID unknown\"}");
}

TEST_F(PollingEndTest, AClosePacketAndThePollBesideItMayComeByAnyShard) {
  start(calm(), 4);
  for (int round = 0; round < 64; ++round) {
    const auto sid = handshake();
    RawClient poller(port_);
    RawClient sender(port_);
    poller.get(polling(sid));
    sender.post(polling(sid), "1");
    EXPECT_EQ(sender.reply().body, "ok");
    const auto last = poller.reply();
    EXPECT_EQ(last.status, 200) << "round " << round;
    EXPECT_EQ(last.body, "6");
    EXPECT_EQ(poller.ask(polling(sid)).status, 400);
    EXPECT_EQ(next_close(), CloseReason::kTransportClose);
  }
}

TEST_F(PollingEndTest, ThePollOfASessionThatEndedOtherwiseIsOfAnUnknownSession) {
  start(calm());
  const auto sid = handshake();
  with_session([](Session& session) { session.close(CloseReason::kForcedClose, false); });
  EXPECT_EQ(next_close(), CloseReason::kForcedClose);
  RawClient poller(port_);
  EXPECT_EQ(poller.ask(polling(sid)).status, 400);
  const auto ended = handshake();
  RawClient sender(port_);
  sender.post(polling(ended), "1");
  EXPECT_EQ(sender.reply().body, "ok");
  clock_.skip(3s);
  EXPECT_EQ(poller.ask(polling(ended)).status, 400) << "it comes too late to have been overtaken";
}

TEST_F(PollingEndTest, AGracefulCloseDeliversTheQueueFirst) {
  start(calm());
  const auto sid = handshake();
  with_session([](Session& session) {
    session.send_text("last");
    session.close(CloseReason::kForcedClose, true);
    EXPECT_FALSE(session.send_text("too late"));
  });
  RawClient client(port_);
  EXPECT_EQ(client.ask(polling(sid)).body, "4last");
  EXPECT_EQ(client.ask(polling(sid)).body,
            "6\x1e"
            "1");
  EXPECT_EQ(next_close(), CloseReason::kForcedClose);
  EXPECT_EQ(client.ask(polling(sid)).status, 400);
}

TEST_F(PollingEndTest, AGracefulCloseWithAParkedPollAnswersItAtOnce) {
  start(calm());
  const auto sid = handshake();
  RawClient client(port_);
  client.get(polling(sid));
  EXPECT_TRUE(client.silent_for(20ms));
  with_session([](Session& session) { session.close(CloseReason::kForcedClose, true); });
  EXPECT_EQ(client.reply().body, "1");
  EXPECT_EQ(next_close(), CloseReason::kForcedClose);
}

TEST_F(PollingEndTest, AClosePacketEndsASessionThatIsClosingAnyway) {
  start(calm());
  const auto sid = handshake();
  with_session([](Session& session) {
    session.send_text("nobody comes for it");
    session.close(CloseReason::kForcedClose, true);
  });
  RawClient client(port_);
  client.post(polling(sid),
              "4late\x1e"
              "1\x1e"
              "4later");
  EXPECT_EQ(client.reply().body, "ok");
  EXPECT_EQ(next_close(), CloseReason::kForcedClose) << "not only after close_timeout";
  EXPECT_EQ(client.ask(polling(sid)).body, "6") << "as after every close packet";
  EXPECT_EQ(client.ask(polling(sid)).status, 400);
}

TEST_F(PollingEndTest, AGracefulCloseThatNobodyPollsForEndsInTime) {
  auto options = calm();
  options.close_timeout = 100ms;
  start(options);
  handshake();
  with_session([](Session& session) { session.close(CloseReason::kForcedClose, true); });
  EXPECT_EQ(next_close(), CloseReason::kForcedClose);
}

}  // namespace
}  // namespace engineio::testing
