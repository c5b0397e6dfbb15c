#include "socketio/server/socket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "socketio/server/ack_ids.hpp"
#include "socketio/server/fake_engine.hpp"

namespace socketio {
namespace {

using namespace std::chrono_literals;
using socketio::testing::World;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

/// Writes down everything as text.
struct Recorder final : SocketHandler {
  Admission admit(std::size_t bytes) override {
    admitted.push_back(bytes);
    return admission;
  }
  void on_event(Event& event) override {
    log.push_back(std::string(event.name) + "(" + std::string(event.arguments) + ")");
    for (const auto attachment : event.attachments) log.back() += "+" + std::string(attachment);
    if (event.ack) acks.push_back(std::move(event.ack));
  }
  void on_ack(const Ack& ack) override {
    log.push_back("ack" + std::to_string(ack.id.value) + "(" + std::string(ack.arguments) + ")");
  }
  void on_ack_timeout(AckId id) override { log.push_back("timeout" + std::to_string(id.value)); }
  void on_pong(std::uint64_t number) override { log.push_back("pong" + std::to_string(number)); }
  void on_drain() override { log.emplace_back("drain"); }
  void on_disconnect(DisconnectReason reason) override { log.emplace_back(to_string(reason)); }

  Admission admission = Admission::kAccept;
  std::vector<std::size_t> admitted;
  std::vector<std::string> log;
  std::vector<AckResponder> acks;
};

struct Joined : World {
  explicit Joined(ServerOptions options = {}) : World(options) {
    server.of("/").on_connection([this](Socket& joined) {
      socket = &joined;
      joined.set_handler(recorder);
    });
    peer = join();
  }
  std::vector<std::string> log() { return std::exchange(recorder.log, {}); }

  Recorder recorder;  // outlives the sockets
  Socket* socket = nullptr;
  std::unique_ptr<socketio::testing::Peer> peer;
};

TEST(Socket, HandsEventsWithTheirArgumentsToItsHandler) {
  Joined world;
  world.peer->text(R"(2["a",1,{"b":[]},"c"])");
  world.peer->text(R"(2["none"])");
  world.peer->text(R"(2[42,true])");
  world.peer->text(R"(51-["file",{"_placeholder":true,"num":0}])");
  world.peer->binary(std::string("\0\1", 2));
  EXPECT_THAT(world.log(), ElementsAre(R"(a(1,{"b":[]},"c"))", "none()", "42(true)",
                                       R"(file({"_placeholder":true,"num":0})+)" + std::string("\0\1", 2)));
}

TEST(Socket, GivesArgumentsAsParsedValues) {
  World world;
  std::string seen;
  world.server.of("/").on_connection([&](Socket& socket) {
    socket.on("a", [&](Event& event) {
      seen = event.argument(1).as_string().value_or("?");
      EXPECT_EQ(event.argument(0).as_int64(), 1);
      EXPECT_TRUE(event.argument(2).is_null());
    });
  });
  auto peer = world.join();
  peer->text(R"(2["a",1,"two"])");
  EXPECT_EQ(seen, "two");
}

TEST(Socket, EmitsTextAndBinary) {
  Joined world;
  EXPECT_TRUE(world.socket->emit("a"));
  EXPECT_TRUE(world.socket->emit("b", R"(1,{"x":"y"})"));
  const std::string_view attachments[] = {"one", "two"};
  EXPECT_TRUE(world.socket->emit("c", R"({"_placeholder":true,"num":0},{"_placeholder":true,"num":1})", attachments));
  EXPECT_THAT(world.peer->received(),
              ElementsAre(R"(2["a"])", R"(2["b",1,{"x":"y"}])",
                          R"(52-["c",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])", "binary:one",
                          "binary:two"));
}

TEST(Socket, RefusesToEmitWhatClientsWouldDropTheConnectionFor) {
  Joined world;
  const std::vector<std::string_view> eleven(11, "x");
  EXPECT_FALSE(world.socket->emit("a", "", eleven));
  EXPECT_FALSE(world.socket->emit("disconnect"));
  EXPECT_THAT(world.peer->received(), IsEmpty());
}

TEST(Socket, DropsDiscardableEventsWhileTheTransportIsBusy) {
  Joined world;
  world.peer->session.can_write = false;
  const std::string_view one[] = {"x"};
  EXPECT_FALSE(world.socket->emit("a", "", {.discardable = true}));
  EXPECT_FALSE(world.socket->emit("a", R"({"_placeholder":true,"num":0})", one, {.discardable = true}));
  EXPECT_TRUE(world.socket->emit("a"));
  EXPECT_EQ(world.peer->received().size(), 1u);
}

TEST(Socket, AnswersAnEventAtMostOnceAndOnlyWhenAsked) {
  Joined world;
  world.peer->text(R"(2007["a"])");
  world.peer->text(R"(2["b"])");
  ASSERT_EQ(world.recorder.acks.size(), 1u);
  AckResponder stored = std::move(world.recorder.acks[0]);
  EXPECT_FALSE(world.recorder.acks[0]());
  EXPECT_TRUE(stored("1,2"));
  EXPECT_FALSE(stored("3"));
  EXPECT_THAT(world.peer->received(), ElementsAre("37[1,2]"));
}

TEST(Socket, AnswersWithAttachments) {
  Joined world;
  world.peer->text(R"(21["a"])");
  world.peer->text(R"(22["a"])");
  const std::string_view one[] = {"x"};
  EXPECT_TRUE(world.recorder.acks[0](R"({"_placeholder":true,"num":0})", one));
  EXPECT_TRUE(world.recorder.acks[1]());
  EXPECT_THAT(world.peer->received(), ElementsAre(R"(61-1[{"_placeholder":true,"num":0}])", "binary:x", "32[]"));
}

TEST(Socket, AnAnswerAfterTheSocketHasGoneDoesNothing) {
  Joined world;
  world.peer->text(R"(21["a"])");
  world.peer->text("1");
  world.peer->text("0");
  world.peer->received();
  EXPECT_FALSE(world.recorder.acks[0]("1"));
  EXPECT_THAT(world.peer->received(), IsEmpty());
}

TEST(Socket, RoutesTrackedAnswersToTheHandlerOrTheCallback) {
  Joined world;
  const auto first = world.socket->emit_with_ack("a", "1");
  std::string answer;
  const auto second = world.socket->emit_with_ack("b", "", [&](AckOutcome outcome, const Ack& ack) {
    ASSERT_EQ(outcome, AckOutcome::kAnswered);
    answer = ack.argument(1).raw();
  });
  ASSERT_TRUE(first && second);
  EXPECT_THAT(world.peer->received(), ElementsAre(R"(20["a",1])", R"(21["b"])"));
  world.peer->text("30[true]");
  world.peer->text(R"(31["x",{"y":1}])");
  EXPECT_THAT(world.log(), ElementsAre("ack0(true)"));
  EXPECT_EQ(answer, R"({"y":1})");
}

TEST(Socket, RoutesEveryOtherAnswerToTheHandlerToo) {
  Joined world;
  EXPECT_EQ(world.socket->emit_untracked("a", "1"), AckId(0));
  EXPECT_EQ(world.socket->emit_untracked("a", "2"), AckId(1));
  world.peer->text("31[]");
  world.peer->text("31[]");
  world.peer->text("3[]");            // no id
  world.peer->text("39999999999[]");  // none of ours can be that large
  world.peer->text("32147483647[]");  // a broadcast's
  EXPECT_THAT(world.log(), ElementsAre("ack1()", "ack1()"));
  EXPECT_TRUE(world.peer->open());
}

/// The original clients answer an event of the connection before through the one that they have by then.
TEST(Socket, CountsItsEventsFromWhereNoOtherSocketDoes) {
  socketio::testing::FakeShard shard;
  Server server{ServerOptions{}};
  Socket* joined = nullptr;
  server.of("/").on_connection([&](Socket& socket) { joined = &socket; });
  server.add_hub(shard.place());
  std::set<std::uint32_t> first;
  constexpr std::size_t kSockets = 16;
  for (std::size_t i = 0; i < kSockets; ++i) {
    socketio::testing::Peer peer(*server.hubs()[0], shard);
    peer.text("0");
    const auto id = joined->emit_untracked("a", "1");
    const auto next = joined->emit_untracked("a", "2");
    ASSERT_TRUE(id && next);
    EXPECT_LT(id->value, kFirstAckIds);
    EXPECT_EQ(next->value, id->value + 1);
    first.insert(id->value);
  }
  EXPECT_EQ(first.size(), kSockets);
  shard.run();
}

TEST(Socket, TakesBinaryAnswers) {
  Joined world;
  std::string bytes;
  world.socket->emit_with_ack("a", "", [&](AckOutcome, const Ack& ack) { bytes = ack.attachments[0]; });
  world.peer->text(R"(61-0[{"_placeholder":true,"num":0}])");
  world.peer->binary("raw");
  EXPECT_EQ(bytes, "raw");
}

TEST(Socket, ExpiresTrackedAnswersAndIgnoresThemAfterwards) {
  Joined world({.ack_timeout = 30s});
  int timeouts = 0;
  int answers = 0;
  world.socket->emit_with_ack("a", "");
  world.socket->emit_with_ack(
      "b", "", [&](AckOutcome outcome, const Ack&) { ++(outcome == AckOutcome::kTimedOut ? timeouts : answers); }, 5s);
  world.shard.advance(6s);
  EXPECT_EQ(timeouts, 1);
  EXPECT_THAT(world.log(), IsEmpty());
  world.shard.advance(25s);
  EXPECT_THAT(world.log(), ElementsAre("timeout0"));
  world.peer->text("31[]");
  EXPECT_EQ(answers, 0);
}

TEST(Socket, BoundsTheTableOfAnswers) {
  Joined world({.max_outstanding_acks = 2});
  EXPECT_TRUE(world.socket->emit_with_ack("a", ""));
  EXPECT_TRUE(world.socket->emit_with_ack("a", ""));
  EXPECT_FALSE(world.socket->emit_with_ack("a", ""));
  world.peer->text("30[]");
  EXPECT_TRUE(world.socket->emit_with_ack("a", ""));
}

TEST(Socket, TellsCallbacksThatTheSocketHasLeft) {
  Joined world;
  std::vector<AckOutcome> outcomes;
  world.socket->emit_with_ack("a", "", [&](AckOutcome outcome, const Ack&) { outcomes.push_back(outcome); });
  world.peer->end(engineio::CloseReason::kTransportClose);
  EXPECT_THAT(outcomes, ElementsAre(AckOutcome::kDisconnected));
  EXPECT_THAT(world.log(), ElementsAre("transport close"));
}

TEST(Socket, PassesPongsAndDrainsToTheHandlersOfAllNamespaces) {
  Joined world;
  EXPECT_EQ(world.socket->engine().ping(), 1u);
  world.peer->pong(1);
  world.peer->drain();
  EXPECT_THAT(world.log(), ElementsAre("pong1", "drain"));
}

TEST(Socket, AsksTheHandlerBeforeEachEvent) {
  Joined world;
  world.peer->text(R"(2["a"])");
  world.recorder.admission = Admission::kDrop;
  world.peer->text(R"(51-["b",{"_placeholder":true,"num":0}])");
  world.peer->binary("12345");
  EXPECT_THAT(world.log(), ElementsAre("a()"));
  EXPECT_THAT(world.recorder.admitted, ElementsAre(6u, 38u + 5u));
  world.recorder.admission = Admission::kCloseConnection;
  world.peer->text(R"(2["c"])");
  EXPECT_THAT(world.log(), ElementsAre("forced close"));
}

TEST(Socket, LeavesWhenTheClientSaysSo) {
  Joined world;
  const SocketRef ref = world.socket->ref();
  EXPECT_EQ(ref.get(), world.socket);
  world.peer->text("1");
  EXPECT_THAT(world.log(), ElementsAre("client namespace disconnect"));
  EXPECT_EQ(ref.get(), nullptr);
  EXPECT_TRUE(world.peer->open());
  EXPECT_THAT(world.peer->received(), IsEmpty());
}

TEST(Socket, DisconnectLeavesOneNamespace) {
  Joined world;
  world.socket->disconnect();
  EXPECT_THAT(world.log(), ElementsAre("server namespace disconnect"));
  EXPECT_FALSE(world.socket->emit("a"));
  world.socket->disconnect();
  EXPECT_THAT(world.peer->received(), ElementsAre("1"));
  world.peer->turn();
  EXPECT_TRUE(world.peer->open());
}

TEST(Socket, DisconnectOfTheConnectionLeavesAllNamespacesAndFlushes) {
  World world;
  Recorder recorder;
  std::vector<Socket*> sockets;
  for (const char* name : {"/", "/admin"}) {
    world.server.of(name).on_connection([&](Socket& socket) {
      sockets.push_back(&socket);
      socket.set_handler(recorder);
    });
  }
  auto peer = world.join();
  peer->text("0/admin,");
  peer->received();
  sockets[0]->disconnect(DisconnectScope::kConnection);
  EXPECT_THAT(peer->received(), ::testing::UnorderedElementsAre("1", "1/admin,"));
  EXPECT_TRUE(peer->session.closed && peer->session.flushed);
  EXPECT_THAT(recorder.log, ElementsAre("server namespace disconnect", "server namespace disconnect"));
}

TEST(Socket, MayBeDisconnectedFromEveryCallbackIncludingItsLast) {
  World world;
  int calls = 0;
  world.server.of("/").on_connection([&](Socket& socket) {
    socket.on_disconnect([&](DisconnectReason) {
      ++calls;
      socket.disconnect();
      socket.disconnect(DisconnectScope::kConnection);
    });
    socket.on("bye", [&](Event& event) {
      socket.disconnect();
      EXPECT_FALSE(event.ack("1"));
    });
  });
  auto peer = world.join();
  peer->text(R"(21["bye"])");
  EXPECT_EQ(calls, 1);
  EXPECT_THAT(peer->received(), ElementsAre("1"));
  EXPECT_FALSE(peer->open());
}

TEST(Socket, EventHooksPassSwallowOrReport) {
  World world;
  std::vector<std::string> handled;
  std::vector<std::string> errors;
  world.server.of("/")
      .use_on_events([](Socket&, const Event& event) {
        if (event.name == "secret") return EventVerdict::kSwallow;
        return event.name == "error" ? EventVerdict::kError : EventVerdict::kPass;
      })
      .on_error([&](Socket&, const Event& event) { errors.emplace_back(event.name); })
      .on_connection([&](Socket& socket) { socket.on_any([&](Event& event) { handled.emplace_back(event.name); }); });
  auto peer = world.join();
  peer->text(R"(2["secret"])");
  peer->text(R"(2["error"])");
  peer->text(R"(2["fine"])");
  EXPECT_THAT(handled, ElementsAre("fine"));
  EXPECT_THAT(errors, ElementsAre("error"));
}

TEST(Socket, AnEventNamedErrorWithoutListenersIsHarmless) {
  World world;
  world.server.of("/").use_on_events([](Socket&, const Event&) { return EventVerdict::kError; });
  auto peer = world.join();
  peer->text(R"(2["error"])");
  EXPECT_TRUE(peer->open());
}

TEST(Socket, ListenersMayReplaceThemselves) {
  World world;
  std::string heard;
  world.server.of("/").on_connection([&](Socket& socket) {
    socket.on("a", [&](Event&) {
      socket.on("a", [&](Event&) { heard += "second"; });
      heard += "first";
    });
  });
  auto peer = world.join();
  peer->text(R"(2["a"])");
  peer->text(R"(2["a"])");
  EXPECT_EQ(heard, "firstsecond");
}

TEST(Socket, IsSmall) {
  // With the connection, its slot and the namespace's index an idle socket stays below 300 bytes (README).
  EXPECT_LE(sizeof(Socket), 112u);
}

}  // namespace
}  // namespace socketio
