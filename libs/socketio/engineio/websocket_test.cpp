// WebSocket and the upgrade to it over real sockets (socketio.md §§5, 6).
#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

using websocket_codec::Opcode;
using Kind = websocket_codec::Incoming::Kind;
using WebSocketTest = EngineTest;
using UpgradeTest = EngineTest;

TEST_F(WebSocketTest, TheFirstFrameIsTheOpenPacketWithoutUpgrades) {
  start(calm());
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  const auto open = client.text();
  EXPECT_EQ(open, "0{\"sid\":\"" + sid_of(open) +
                      "\",\"upgrades\":[],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000}");
}

TEST_F(WebSocketTest, EchoesTextBinaryFragmentsAndManyFramesOfOneSegment) {
  start(calm());
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  client.send_text("4hello");
  EXPECT_EQ(client.text(), "4hello");
  client.send_frame(Opcode::kBinary, std::string_view("\1\2\0\4", 4));
  const auto binary = client.frame();
  ASSERT_TRUE(binary.has_value());
  EXPECT_EQ(binary->kind, Kind::kBinary);
  EXPECT_EQ(binary->payload, std::string("\1\2\0\4", 4));
  client.send_text("bAQIDBA==");
  EXPECT_EQ(client.frame()->payload, "\1\2\3\4");
  client.send_frame(Opcode::kBinary, "");
  EXPECT_EQ(client.frame()->payload, "");
  client.send_frame(Opcode::kText, "4fr", false);
  client.send_frame(Opcode::kPing, "in between");
  client.send_frame(Opcode::kContinuation, "agments", true);
  EXPECT_EQ(client.frame()->kind, Kind::kPong);
  EXPECT_EQ(client.text(), "4fragments");
  std::string burst;
  for (int i = 0; i < 500; ++i)
    websocket_codec::append_masked_frame(burst, {Opcode::kText, true, {9, 8, 7, 6}}, "4" + std::to_string(i));
  client.send(burst);
  for (int i = 0; i < 500; ++i) ASSERT_EQ(client.text(), "4" + std::to_string(i));
}

TEST_F(WebSocketTest, AClientThatAskedForBase64GetsBinaryAsText) {
  start(calm());
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket() + "&b64=0"), 101);
  client.text();
  client.send_frame(Opcode::kBinary, "\1\2\3\4");
  EXPECT_EQ(client.text(), "bAQIDBA==");
}

TEST_F(WebSocketTest, RefusalsComeBefore101WithAPlainBody) {
  start(calm());
  struct Case {
    std::string target;
    std::string body;
  };
  const std::vector<Case> cases = {
      {"/engine.io/?EIO=4&transport=abc", "Transport unknown"},
      {websocket("unknown"), "Session ID unknown"},
      {"/engine.io/?EIO=3&transport=websocket", "Unsupported protocol version"},
      {"/engine.io/?EIO=4&transport=polling", "Bad request"},
  };
  for (const auto& c : cases) {
    RawClient client(port_);
    client.get(c.target,
               "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    const auto reply = client.reply();
    EXPECT_EQ(reply.status, 400) << c.target;
    EXPECT_EQ(reply.body, c.body) << c.target;
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_EQ(reply.headers.at("content-type"), "text/html");
    EXPECT_TRUE(client.ended());
  }
}

TEST_F(WebSocketTest, ABadKeyOrVersionIsRefused) {
  start(calm());
  RawClient key(port_);
  key.get(websocket(),
          "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
          "Sec-WebSocket-Key: short\r\n");
  EXPECT_EQ(key.reply().status, 400);
  RawClient version(port_);
  version.get(websocket(),
              "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 8\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
  const auto reply = version.reply();
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.headers.at("sec-websocket-version"), "13");
}

TEST_F(WebSocketTest, EchoesTheFirstSubprotocol) {
  start(calm());
  RawClient client(port_);
  client.get(websocket(),
             "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: one, two\r\n");
  const auto reply = client.reply(true);
  EXPECT_EQ(reply.status, 101);
  EXPECT_EQ(reply.headers.at("sec-websocket-protocol"), "one");
  EXPECT_EQ(reply.headers.at("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  EXPECT_EQ(reply.headers.count("sec-websocket-extensions"), 0u);
}

TEST_F(WebSocketTest, BrokenFramesEndWithTheirCode) {
  start(calm());
  struct Case {
    std::string bytes;
    std::uint16_t code;
  };
  const std::vector<Case> cases = {
      {std::string("\x81\x01x", 3), 1002},                 // unmasked
      {std::string("\xC1\x80\0\0\0\0", 6), 1002},          // RSV1
      {std::string("\x83\x80\0\0\0\0", 6), 1002},          // reserved opcode
      {std::string("\x80\x80\0\0\0\0", 6), 1002},          // stray continuation
      {std::string("\x09\x80\0\0\0\0", 6), 1002},          // fragmented ping
      {std::string("\x81\x81\0\0\0\0\xff", 7), 1007},      // not UTF-8
      {std::string("\x81\xFE\x03\xE9\0\0\0\0", 8), 1009},  // 1001 bytes announced
      {std::string("\x81\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF\0\0\0\0", 14), 1009},
  };
  for (const auto& c : cases) {
    RawClient client(port_);
    ASSERT_EQ(client.upgrade(websocket()), 101);
    client.text();
    client.send(c.bytes);
    const auto closed = client.frame();
    ASSERT_TRUE(closed.has_value());
    EXPECT_EQ(closed->kind, Kind::kClose);
    EXPECT_EQ(closed->code, c.code);
    EXPECT_TRUE(client.ended());
    EXPECT_EQ(next_close(), CloseReason::kTransportError);
  }
}

TEST_F(WebSocketTest, TooManyFragmentsEndWith1008) {
  auto options = calm();
  options.max_fragments = 4;
  start(options);
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  client.send_frame(Opcode::kText, "4", false);
  for (int i = 0; i < 4; ++i) client.send_frame(Opcode::kContinuation, "x", false);
  EXPECT_EQ(client.frame()->code, 1008);
}

TEST_F(WebSocketTest, APingFloodEndsWith1008) {
  auto options = calm();
  options.control_frames_burst = 5;
  start(options);
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  for (int i = 0; i < 30; ++i) client.send_frame(Opcode::kPing, "x");
  int pongs = 0;
  auto got = client.frame();
  for (; got && got->kind == Kind::kPong; got = client.frame()) ++pongs;
  EXPECT_EQ(pongs, 5);
  ASSERT_TRUE(got.has_value());
  EXPECT_EQ(got->code, 1008);
}

TEST_F(WebSocketTest, UndecodablePacketsCloseWithoutACode) {
  start(calm());
  for (const char* packet : {"", "abc", "9"}) {
    RawClient client(port_);
    ASSERT_EQ(client.upgrade(websocket()), 101);
    client.text();
    client.send_text(packet);
    const auto closed = client.frame();
    ASSERT_TRUE(closed.has_value());
    EXPECT_EQ(closed->kind, Kind::kClose);
    EXPECT_EQ(closed->code, 0);
    EXPECT_EQ(next_close(), CloseReason::kParseError);
  }
}

TEST_F(WebSocketTest, AnEngineCloseAndACloseFrameBothEndTheSession) {
  start(calm());
  RawClient engine(port_);
  ASSERT_EQ(engine.upgrade(websocket()), 101);
  engine.text();
  engine.send_text("1");
  EXPECT_EQ(engine.frame()->kind, Kind::kClose);
  EXPECT_EQ(next_close(), CloseReason::kTransportClose);
  RawClient polite(port_);
  ASSERT_EQ(polite.upgrade(websocket()), 101);
  polite.text();
  polite.send_frame(Opcode::kClose, std::string("\x03\xE9", 2));
  const auto answer = polite.frame();
  EXPECT_EQ(answer->kind, Kind::kClose);
  EXPECT_EQ(answer->code, 1001);
  EXPECT_TRUE(polite.ended());
  EXPECT_EQ(next_close(), CloseReason::kTransportClose);
}

TEST_F(WebSocketTest, ADroppedConnectionEndsTheSession) {
  start(calm());
  {
    RawClient client(port_);
    ASSERT_EQ(client.upgrade(websocket()), 101);
    client.text();
  }
  EXPECT_EQ(next_close(), CloseReason::kTransportClose);
}

TEST_F(WebSocketTest, AServerCloseSendsWhatIsQueuedAndThenTheCloseFrame) {
  start(calm());
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  with_session([](Session& session) {
    session.send_text("last");
    session.close(CloseReason::kForcedServerClose, true);
  });
  EXPECT_EQ(client.text(), "4last");
  const auto closed = client.frame();
  EXPECT_EQ(closed->kind, Kind::kClose);
  EXPECT_EQ(closed->code, 0);
  EXPECT_EQ(next_close(), CloseReason::kForcedServerClose);
  client.send_frame(Opcode::kClose, "");
  EXPECT_TRUE(client.ended());
}

TEST_F(WebSocketTest, HeartbeatPingsAndTimesOut) {
  auto options = calm();
  options.ping_interval = 40ms;
  options.ping_timeout = 100ms;
  start(options);
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  EXPECT_EQ(client.text(), "2");
  client.send_text("3");
  EXPECT_EQ(next_pong(), 1u);
  EXPECT_EQ(client.text(), "2");
  EXPECT_EQ(client.frame()->kind, Kind::kClose);
  EXPECT_EQ(next_close(), CloseReason::kPingTimeout);
}

TEST_F(WebSocketTest, APingThatTheServerSendsLateMayBeAnsweredAsLate) {
  const auto options = calm();
  start(options);
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  with_session([&](Session&) { clock_.skip(options.ping_interval + options.ping_timeout + 1s); });
  EXPECT_EQ(client.text(), "2");
  with_session([&](Session&) { clock_.skip(options.ping_timeout / 2); });
  client.send_text("3");
  client.send_text("4still here");
  EXPECT_EQ(client.text(), "4still here");
}

TEST_F(WebSocketTest, AClientThatDoesNotReadIsCutOff) {
  auto options = calm();
  options.max_buffered_bytes = 200'000;
  start(options);
  RawClient client(port_);
  client.set_receive_buffer(4096);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  const std::string big(50'000, 'x');
  bool blocked = false;
  with_session([&](Session& session) {
    while (session.send_text(big)) blocked = blocked || !session.writable();
  });
  EXPECT_TRUE(blocked);
  EXPECT_EQ(next_close(), CloseReason::kSlowConsumer);
}

TEST_F(WebSocketTest, AClientThatWritesWithoutReadingIsNotReadAnyMore) {
  auto options = calm();
  options.max_payload = 100'000;
  options.stop_reading_above = 50'000;
  options.max_buffered_bytes = 100'000'000;
  start(options);
  RawClient client(port_);
  ASSERT_EQ(client.upgrade(websocket()), 101);
  client.text();
  const std::string big = "4" + std::string(50'000, 'x');
  std::thread writer([&] {
    for (int i = 0; i < 400; ++i) client.send_text(big);
  });
  std::size_t most = 0;
  for (int i = 0; i < 20; ++i) with_session([&](Session& session) { most = std::max(most, session.buffered_bytes()); });
  for (int i = 0; i < 400; ++i) ASSERT_EQ(client.text(), big) << i;
  writer.join();
  EXPECT_LT(most, 1'000'000u);
}

TEST_F(UpgradeTest, FollowsTheProbeSequenceAndKeepsTheOrder) {
  start(calm());
  const auto sid = handshake();
  RawClient poller(port_);
  poller.get(polling(sid));
  EXPECT_TRUE(poller.silent_for(20ms));
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  EXPECT_TRUE(upgrading.silent_for(20ms)) << "nothing before the probe";
  upgrading.send_text("2probe");
  EXPECT_EQ(upgrading.text(), "3probe");
  EXPECT_EQ(poller.reply().body, "6") << "the parked poll is released at once";
  const auto asked = std::chrono::steady_clock::now();
  EXPECT_EQ(poller.ask(polling(sid)).body, "6");
  EXPECT_LT(std::chrono::steady_clock::now() - asked, 2s);
  poller.post(polling(sid), "4one");
  EXPECT_EQ(poller.reply().body, "ok") << "polling goes on";
  EXPECT_TRUE(upgrading.silent_for(20ms)) << "nothing on the WebSocket before 5";
  upgrading.send_text("5");
  EXPECT_EQ(upgrading.text(), "4one");
  with_session([](Session& session) { EXPECT_EQ(session.transport(), Transport::kWebSocket); });
  upgrading.send_text("4two");
  EXPECT_EQ(upgrading.text(), "4two");
  EXPECT_EQ(poller.ask(polling(sid)).body, "{\"code\":3,\"message\":\"Bad request\"}");
  poller.post(polling(sid), "4x");
  EXPECT_EQ(poller.reply().status, 400);
}

TEST_F(UpgradeTest, APollIsAnsweredWithWhatIsQueuedWhileProbing) {
  start(calm());
  const auto sid = handshake();
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  upgrading.send_text("2probe");
  EXPECT_EQ(upgrading.text(), "3probe");
  RawClient poller(port_);
  poller.get(polling(sid));
  with_session([](Session& session) { session.send_text("x"); });
  const auto body = poller.reply().body;
  EXPECT_TRUE(body == "4x" || body == "6") << body;
  if (body == "6") {
    EXPECT_EQ(poller.ask(polling(sid)).body, "4x");
  }
}

TEST_F(UpgradeTest, WhatWaitedForAPollIsToldWhenTheWebSocketHasTakenIt) {
  start(calm());
  const auto sid = handshake();
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  upgrading.send_text("2probe");
  EXPECT_EQ(upgrading.text(), "3probe");
  with_session([](Session& session) { session.send_text("x"); });
  EXPECT_EQ(drains(), 0);
  upgrading.send_text("5");
  EXPECT_EQ(upgrading.text(), "4x");
  with_session([](Session& session) { session.send_text("y"); });
  EXPECT_EQ(upgrading.text(), "4y");
  with_session([](Session& session) { EXPECT_EQ(session.buffered_bytes(), 0u); });
  EXPECT_EQ(drains(), 1) << "only the first had to wait";
}

TEST_F(UpgradeTest, ARequestDoesNotOvertakeTheUpgradePacket) {
  start(calm(), 2);
  for (int i = 0; i < 30; ++i) {
    const auto sid = handshake();
    RawClient upgrading(port_);
    ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
    upgrading.send_text("2probe");
    ASSERT_EQ(upgrading.text(), "3probe");
    RawClient poller(port_);
    upgrading.send_text("5");
    ASSERT_EQ(poller.ask(polling(sid)).status, 400);
  }
}

TEST_F(UpgradeTest, ASecondWebSocketIsClosedAndTheFirstGoesOn) {
  start(calm());
  const auto sid = handshake();
  RawClient first(port_);
  ASSERT_EQ(first.upgrade(websocket(sid)), 101);
  RawClient second(port_);
  ASSERT_EQ(second.upgrade(websocket(sid)), 101);
  EXPECT_EQ(second.frame()->kind, Kind::kClose);
  first.send_text("2probe");
  EXPECT_EQ(first.text(), "3probe");
  first.send_text("5");
  first.send_text("4x");
  EXPECT_EQ(first.text(), "4x");
  RawClient third(port_);
  ASSERT_EQ(third.upgrade(websocket(sid)), 101);
  EXPECT_EQ(third.frame()->kind, Kind::kClose);
  first.send_text("4y");
  EXPECT_EQ(first.text(), "4y");
}

TEST_F(UpgradeTest, AWrongProbeClosesOnlyThatWebSocket) {
  start(calm());
  const auto sid = handshake();
  for (const char* probe : {"2other", "4x", "abc", ""}) {
    RawClient upgrading(port_);
    ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
    upgrading.send_text(probe);
    EXPECT_EQ(upgrading.frame()->kind, Kind::kClose) << probe;
  }
  RawClient poller(port_);
  poller.post(polling(sid), "4x");
  EXPECT_EQ(poller.reply().body, "ok");
  EXPECT_EQ(poller.ask(polling(sid)).body, "4x");
}

TEST_F(UpgradeTest, ALostOrSlowCandidateLeavesPollingAlone) {
  auto options = calm();
  options.upgrade_timeout = 50ms;
  start(options);
  const auto sid = handshake();
  {
    RawClient lost(port_);
    ASSERT_EQ(lost.upgrade(websocket(sid)), 101);
    lost.send_text("2probe");
    lost.text();
  }
  RawClient slow(port_);
  while (slow.upgrade(websocket(sid)) != 101) FAIL();
  const auto closed = slow.frame();
  ASSERT_TRUE(closed.has_value());
  EXPECT_EQ(closed->kind, Kind::kClose);
  RawClient poller(port_);
  poller.post(polling(sid), "4x");
  EXPECT_EQ(poller.reply().body, "ok");
  EXPECT_EQ(poller.ask(polling(sid)).body, "4x");
}

TEST_F(UpgradeTest, ASessionThatEndsWhileProbingClosesTheCandidate) {
  start(calm());
  const auto sid = handshake();
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  RawClient poller(port_);
  poller.post(polling(sid), "1");
  EXPECT_EQ(poller.reply().body, "ok");
  EXPECT_EQ(upgrading.frame()->kind, Kind::kClose);
}

TEST_F(UpgradeTest, AGracefulCloseInTheMiddleOfItStillDeliversTheLastWords) {
  start(calm());
  const auto sid = handshake();
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  upgrading.send_text("2probe");
  EXPECT_EQ(upgrading.text(), "3probe");
  with_session([](Session& session) {
    session.send_text("do not come back");
    session.close(CloseReason::kForcedClose, true);
  });
  EXPECT_TRUE(upgrading.silent_for(20ms)) << "the client has stopped polling and is about to say 5";
  upgrading.send_text("5");
  EXPECT_EQ(upgrading.text(), "4do not come back");
  EXPECT_EQ(upgrading.frame()->kind, Kind::kClose);
  EXPECT_EQ(next_close(), CloseReason::kForcedClose);
}

TEST_F(UpgradeTest, TheHeartbeatGoesOnAcrossTheUpgrade) {
  auto options = calm();
  options.ping_interval = 100ms;
  options.ping_timeout = 100ms;
  start(options);
  const auto sid = handshake();
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  upgrading.send_text("2probe");
  EXPECT_EQ(upgrading.text(), "3probe");
  upgrading.send_text("5");
  EXPECT_EQ(upgrading.text(), "2");
  EXPECT_EQ(upgrading.frame()->kind, Kind::kClose);
  EXPECT_EQ(next_close(), CloseReason::kPingTimeout);
}

}  // namespace
}  // namespace engineio::testing
