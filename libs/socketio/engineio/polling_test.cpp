// HTTP long-polling over real sockets (socketio.md §§2, 3, 4, 7).
#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

using PollingTest = EngineTest;

const std::string kOpen = "/engine.io/?EIO=4&transport=polling";

TEST_F(PollingTest, TheOpenPacketHasTheFiveKeysInOrder) {
  start(calm());
  RawClient client(port_);
  const auto reply = client.ask(kOpen);
  EXPECT_EQ(reply.status, 200);
  const auto sid = sid_of(reply.body);
  EXPECT_EQ(reply.body, "0{\"sid\":\"" + sid +
                            "\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,"
                            "\"maxPayload\":1000}");
  EXPECT_EQ(sid.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), sid.npos);
  EXPECT_EQ(reply.headers.at("content-type"), "text/plain; charset=UTF-8");
  EXPECT_EQ(reply.headers.at("cache-control"), "no-store");
  EXPECT_EQ(reply.headers.at("connection"), "keep-alive");
  EXPECT_EQ(reply.headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(reply.headers.count("set-cookie"), 0u);
}

TEST_F(PollingTest, TheErrorTableIsExact) {
  start(calm());
  const auto sid = handshake();
  struct Case {
    const char* method;
    std::string target;
    int status;
    const char* body;
  };
  const char* kUnknownTransport = "{\"code\":0,\"message\":\"Transport unknown\"}";
  const char* kUnknownSession = "{\"code\":1,\"message\":\"Session ID unknown\"}";
  const char* kBadMethod = "{\"code\":2,\"message\":\"Bad handshake method\"}";
  const char* kBadRequest = "{\"code\":3,\"message\":\"Bad request\"}";
  const char* kBadVersion = "{\"code\":5,\"message\":\"Unsupported protocol version\"}";
  const std::vector<Case> cases = {
      {"GET", "/engine.io/?EIO=4", 400, kUnknownTransport},
      {"GET", "/engine.io/?EIO=4&transport=abc", 400, kUnknownTransport},
      {"GET", "/engine.io/?EIO=4&transport=constructor", 400, kUnknownTransport},
      {"GET", "/engine.io/?EIO=4&transport=webtransport", 400, kUnknownTransport},
      {"GET", "/engine.io/?EIO=4&transport=polling&transport=x", 400, kUnknownTransport},
      {"GET", kOpen + "&sid=unknown", 400, kUnknownSession},
      {"GET", kOpen + "&sid=__proto__", 400, kUnknownSession},
      {"GET", kOpen + "&sid=AAAAAAAAAAAAAAAAAAAA", 400, kUnknownSession},
      {"GET", websocket(sid), 400, kBadRequest},
      {"GET", "/engine.io/?EIO=3&transport=polling&sid=" + sid, 400, kBadRequest},
      {"PUT", kOpen, 400, kBadMethod},
      {"POST", kOpen, 400, kBadMethod},
      {"OPTIONS", kOpen, 400, kBadMethod},
      {"GET", "/engine.io/?EIO=4&transport=websocket", 400, kBadRequest},
      {"GET", "/engine.io/?transport=polling", 400, kBadVersion},
      {"GET", "/engine.io/?EIO=3&transport=polling", 400, kBadVersion},
      {"GET", "/engine.io/?EIO=4.0&transport=polling", 400, kBadVersion},
      {"DELETE", kOpen + "&sid=" + sid, 400, kBadRequest},
  };
  RawClient client(port_);  // one connection for all: errors keep it alive
  for (const auto& c : cases) {
    client.send(std::string(c.method) + " " + c.target + " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
    const auto reply = client.reply();
    EXPECT_EQ(reply.status, c.status) << c.method << c.target;
    EXPECT_EQ(reply.body, c.body) << c.method << c.target;
    EXPECT_EQ(reply.headers.at("content-type"), "application/json");
  }
  EXPECT_EQ(client.ask("/engine.io/other?EIO=4&transport=polling").status, 200) << "the path is a prefix";
  EXPECT_EQ(client.ask("/engine.io?EIO=4&transport=polling").status, 404);
  EXPECT_EQ(client.ask("/Engine.IO/?EIO=4&transport=polling").status, 404);
}

TEST_F(PollingTest, EchoesTextAndBinary) {
  start(calm());
  const auto sid = handshake();
  RawClient sender(port_);
  sender.post(polling(sid),
              "4hello\x1e"
              "bAQIDBA==\x1e"
              "4\xc3\xa9");
  const auto posted = sender.reply();
  EXPECT_EQ(posted.status, 200);
  EXPECT_EQ(posted.body, "ok");
  EXPECT_EQ(posted.headers.at("content-type"), "text/html");
  EXPECT_EQ(posted.headers.at("cache-control"), "no-store");
  EXPECT_EQ(sender.ask(polling(sid)).body,
            "4hello\x1e"
            "bAQIDBA==\x1e"
            "4\xc3\xa9");
}

TEST_F(PollingTest, AParkedPollIsAnsweredByALaterPost) {
  start(calm());
  const auto sid = handshake();
  RawClient poller(port_);
  poller.get(polling(sid));
  EXPECT_TRUE(poller.silent_for(50ms));
  RawClient sender(port_);
  sender.post(polling(sid), "4x");
  EXPECT_EQ(sender.reply().body, "ok");
  EXPECT_EQ(poller.reply().body, "4x");
}

TEST_F(PollingTest, APostPipelinedBehindItsOwnPollDoesNotWaitForIt) {
  start(calm());
  const auto sid = handshake();
  RawClient client(port_);
  client.send("GET " + polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\nPOST " + polling(sid) +
              " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n4x");
  EXPECT_EQ(client.reply().body, "4x") << "answers keep the order of the requests";
  EXPECT_EQ(client.reply().body, "ok");
}

TEST_F(PollingTest, PollsAndPostsMayBePipelinedInTurn) {
  start(calm());
  const auto sid = handshake();
  const std::string get = "GET " + polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  const std::string post = "POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n";
  RawClient client(port_);
  client.send(get + post + "4a" + get + post + "4b" + get);
  for (const char* body : {"4a", "ok", "4b", "ok"}) EXPECT_EQ(client.reply().body, body);
  // On two connections, of which one ends with its answer.
  client.send(post + "4c");
  EXPECT_EQ(client.reply().body, "4c");
  EXPECT_EQ(client.reply().body, "ok");
  RawClient last(port_);
  last.get(polling(sid), "Connection: close\r\n");
  EXPECT_TRUE(last.silent_for(20ms));
  client.send(post + "4d" + get + post + "4e");
  EXPECT_EQ(last.reply().body, "4d");
  EXPECT_TRUE(last.ended());
  for (const char* body : {"ok", "4e", "ok"}) EXPECT_EQ(client.reply().body, body);
}

TEST_F(PollingTest, APollBehindAPostThatTellsNothingIsStillASecondOne) {
  start(calm());
  const auto sid = handshake();
  const std::string get = "GET " + polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  RawClient client(port_);
  client.send(get + "POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n3" + get);
  EXPECT_EQ(client.reply().body, "1");
  EXPECT_EQ(client.reply().body, "ok");
  EXPECT_EQ(client.reply().status, 400);
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, ASecondPollEndsTheSession) {
  start(calm());
  const auto sid = handshake();
  RawClient first(port_);
  first.get(polling(sid));
  EXPECT_TRUE(first.silent_for(30ms));
  RawClient second(port_);
  const auto reply = second.ask(polling(sid));
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "");
  const auto released = first.reply();
  EXPECT_EQ(released.status, 200);
  EXPECT_EQ(released.body, "1");
  EXPECT_EQ(second.ask(polling(sid)).body, "{\"code\":1,\"message\":\"Session ID unknown\"}");
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, ASecondPostEndsTheSessionAndTheFirstConnection) {
  start(calm());
  const auto sid = handshake();
  RawClient first(port_);
  first.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4abc");
  EXPECT_TRUE(first.silent_for(30ms));
  RawClient second(port_);
  second.post(polling(sid), "4x");
  const auto reply = second.reply();
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "");
  EXPECT_TRUE(first.ended());
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, AnAbortedPollEndsTheSessionAtOnce) {
  start(calm());
  const auto sid = handshake();
  {
    RawClient poller(port_);
    poller.get(polling(sid));
    EXPECT_TRUE(poller.silent_for(30ms));
  }
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
  RawClient later(port_);
  EXPECT_EQ(later.ask(polling(sid)).status, 400);
}

TEST_F(PollingTest, AHalfClosedPollCountsAsAborted) {
  start(calm());
  const auto sid = handshake();
  RawClient poller(port_);
  poller.get(polling(sid));
  poller.shut_down_writing();
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, AConnectionLostInsideAPostEndsTheSession) {
  start(calm());
  const auto sid = handshake();
  {
    RawClient sender(port_);
    sender.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4abc");
    EXPECT_TRUE(sender.silent_for(30ms));
  }
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, MaxPayloadIsInclusiveAndBeyondItTheSessionLives) {
  start(calm());
  echo_ = false;
  const auto sid = handshake();
  RawClient fits(port_);
  fits.post(polling(sid), "4" + std::string(999, 'a'));
  EXPECT_EQ(fits.reply().status, 200);
  RawClient announced(port_);
  announced.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n");
  const auto early = announced.reply();
  EXPECT_EQ(early.status, 413) << "without waiting for the body";
  EXPECT_EQ(early.body, "");
  RawClient chunked(port_);
  chunked.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n4" +
               std::string(1000, 'a') + "\r\n0\r\n\r\n");
  const auto counted = chunked.reply();
  EXPECT_EQ(counted.status, 413);
  EXPECT_EQ(counted.body, "");
  RawClient after(port_);
  after.post(polling(sid), "4x");
  EXPECT_EQ(after.reply().body, "ok");
}

TEST_F(PollingTest, OctetStreamIsRefusedAndEndsTheSession) {
  start(calm());
  const auto sid = handshake();
  RawClient client(port_);
  client.post(polling(sid), "4x", "Content-Type: application/octet-stream\r\n");
  const auto reply = client.reply();
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.body, "");
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, OctetStreamIsRefusedWithoutWaitingForItsBody) {
  start(calm());
  const auto sid = handshake();
  RawClient client(port_);
  client.send("POST " + polling(sid) +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 9\r\n\r\n");
  EXPECT_EQ(client.reply().status, 400);
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, AnUndecodablePacketEndsTheSessionAfterThoseBeforeIt) {
  start(calm());
  for (const std::string body : {"4first\x1e"
                                 "abc",
                                 "4first\x1e",
                                 "4first\x1e\x1e"
                                 "4second",
                                 "4first\x1e"
                                 "4\xff"}) {
    const auto sid = handshake();
    RawClient poller(port_);
    poller.get(polling(sid));
    EXPECT_TRUE(poller.silent_for(20ms));
    RawClient sender(port_);
    sender.post(polling(sid), body);
    EXPECT_EQ(sender.reply().body, "ok");
    EXPECT_EQ(next_close(), CloseReason::kParseError);
    EXPECT_EQ(poller.reply().body, "1");
  }
}

TEST_F(PollingTest, APingFromTheClientIsTheWrongDirectionAndStrayPacketsAreIgnored) {
  start(calm());
  const auto sid = handshake();
  RawClient sender(port_);
  sender.post(polling(sid),
              "3\x1e"
              "0\x1e"
              "5\x1e"
              "6\x1e"
              "4x");
  EXPECT_EQ(sender.reply().body, "ok");
  EXPECT_EQ(sender.ask(polling(sid)).body, "4x");
  sender.post(polling(sid), "2");
  EXPECT_EQ(sender.reply().body, "ok");
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(PollingTest, APollCarriesAtMostSixteenPackets) {
  start(calm());
  const auto sid = handshake();
  with_session([](Session& session) {
    for (int i = 0; i < 40; ++i) session.send_text(std::to_string(i));
  });
  RawClient client(port_);
  std::string all;
  for (const std::size_t expected : {16u, 16u, 8u}) {
    const auto body = client.ask(polling(sid)).body;
    EXPECT_EQ(static_cast<std::size_t>(std::count(body.begin(), body.end(), '\x1e')) + 1, expected);
    all += (all.empty() ? "" : "\x1e") + body;
  }
  std::string wanted;
  for (int i = 0; i < 40; ++i)
    wanted += (i == 0 ? "4"
                      : "\x1e"
                        "4") +
              std::to_string(i);
  EXPECT_EQ(all, wanted);
}

TEST_F(PollingTest, ALongPostIsHandledOverSeveralTurnsAndInOrder) {
  auto options = calm();
  options.max_payload = 100'000;
  start(options);
  const auto sid = handshake();
  std::string body;
  for (int i = 0; i < 3000; ++i)
    body += (i == 0 ? "4"
                    : "\x1e"
                      "4") +
            std::to_string(i);
  RawClient client(port_);
  client.post(polling(sid), body);
  EXPECT_EQ(client.reply().body, "ok");
  std::string all;
  while (all.size() < body.size()) {
    const auto reply = client.ask(polling(sid));
    ASSERT_EQ(reply.status, 200);
    all += (all.empty() ? "" : "\x1e") + reply.body;
  }
  EXPECT_EQ(all, body);
}

TEST_F(PollingTest, PingsArriveAndAPongKeepsTheSession) {
  auto options = calm();
  options.ping_interval = 60ms;
  options.ping_timeout = 5s;
  start(options);
  const auto sid = handshake();
  RawClient client(port_);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    EXPECT_EQ(client.ask(polling(sid)).body, "2");
    client.post(polling(sid), "3");
    EXPECT_EQ(client.reply().body, "ok");
    EXPECT_EQ(next_pong(), i);
  }
}

TEST_F(PollingTest, WithoutAPongTheSessionEndsAndTheParkedPollHearsIt) {
  auto options = calm();
  options.ping_interval = 40ms;
  options.ping_timeout = 80ms;
  start(options);
  const auto sid = handshake();
  RawClient client(port_);
  EXPECT_EQ(client.ask(polling(sid)).body, "2");
  EXPECT_EQ(client.ask(polling(sid)).body, "1");
  EXPECT_EQ(next_close(), CloseReason::kPingTimeout);
}

TEST_F(PollingTest, PongsAnswerPingsInOrderAndStrayOnesNothing) {
  start(calm());
  const auto sid = handshake();
  with_session([](Session& session) {
    EXPECT_EQ(session.ping(), 1u);
    session.send_text("between");
    EXPECT_EQ(session.ping(), 2u);
  });
  RawClient client(port_);
  EXPECT_EQ(client.ask(polling(sid)).body,
            "2\x1e"
            "4between\x1e"
            "2");
  client.post(polling(sid),
              "3\x1e"
              "3\x1e"
              "3");
  EXPECT_EQ(client.reply().body, "ok");
  EXPECT_EQ(next_pong(), 1u);
  EXPECT_EQ(next_pong(), 2u);
  with_session([](Session& session) { EXPECT_EQ(session.ping(), 3u); });
}

TEST_F(PollingTest, DiscardableMessagesNeedAParkedPoll) {
  start(calm());
  const auto sid = handshake();
  with_session([](Session& session) {
    EXPECT_FALSE(session.writable());
    EXPECT_FALSE(session.send_text("gone", {.discardable = true}));
    EXPECT_TRUE(session.send_text("kept"));
    EXPECT_EQ(session.buffered_bytes(), 5u);
  });
  RawClient client(port_);
  EXPECT_EQ(client.ask(polling(sid)).body, "4kept");
  client.get(polling(sid));
  EXPECT_TRUE(client.silent_for(20ms));
  with_session([](Session& session) {
    EXPECT_TRUE(session.writable());
    EXPECT_TRUE(session.send_text("now", {.discardable = true}));
  });
  EXPECT_EQ(client.reply().body, "4now");
  EXPECT_EQ(drains(), 1);
}

TEST_F(PollingTest, ABurstUnderAParkedPollThatTakesSeveralIsToldWhenItHasLeft) {
  start(calm());
  const auto sid = handshake();
  RawClient client(port_);
  client.get(polling(sid));
  EXPECT_TRUE(client.silent_for(20ms));
  with_session([](Session& session) {
    for (int i = 0; i < 20; ++i) session.send_text("x");
  });
  EXPECT_EQ(client.reply().status, 200);
  with_session([](Session& session) { EXPECT_GT(session.buffered_bytes(), 0u); });
  EXPECT_EQ(drains(), 0);
  EXPECT_EQ(client.ask(polling(sid)).status, 200);
  with_session([](Session& session) { EXPECT_EQ(session.buffered_bytes(), 0u); });
  EXPECT_EQ(drains(), 1);
}

TEST_F(PollingTest, ASessionThatNobodyPollsIsBounded) {
  auto options = calm();
  options.max_buffered_bytes = 1000;
  start(options);
  handshake();
  with_session([](Session& session) {
    while (session.send_text(std::string(100, 'x'))) {
    }
  });
  EXPECT_EQ(next_close(), CloseReason::kSlowConsumer);
  handshake();
  int taken = 0;
  with_session([&](Session& session) {
    while (session.send_text("")) ++taken;
  });
  EXPECT_LT(taken, 100) << "packets cost more than their bytes";
  EXPECT_EQ(next_close(), CloseReason::kSlowConsumer);
}

TEST_F(PollingTest, ARefusedSessionGetsTheOpenPacketAndTheClose) {
  refuse_sessions_ = true;
  start(calm());
  RawClient client(port_);
  const auto sid = sid_of(client.ask(kOpen).body);
  ASSERT_EQ(sid.size(), 20u);
  EXPECT_EQ(client.ask(polling(sid)).body,
            "6\x1e"
            "1");
  EXPECT_EQ(client.ask(polling(sid)).status, 400);
}

TEST_F(PollingTest, WhatTheApplicationSendsAtOnceFollowsTheOpenPacket) {
  opened_ = [](Session& session) { session.send_text("welcome"); };
  start(calm());
  RawClient client(port_);
  const auto body = client.ask(kOpen).body;
  EXPECT_EQ(body.substr(0, 2), "0{");
  EXPECT_NE(body.find("}\x1e"
                      "4welcome"),
            body.npos);
}

}  // namespace
}  // namespace engineio::testing
