// Peers that are gone, do not read, or ask for what does not go together, at the worst moment.
#include <atomic>
#include <thread>

#include "socketio/engineio/engine_testing.hpp"

namespace engineio::testing {
namespace {

/// A handler that holds the shard's thread: what clients do meanwhile is there when it goes on.
class HeldShard {
 public:
  /// Any thread but the shard's; waits until a request has come.
  void wait_until_held() { held_.get_future().wait(); }
  void go_on() { released_.set_value(); }
  /// For the handler.
  void hold() {
    held_.set_value();
    released_.get_future().wait();
  }

 private:
  std::promise<void> held_;
  std::promise<void> released_;
};

class GonePeerTest : public EngineTest {
 protected:
  static constexpr std::size_t kNearlyAFlush = 60 * 1024;

  /// Asks for nearly as much as leaves early, and in the same write for an upgrade whose answer is long enough for the
  /// rest; the client is gone when the answers are written.
  void upgrade_and_be_gone(const std::string& target) {
    RawClient client(port_);
    client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\nGET " + target +
                " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: " +
                std::string(6 * 1024, 'p') + "\r\n\r\n");
    shard_.wait_until_held();
    client.reset();
    shard_.go_on();
  }

  void start_held(ServerOptions options) {
    http_ = [this](HttpRequest request, HttpResponder respond) {
      if (request.path == "/big") shard_.hold();
      respond(HttpResponse{200, {}, std::string(kNearlyAFlush, 'x')});
    };
    start(std::move(options));
  }

  /// A POST that takes many turns and whose last packet ends the session; the "5" comes while it is handled.
  void upgrade_over_a_post_that_ends_with(const std::string& last, CloseReason reason) {
    auto options = calm();
    options.max_payload = 100'000;
    start_held(options);
    const auto sid = handshake();
    RawClient upgrading(port_);
    ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
    upgrading.send_text("2probe");
    ASSERT_EQ(upgrading.text(), "3probe");
    std::string body;
    for (int i = 0; i < 20'000; ++i) body += "6\x1e";
    body += last;
    RawClient poster(port_);
    poster.send("POST " + polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: " + std::to_string(body.size()) +
                "\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_EQ(poster.reply().status, 100) << "begun before the \"5\", which it would let go first";
    RawClient other(port_);
    other.get("/big");
    shard_.wait_until_held();
    poster.send(body);
    upgrading.send_text("5");
    shard_.go_on();
    EXPECT_EQ(next_close(), reason);
    EXPECT_EQ(poster.reply().body, "ok") << "it was read";
    const auto last_frame = upgrading.frame();
    ASSERT_TRUE(last_frame.has_value());
    EXPECT_EQ(last_frame->kind, websocket_codec::Incoming::Kind::kClose);
  }

  HeldShard shard_;
};

TEST_F(GonePeerTest, AnUpgradeWhoseClientIsGoneBeforeItsAnswerEndsTheSession) {
  auto options = calm();
  options.ping_interval = 50ms;
  start_held(options);
  upgrade_and_be_gone(websocket());
  EXPECT_EQ(next_close(), CloseReason::kTransportError);
}

TEST_F(GonePeerTest, ACandidateThatIsGoneBeforeItsAnswerLeavesPollingAlone) {
  start_held(calm());
  const auto sid = handshake();
  upgrade_and_be_gone(websocket(sid));
  RawClient poller(port_);
  poller.post(polling(sid), "4x");
  EXPECT_EQ(poller.reply().body, "ok");
  EXPECT_EQ(poller.ask(polling(sid)).body, "4x");
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  upgrading.send_text("2probe");
  EXPECT_EQ(upgrading.text(), "3probe") << "there is no other candidate";
}

/// A request lets the candidate speak first, and what that says answers the poll in front of the request: while the
/// server drains it is the connection's last answer, and nothing may be kept of the request behind it.
TEST_F(GonePeerTest, ARequestThatMakesTheAnswerBeforeItTheLastIsForgotten) {
  start_held(calm());
  RawClient other(port_);
  other.ask("/x");
  RawClient poller(port_);
  const auto sid = sid_of(poller.ask("/engine.io/?EIO=4&transport=polling").body);
  RawClient upgrading(port_);
  ASSERT_EQ(upgrading.upgrade(websocket(sid)), 101);
  poller.get(polling(sid));
  bool parked = false;
  while (!parked) with_session([&](Session& session) { parked = session.writable(); });
  server_->stop_accepting();
  other.get("/big");
  shard_.wait_until_held();
  poller.get(polling(sid));  // in this order: reading it makes the candidate speak
  upgrading.send_text("2probe");
  shard_.go_on();
  EXPECT_EQ(poller.reply().body, "6");
  EXPECT_TRUE(poller.ended());
  EXPECT_EQ(upgrading.text(), "3probe");
  upgrading.send_text("5");
  upgrading.send_text("4still here");
  EXPECT_EQ(upgrading.text(), "4still here");
}

TEST_F(GonePeerTest, AnUpgradeOverAPostThatClosesTheSessionEndsWithIt) {
  upgrade_over_a_post_that_ends_with("1", CloseReason::kTransportClose);
}

TEST_F(GonePeerTest, AnUpgradeOverAPostThatCannotBeReadEndsWithIt) {
  upgrade_over_a_post_that_ends_with("x", CloseReason::kParseError);
}

using TwistedRequestTest = EngineTest;

TEST_F(TwistedRequestTest, APostThatAsksForAnUpgradeIsRefusedAndItsSessionDoesNotNotice) {
  start(calm());
  const auto sid = handshake();
  RawClient both(port_);
  both.post(polling(sid), "6", "Connection: Upgrade\r\nUpgrade: websocket\r\n");
  EXPECT_EQ(both.reply().status, 400);
  EXPECT_TRUE(both.ended());
  RawClient client(port_);
  client.post(polling(sid), "4x");
  EXPECT_EQ(client.reply().body, "ok") << "there is no other POST";
  EXPECT_EQ(client.ask(polling(sid)).body, "4x");
}

TEST_F(TwistedRequestTest, APostThatIsRefusedOnlyAfterItsBodyIsForgotten) {
  auto options = calm();
  std::atomic<bool> allowed{true};
  options.allow_origin = [&](std::string_view, std::string_view) { return allowed.load(); };
  start(options);
  const auto sid = handshake();
  RawClient refused(port_);
  refused.send("POST " + polling(sid) +
               " HTTP/1.1\r\nHost: x\r\nOrigin: http://x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(refused.reply().status, 100) << "its head was let in";
  allowed = false;
  refused.send("4x");
  EXPECT_EQ(refused.reply().status, 403);
  allowed = true;
  RawClient client(port_);
  client.post(polling(sid), "4y");
  EXPECT_EQ(client.reply().body, "ok") << "there is no other POST";
  EXPECT_EQ(client.ask(polling(sid)).body, "4y");
}

TEST_F(TwistedRequestTest, APollInFrontOfABrokenPostOfItsSessionIsAnsweredAndBothLeave) {
  auto options = calm();
  options.http.header_deadline = 60ms;
  start(options);
  const std::pair<std::string, int> broken[] = {{"Transfer-Encoding: chunked\r\n\r\nx\r\n", 400},
                                                {"Content-Length: 50\r\n\r\n4a", 408}};
  for (const bool stays : {true, false}) {
    for (const auto& [body, status] : broken) {
      const auto sid = handshake();
      RawClient client(port_);
      client.send("GET " + polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\nPOST " + polling(sid) +
                  " HTTP/1.1\r\nHost: x\r\n" + body);
      if (stays) {
        EXPECT_EQ(client.reply().body, "1") << status;
        EXPECT_EQ(client.reply().status, status);
        EXPECT_TRUE(client.ended());
      }
      EXPECT_EQ(next_close(), CloseReason::kTransportError);
      if (!stays) client.reset();  // when the session is long gone
    }
  }
  RawClient other(port_);
  EXPECT_EQ(other.ask(polling("unknown")).status, 400) << "the shard is there";
}

TEST_F(TwistedRequestTest, APollInFrontOfARefusedPostOfAnotherSessionWaitsOn) {
  auto options = calm();
  options.http.first_byte = 60ms;
  start(options);
  const auto waiting = handshake();
  const auto other = handshake();
  RawClient client(port_);
  client.send("GET " + polling(waiting) + " HTTP/1.1\r\nHost: x\r\n\r\nPOST " + polling(other) +
              " HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 50\r\n\r\n4a");
  EXPECT_EQ(next_close(), CloseReason::kTransportError) << "of the other";
  EXPECT_TRUE(client.silent_for(150ms)) << "it is no longer a connection that has sent nothing";
  RawClient sender(port_);
  sender.post(polling(waiting), "4x");
  EXPECT_EQ(sender.reply().body, "ok");
  EXPECT_EQ(client.reply().body, "4x");
  EXPECT_EQ(client.reply().status, 400);
}

TEST_F(TwistedRequestTest, NothingBehindAnUpgradeThatIsRefusedForBeingPipelinedIsHandled) {
  std::promise<HttpResponder> slow;
  std::atomic<int> behind{0};
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.path == "/slow") return slow.set_value(std::move(respond));
    if (request.path == "/behind") ++behind;
    respond(HttpResponse{});
  };
  start(calm());
  RawClient client(port_);
  client.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET " + websocket() +
              " HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\nGET /behind HTTP/1.1\r\nHost: x\r\n\r\n");
  auto respond = slow.get_future().get();
  RawClient other(port_);
  EXPECT_EQ(other.ask("/turn").status, 200);  // a turn later than all that was sent at once
  EXPECT_EQ(behind, 0) << "it could not be answered";
  respond(HttpResponse{});
  EXPECT_EQ(client.reply().status, 200);
  EXPECT_EQ(client.reply().status, 400);
  EXPECT_TRUE(client.ended());
}

TEST_F(TwistedRequestTest, AHandshakeWhileDrainingAsksTheHostNothing) {
  auto options = calm();
  std::atomic<int> asked{0};
  options.allow_request = [&](const Handshake&) {
    ++asked;
    return Admission{};
  };
  start(options);
  RawClient late(port_);
  EXPECT_EQ(late.ask("/x").status, 404);
  server_->stop_accepting();
  EXPECT_EQ(late.ask("/engine.io/?EIO=4&transport=polling").status, 503);
  EXPECT_EQ(asked, 0) << "its half may be gone already";
}

TEST_F(TwistedRequestTest, AnAnswerBehindTheLastOneOfADrainingConnectionIsDropped) {
  std::promise<HttpResponder> first;
  std::promise<HttpResponder> second;
  http_ = [&](HttpRequest request, HttpResponder respond) {
    (request.path == "/first" ? first : second).set_value(std::move(respond));
  };
  start(calm());
  auto client = std::make_unique<RawClient>(port_);
  client->send("GET /first HTTP/1.1\r\nHost: x\r\n\r\nGET /second HTTP/1.1\r\nHost: x\r\n\r\n");
  auto answer_first = first.get_future().get();
  auto answer_second = second.get_future().get();
  server_->stop_accepting();
  answer_first(HttpResponse{});
  const auto reply = client->reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.headers.at("connection"), "close");
  EXPECT_TRUE(client->ended()) << "there is no second answer";
  client.reset();
  EXPECT_TRUE(server_->wait_until_empty(kPatience)) << "the connection is freed";
  bool held = true;
  answer_second(
      HttpResponse{200, {}, "late", std::shared_ptr<void>(&held, [](void* at) { *static_cast<bool*>(at) = false; })});
  std::promise<void> turned;
  shards_.front()->post([&] { turned.set_value(); });
  turned.get_future().wait();
  EXPECT_FALSE(held) << "nobody keeps it";
}

/// Half a POST is read when the connection's last answer ends its session.
TEST_F(TwistedRequestTest, ASessionThatALastAnswerEndsIsForgottenByThePostBehindIt) {
  std::promise<HttpResponder> slow;
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.path == "/slow") return slow.set_value(std::move(respond));
    respond(HttpResponse{});
  };
  start(calm());
  const auto sid = handshake();
  auto client = std::make_unique<RawClient>(port_);
  client->send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET " + polling(sid) + " HTTP/1.1\r\nHost: x\r\n\r\nPOST " +
               polling(sid) + " HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n4");
  auto respond = slow.get_future().get();
  // A turn later than all that was sent at once.
  EXPECT_EQ(std::make_unique<RawClient>(port_)->ask("/turn").status, 200);
  server_->stop_accepting();
  respond(HttpResponse{});
  EXPECT_EQ(next_close(), CloseReason::kTransportError) << "its poll can no longer be answered";
  EXPECT_EQ(client->reply().headers.at("connection"), "close");
  client.reset();  // what the connection is told now must not reach the session
  EXPECT_TRUE(server_->wait_until_empty(kPatience));
}

using SlowReaderTest = EngineTest;

TEST_F(SlowReaderTest, PipelinedRequestsWaitUntilTheAnswersBeforeThemAreTaken) {
  constexpr std::size_t kAnswer = 100'000;
  constexpr std::size_t kRequests = 500;
  std::atomic<std::size_t> handled{0};
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.path == "/turn") return respond(HttpResponse{});
    respond(HttpResponse{200, {}, std::to_string(handled++) + std::string(kAnswer, 'x')});
  };
  const auto options = calm();
  start(options);
  RawClient other(port_);
  RawClient client(port_);
  std::string all;
  for (std::size_t i = 0; i < kRequests; ++i) all += "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
  client.send(all);
  while (handled == 0) EXPECT_EQ(other.ask("/turn").status, 200);
  EXPECT_EQ(other.ask("/turn").status, 200);  // comes after the turn in which the client was read
  const std::size_t seen = handled;
  // The turn of what was seen is over when the second of these is answered: then what it sent is counted.
  for (int turn = 0; turn < 2; ++turn) EXPECT_EQ(other.ask("/turn").status, 200);
  const std::size_t sent = server_->counters().bytes_sent;
  EXPECT_LE(seen * kAnswer, sent + options.stop_reading_above + kAnswer) << "answers are written ahead of the reader";
  for (std::size_t i = 0; i < kRequests; ++i)
    ASSERT_EQ(client.reply().body, std::to_string(i) + std::string(kAnswer, 'x')) << i;
}

TEST_F(SlowReaderTest, AnAnswerThatIsReadFarTooSlowlyIsCutOff) {
  constexpr std::size_t kAnswer = 32 * 1024 * 1024;
  http_ = [](HttpRequest, HttpResponder respond) { respond(HttpResponse{200, {}, std::string(kAnswer, 'x')}); };
  auto options = calm();
  options.http.output_check = 500ms;  // the system takes more several times meanwhile
  options.http.minimum_output_per_second = std::size_t{1} << 40;
  start(options);
  RawClient client(port_);
  client.set_receive_buffer(64 * 1024);
  client.get("/");
  // Always some progress; all of it in such steps would take 4 s at least.
  std::size_t read = 0;
  while (const auto got = client.skip()) {
    read += got;
    std::this_thread::sleep_for(2ms);
  }
  EXPECT_LT(read, kAnswer);
  EXPECT_EQ(server_->counters().timed_out, 1u);
}

TEST_F(SlowReaderTest, ALastAnswerMayTakeAsLongAsItsBytesTakeAtTheRate) {
  constexpr std::size_t kAnswer = 32 * 1024 * 1024;
  http_ = [](HttpRequest, HttpResponder respond) { respond(HttpResponse{200, {}, std::string(kAnswer, 'x')}); };
  auto options = calm();
  options.http.last_answer = 1ms;
  start(options);
  RawClient client(port_);
  client.set_receive_buffer(64 * 1024);
  client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  std::size_t read = client.skip();  // it has begun to leave
  RawClient other(port_);
  other.ask("/");  // and some time passes: this one takes as many bytes
  while (const auto got = client.skip()) read += got;
  EXPECT_GT(read, kAnswer) << "and its head";
}

TEST_F(SlowReaderTest, WhatAnAnswerHoldsIsLetGoWhenItHasLeftOrNeverWill) {
  std::atomic<int> held{0};
  http_ = [&](HttpRequest request, HttpResponder respond) {
    if (request.path != "/held") return respond(HttpResponse{});
    ++held;
    const std::shared_ptr<void> token(&held, [&](void*) { --held; });
    respond(HttpResponse{200, {}, std::string(32 * 1024 * 1024, 'x'), token});
  };
  start(calm());
  RawClient other(port_);
  RawClient reader(port_);
  EXPECT_EQ(reader.ask("/held").body.size(), 32u * 1024 * 1024);
  EXPECT_EQ(reader.ask("/").status, 200);  // a turn later than the end of the answer
  EXPECT_EQ(held, 0);
  RawClient gone(port_);
  gone.get("/held");
  while (held == 0) EXPECT_EQ(other.ask("/").status, 200);
  for (int turn = 0; turn < 2; ++turn) EXPECT_EQ(other.ask("/").status, 200);
  EXPECT_EQ(held, 1) << "most of it is not read";
  gone.reset();
  constexpr int kTurns = 10'000;  // the reset may come behind some of these
  for (int turn = 0; held != 0 && turn < kTurns; ++turn) EXPECT_EQ(other.ask("/").status, 200);
  EXPECT_EQ(held, 0);
}

}  // namespace
}  // namespace engineio::testing
