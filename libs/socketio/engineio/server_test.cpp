// HTTP, limits, life of the server, several shards.
#include "socketio/engineio/server.hpp"

#include <latch>
#include <thread>

#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

using HttpTest = EngineTest;
using ServerTest = EngineTest;

const std::string kOpen = "/engine.io/?EIO=4&transport=polling";

TEST_F(HttpTest, OtherPathsAre404WithoutAHandler) {
  start(calm());
  RawClient client(port_);
  const auto reply = client.ask("/anything");
  EXPECT_EQ(reply.status, 404);
  EXPECT_EQ(reply.body, "");
}

TEST_F(HttpTest, TheHandlerSeesTheRequestAndAnswersFromAnotherThread) {
  std::vector<std::thread> threads;
  http_ = [&](HttpRequest request, HttpResponder respond) {
    threads.emplace_back([r = std::move(request), respond = std::move(respond)]() mutable {
      std::string body = r.method + " " + r.path + " " + r.query["q"] + " " + r.headers["x-a"] + " " + r.body + " " +
                         r.address + (r.from_trusted ? " trusted" : "");
      respond(HttpResponse{201, {{"X-Out", "1"}, {"Bad", "a\r\nb"}}, std::move(body)});
    });
  };
  start(calm());
  RawClient client(port_);
  client.post("/api/x%20y?q=1", "body", "X-A: 1\r\nX-A: 2\r\n");
  const auto reply = client.reply();
  EXPECT_EQ(reply.status, 201);
  EXPECT_EQ(reply.body, "POST /api/x y 1 1, 2 body 127.0.0.1 trusted");
  EXPECT_EQ(reply.headers.at("x-out"), "1");
  EXPECT_EQ(reply.headers.count("bad"), 0u) << "a header that breaks lines is left out";
  for (auto& thread : threads) thread.join();
}

TEST_F(HttpTest, AForgottenRequestIsAnsweredWith500) {
  http_ = [](HttpRequest, HttpResponder) {};
  start(calm());
  RawClient client(port_);
  EXPECT_EQ(client.ask("/x").status, 500);
}

TEST_F(HttpTest, AnAnswerThatComesAfterTheConnectionOrTheServerIsDropped) {
  std::promise<HttpResponder> kept;
  http_ = [&](HttpRequest, HttpResponder respond) { kept.set_value(std::move(respond)); };
  start(calm());
  {
    RawClient client(port_);
    client.get("/x");
    EXPECT_TRUE(client.silent_for(20ms));
  }
  auto respond = kept.get_future().get();
  server_.reset();
  respond(HttpResponse{});
}

TEST_F(HttpTest, PipelinedRequestsAreAnsweredInOrder) {
  std::vector<HttpResponder> waiting;
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.path == "/slow") {
      waiting.push_back(std::move(respond));
      return;
    }
    respond(HttpResponse{200, {}, request.path});
    if (request.path == "/last")
      for (auto& slow : waiting) slow(HttpResponse{200, {}, "slow"});
  };
  start(calm());
  RawClient client(port_);
  std::string all;
  for (const char* path : {"/slow", "/1", "/2", "/last"})
    all += std::string("GET ") + path + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(all);
  for (const char* body : {"slow", "/1", "/2", "/last"}) EXPECT_EQ(client.reply().body, body);
}

TEST_F(HttpTest, MorePipelinedRequestsThanTheLimitWaitForTheirTurn) {
  std::mutex mutex;
  std::vector<HttpResponder> waiting;
  http_ = [&](HttpRequest, HttpResponder respond) {
    const std::lock_guard lock(mutex);
    waiting.push_back(std::move(respond));
  };
  auto options = calm();
  options.http.pipelined = 4;
  start(options);
  RawClient client(port_);
  std::string all;
  for (int i = 0; i < 10; ++i) all += "GET /" + std::to_string(i) + " HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(all);
  EXPECT_TRUE(client.silent_for(50ms));
  int answered = 0;
  while (answered < 10) {
    std::vector<HttpResponder> ready;
    {
      const std::lock_guard lock(mutex);
      EXPECT_LE(waiting.size(), 4u);
      ready.swap(waiting);
    }
    for (auto& respond : ready) respond(HttpResponse{200, {}, "x"});
    for (std::size_t i = 0; i < ready.size(); ++i, ++answered) EXPECT_EQ(client.reply().status, 200);
  }
}

TEST_F(HttpTest, HeadHasNoBodyAndHttp10IsClosed) {
  http_ = [](HttpRequest, HttpResponder respond) { respond(HttpResponse{200, {}, "body"}); };
  start(calm());
  RawClient client(port_);
  client.send("HEAD /x HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto head = client.reply(true);
  EXPECT_EQ(head.headers.at("content-length"), "4");
  EXPECT_EQ(client.ask("/y").body, "body") << "nothing of the HEAD's body stands in between";
  client.send("GET /z HTTP/1.0\r\n\r\n");
  const auto old = client.reply();
  EXPECT_EQ(old.status, 200);
  EXPECT_EQ(old.headers.at("connection"), "close");
  EXPECT_TRUE(client.ended());
}

TEST_F(HttpTest, ContinueIsSaidWhenTheBodyIsWaitedFor) {
  http_ = [](HttpRequest request, HttpResponder respond) { respond(HttpResponse{200, {}, request.body}); };
  start(calm());
  RawClient client(port_);
  client.send("POST /x HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n");
  EXPECT_EQ(client.reply(true).status, 100);
  client.send("body");
  EXPECT_EQ(client.reply().body, "body");
}

TEST_F(HttpTest, ChunkedBodiesReachTheHandlerWhole) {
  http_ = [](HttpRequest request, HttpResponder respond) { respond(HttpResponse{200, {}, request.body}); };
  start(calm());
  RawClient client(port_);
  for (const char* piece : {"POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Enc", "oding: chunked\r\n\r\n3", "\r\nabc\r\n",
                            "2\r\nd", "e\r\n0\r\n\r\n"}) {
    client.send(piece);
    std::this_thread::yield();
  }
  EXPECT_EQ(client.reply().body, "abcde");
}

TEST_F(HttpTest, SmugglingAndRubbishEndTheConnection) {
  start(calm());
  struct Case {
    std::string bytes;
    int status;
  };
  const std::vector<Case> cases = {
      {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /evil", 400},
      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\nGET /evil HTTP/1.1\r\nHost: x\r\n\r\n", 501},
      {"GET / HTTP/1.1\r\nX: y\r\n\r\n", 400},
      {std::string(5000, 'A'), 414},
      {"\x16\x03\x01\x02\r\n\r\n", 400},
      {"GET /" + std::string(3000, 'a') + " HTTP/1.1\r\nHost: x\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: x\r\nX: " + std::string(20'000, 'a') + "\r\n\r\n", 431},
  };
  for (const auto& c : cases) {
    RawClient client(port_);
    client.send(c.bytes);
    const auto reply = client.reply();
    EXPECT_EQ(reply.status, c.status) << c.bytes.substr(0, 60);
    EXPECT_EQ(reply.headers.at("connection"), "close");
    EXPECT_TRUE(client.ended());
  }
  EXPECT_EQ(server_->counters().bad_http.load(), cases.size());
}

TEST_F(HttpTest, NothingBehindABrokenOrLastRequestIsRead) {
  std::atomic<int> seen{0};
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.refused == 0) ++seen;
    respond(HttpResponse{});
  };
  start(calm());
  RawClient parked(port_);
  const auto sid = sid_of(parked.ask(kOpen).body);
  const std::string next = "GET /evil HTTP/1.1\r\nHost: x\r\n\r\n";
  parked.send("GET " + polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\nGET /x HTTP/1.1\r\n\r\n" + next);
  EXPECT_TRUE(parked.silent_for(30ms)) << "the refusal waits for its turn";
  parked.send(next);
  with_session([](Session& session) { session.send_text("x"); });
  EXPECT_EQ(parked.reply().body, "4x");
  EXPECT_EQ(parked.reply().status, 400);
  EXPECT_TRUE(parked.ended());
  RawClient last(port_);
  last.send("GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" + next);
  EXPECT_EQ(last.reply().status, 200);
  EXPECT_TRUE(last.ended());
  EXPECT_EQ(seen, 1);
}

TEST_F(HttpTest, AnotherUpgradeIsIgnoredAndItsBodyIsRead) {
  http_ = [](HttpRequest request, HttpResponder respond) { respond(HttpResponse{200, {}, request.body}); };
  start(calm());
  RawClient client(port_);
  client.post("/x", "GET /evil HTTP/1.1",
              "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n");
  EXPECT_EQ(client.reply().body, "GET /evil HTTP/1.1");
  EXPECT_EQ(client.ask(kOpen, "Connection: Upgrade\r\nUpgrade: h2c\r\n").status, 200);
}

TEST_F(HttpTest, AChunkHeaderThatNeverEndsIsRefused) {
  start(calm());
  RawClient client(port_);
  client.send("POST /x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3;a=" + std::string(20'000, 'b'));
  EXPECT_EQ(client.reply().status, 400);
}

TEST_F(HttpTest, SlowRequestsAndSilentConnectionsAreEnded) {
  auto options = calm();
  options.http.header_deadline = 60ms;
  options.http.first_byte = 60ms;
  options.http.keep_alive_idle = 60ms;
  start(options);
  RawClient silent(port_);
  EXPECT_TRUE(silent.ended());
  RawClient slow_head(port_);
  slow_head.send("GET / HTTP/1.1\r\nHos");
  EXPECT_EQ(slow_head.reply().status, 408);
  RawClient slow_body(port_);
  slow_body.send("POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nab");
  EXPECT_EQ(slow_body.reply().status, 408);
  RawClient idle(port_);
  EXPECT_EQ(idle.ask("/x").status, 404);
  EXPECT_TRUE(idle.ended());
  RawClient parked(port_);
  const auto sid = sid_of(parked.ask(kOpen).body);
  parked.get(polling(sid));
  EXPECT_TRUE(parked.silent_for(250ms)) << "a parked poll may wait";
}

TEST_F(HttpTest, EmptyLinesDoNotKeepASilentConnection) {
  auto options = calm();
  options.http.first_byte = 200ms;
  options.http.keep_alive_idle = 200ms;
  start(options);
  for (const bool asks : {false, true}) {
    RawClient client(port_);
    if (asks) {
      EXPECT_EQ(client.ask("/x").status, 404);
    }
    bool ended = false;
    for (int line = 0; line < 100 && !ended; ++line) {
      client.send("\r\n");
      ended = client.ended(100ms);
    }
    EXPECT_TRUE(ended) << asks;
  }
}

TEST_F(HttpTest, CorsIsOffByDefaultAndCompleteWhenOn) {
  auto options = calm();
  options.cors.origins = {"http://good.example"};
  options.cors.credentials = true;
  start(options);
  RawClient client(port_);
  client.send(
      "OPTIONS /engine.io/?x HTTP/1.1\r\nHost: x\r\nOrigin: http://good.example\r\n"
      "Access-Control-Request-Headers: x-one\r\n\r\n");
  const auto preflight = client.reply();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.headers.at("content-length"), "0");
  EXPECT_EQ(preflight.headers.at("access-control-allow-origin"), "http://good.example");
  EXPECT_EQ(preflight.headers.at("access-control-allow-methods"), "GET,HEAD,PUT,PATCH,POST,DELETE");
  EXPECT_EQ(preflight.headers.at("access-control-allow-headers"), "x-one");
  EXPECT_EQ(preflight.headers.at("access-control-allow-credentials"), "true");
  const auto error = client.ask("/engine.io/?EIO=4&transport=x", "Origin: http://good.example\r\n");
  EXPECT_EQ(error.status, 400);
  EXPECT_EQ(error.headers.at("access-control-allow-origin"), "http://good.example");
  const auto other = client.ask(kOpen, "Origin: http://evil.example\r\n");
  EXPECT_EQ(other.status, 200) << "CORS does not refuse, it withholds permission";
  EXPECT_EQ(other.headers.count("access-control-allow-origin"), 0u);
  EXPECT_EQ(other.headers.at("vary"), "Origin");
}

TEST_F(HttpTest, TheOriginListCoversPollingAndWebSocket) {
  auto options = calm();
  options.allowed_origins = {"http://good.example"};
  start(options);
  RawClient client(port_);
  const auto refused = client.ask(kOpen, "Origin: http://evil.example\r\n");
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, "{\"code\":4,\"message\":\"Forbidden\"}");
  EXPECT_EQ(client.ask(kOpen, "Origin: http://good.example\r\n").status, 200);
  const auto sid = sid_of(client.ask(kOpen).body);
  EXPECT_EQ(client.ask(polling(sid), "Origin: http://evil.example\r\n").status, 403);
  RawClient evil(port_);
  EXPECT_EQ(evil.upgrade(websocket(), "Origin: http://evil.example\r\n"), 403);
  RawClient good(port_);
  EXPECT_EQ(good.upgrade(websocket(), "Origin: http://good.example\r\n"), 101);
}

TEST_F(HttpTest, WhoeverDecidesOnOriginsIsAskedForEveryRequestOfASession) {
  auto options = calm();
  options.allow_origin = [](std::string_view origin, std::string_view host) {
    return origin == "http://" + std::string(host);
  };
  start(options);
  const std::string evil = "Origin: http://evil\r\n";
  RawClient client(port_);
  EXPECT_EQ(client.ask(kOpen, evil).status, 403);
  EXPECT_EQ(client.ask(kOpen, "Origin: http://localhost\r\n").status, 200);
  const auto sid = handshake();
  EXPECT_EQ(client.ask(polling(sid), evil).status, 403);
  client.post(polling(sid), "4evil", evil);
  EXPECT_EQ(client.reply().status, 403);
  RawClient upgrading(port_);
  EXPECT_EQ(upgrading.upgrade(websocket(sid), evil), 403);
  EXPECT_EQ(server_->counters().refused_origin.load(), 4u);
  client.post(polling(sid), "4good", "Origin: http://localhost\r\n");
  EXPECT_EQ(client.reply().body, "ok") << "the session did not notice";
  EXPECT_EQ(client.ask(polling(sid)).body, "4good");
}

TEST_F(HttpTest, TheHookSeesTheHandshakeAndItsMessageIsTold) {
  auto options = calm();
  options.trusted_proxies = {*AddressRange::parse("127.0.0.1")};
  options.cookie_name = "io";
  options.allow_request = [](const Handshake& handshake) {
    const auto token = handshake.query.find("token");
    const bool good = token != handshake.query.end() && token->second == "a b" && handshake.address == "192.0.2.9";
    return Admission{good, "no \"entry\""};
  };
  start(options);
  RawClient client(port_);
  const auto refused = client.ask(kOpen);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(refused.body, "{\"code\":4,\"message\":\"no \\\"entry\\\"\"}");
  const auto admitted = client.ask(kOpen + "&token=a%20b", "X-Forwarded-For: 6.6.6.6, 192.0.2.9\r\n");
  EXPECT_EQ(admitted.status, 200);
  EXPECT_EQ(admitted.headers.at("set-cookie"), "io=" + sid_of(admitted.body) + "; Path=/; HttpOnly; SameSite=Lax");
}

TEST_F(ServerTest, APortInUseIsToldAlthoughItCouldBeShared) {
  start(calm(), 2);
  std::vector<aio::Shard*> shards;
  for (auto& shard : shards_) shards.push_back(shard.get());
  Server second(calm(), shards, clock_);
  const auto result = second.listen("127.0.0.1", port_);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error(), ListenError::kAddressInUse);
  EXPECT_EQ(second.listen("not an address", 0).error(), ListenError::kBadAddress);
}

TEST_F(ServerTest, SessionsMoveTheirConnectionsToTheirShard) {
  start(calm(), 3);
  for (int i = 0; i < 40; ++i) {
    const auto sid = handshake();
    RawClient sender(port_);
    sender.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\n4he");
    std::this_thread::yield();
    sender.send("llo");
    ASSERT_EQ(sender.reply().body, "ok");
    RawClient poller(port_);
    ASSERT_EQ(poller.ask(polling(sid)).body, "4hello");
    RawClient upgrading(port_);
    ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
    upgrading.send_text("2probe");
    ASSERT_EQ(upgrading.text(), "3probe");
    upgrading.send_text("5");
    upgrading.send_text("4x");
    ASSERT_EQ(upgrading.text(), "4x");
  }
  EXPECT_GT(server_->counters().connections_moved.load(), 10u);
}

TEST_F(ServerTest, OneConnectionMayServeSessionsOfDifferentShardsInTurnAndPipelined) {
  start(calm(), 3);
  std::vector<std::string> sids;
  for (int i = 0; i < 12; ++i) sids.push_back(handshake());
  RawClient client(port_);
  std::string all;
  for (const auto& sid : sids) all += "POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n4x";
  client.send(all);
  for (std::size_t i = 0; i < sids.size(); ++i) ASSERT_EQ(client.reply().body, "ok") << i;
  for (const auto& sid : sids) ASSERT_EQ(client.ask(polling(sid)).body, "4x");
}

TEST_F(ServerTest, DrainsInOrder) {
  start(calm(), 2);
  RawClient socket(port_);
  ASSERT_EQ(socket.upgrade(websocket()), 101);
  socket.text();
  const auto sid = handshake();
  RawClient poller(port_);
  poller.get(polling(sid));
  EXPECT_TRUE(poller.silent_for(20ms));
  RawClient idle(port_);
  EXPECT_EQ(idle.ask("/x").status, 404);
  server_->stop_accepting();
  EXPECT_EQ(idle.ask(kOpen).status, 503);
  server_->close_all(CloseReason::kServerShuttingDown, true);
  EXPECT_EQ(poller.reply().body, "1");
  EXPECT_EQ(socket.frame()->kind, websocket_codec::Incoming::Kind::kClose);
  EXPECT_EQ(next_close(), CloseReason::kServerShuttingDown);
  EXPECT_EQ(next_close(), CloseReason::kServerShuttingDown);
  socket.send_frame(websocket_codec::Opcode::kClose, "");
  EXPECT_TRUE(socket.ended());
  EXPECT_TRUE(poller.ended());
  EXPECT_TRUE(idle.ended());
  EXPECT_TRUE(server_->wait_until_empty(kPatience));
  const auto& counters = server_->counters();
  EXPECT_EQ(counters.sessions_opened.load(), 2u);
  EXPECT_EQ(counters.sessions_closed[static_cast<std::size_t>(CloseReason::kServerShuttingDown)].load(), 2u);
}

TEST_F(ServerTest, DrainingDoesNotWaitForAPollThatCannotCome) {
  start(calm(), 2);
  handshake();  // between two polls, as a client is that has just posted
  server_->stop_accepting();
  server_->close_all(CloseReason::kServerShuttingDown, true);
  const auto before = std::chrono::steady_clock::now();
  EXPECT_TRUE(server_->wait_until_empty(kPatience));
  EXPECT_LT(std::chrono::steady_clock::now() - before, calm().close_timeout / 2);
  EXPECT_EQ(next_close(), CloseReason::kServerShuttingDown);
}

TEST_F(ServerTest, CanBeDestroyedWithEverythingOpen) {
  http_ = [](HttpRequest request, HttpResponder respond) {
    static std::vector<HttpResponder> kept;
    if (request.path == "/kept") kept.push_back(std::move(respond));
  };
  start(calm(), 2);
  RawClient socket(port_);
  ASSERT_EQ(socket.upgrade(websocket()), 101);
  const auto sid = handshake();
  RawClient poller(port_);
  poller.get(polling(sid));
  RawClient candidate(port_);
  ASSERT_EQ(candidate.upgrade(websocket(sid)), 101);
  RawClient waiting(port_);
  waiting.get("/kept");
  RawClient half(port_);
  half.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n4");
  EXPECT_TRUE(half.silent_for(30ms));
  server_.reset();
  EXPECT_TRUE(half.ended());
  EXPECT_TRUE(waiting.ended());
}

TEST_F(ServerTest, RefusesSessionsAndConnectionsAboveTheLimits) {
  auto options = calm();
  options.max_sessions = 2;
  options.max_connections = 3;
  start(options);
  handshake();
  handshake();
  RawClient third(port_);
  EXPECT_EQ(third.ask(kOpen).status, 503);
  RawClient upgrading(port_);
  EXPECT_EQ(upgrading.upgrade(websocket()), 503);
  RawClient a(port_);
  RawClient b(port_);
  RawClient c(port_);
  RawClient d(port_);
  EXPECT_TRUE(d.ended());
  EXPECT_GE(server_->counters().refused_connection_limit.load(), 1u);
  EXPECT_EQ(server_->counters().refused_session_limit.load(), 2u);
}

TEST_F(ServerTest, OfConnectionsThatComeToAllShardsAtOnceNoneIsAboveTheLimit) {
  constexpr std::size_t kMost = 8;
  constexpr std::size_t kClients = 64;
  auto options = calm();
  options.max_connections = kMost;
  start(options, 4);
  const auto& counters = server_->counters();
  const auto wait_for = [](auto condition) {
    for (const auto end = std::chrono::steady_clock::now() + kPatience; !condition();) {
      if (std::chrono::steady_clock::now() > end) return false;
      std::this_thread::sleep_for(1ms);
    }
    return true;
  };
  for (std::uint64_t round = 1; round <= 50; ++round) {
    // The shards find the connections waiting, and accept them side by side.
    const auto there = std::make_shared<std::latch>(std::ptrdiff_t(shards_.size()) + 1);
    for (const auto& shard : shards_) shard->post([there] { there->arrive_and_wait(); });
    std::vector<std::unique_ptr<RawClient>> clients;
    for (std::size_t i = 0; i < kClients; ++i) clients.push_back(std::make_unique<RawClient>(port_));
    there->arrive_and_wait();
    ASSERT_TRUE(wait_for([&] { return counters.refused_connection_limit >= round * (kClients - kMost); }))
        << counters.connections_now << " connections in round " << round;
    EXPECT_EQ(counters.connections_now, kMost);
    clients.clear();
    ASSERT_TRUE(wait_for([&] { return counters.connections_now == 0; }));
  }
}

}  // namespace
}  // namespace engineio::testing
