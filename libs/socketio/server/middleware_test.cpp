#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "socketio/server/fake_engine.hpp"

namespace socketio {
namespace {

using namespace std::chrono_literals;
using socketio::testing::World;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

struct CountingHandler final : SocketHandler {
  void on_event(Event&) override {}
  void on_disconnect(DisconnectReason reason) override { ended.push_back(reason); }
  std::vector<DisconnectReason> ended;
};

/// A namespace whose middleware answers when the test does.
struct Waiting : World {
  Waiting() : World({.connect_timeout = 20s}) {
    server.of("/")
        .use([this](const ConnectRequest& request, Decision decision) {
          auth = request.auth;
          request.socket.set_handler(handler);
          decisions.push_back(std::move(decision));
        })
        .on_connection([this](Socket&) { ++joined; });
  }
  std::string auth;
  CountingHandler handler;
  std::vector<Decision> decisions;
  int joined = 0;
};

TEST(Middleware, RunsInOrderAndSeesTheAuth) {
  World world;
  std::string seen;
  auto& space = world.server.of("/");
  for (const char* name : {"a", "b", "c"}) {
    space.use([&seen, name](const ConnectRequest& request, Decision decision) {
      seen += name + std::string(request.auth);
      decision.accept();
    });
  }
  auto peer = world.connect();
  peer->text(R"(0{"t":1})");
  EXPECT_EQ(seen, R"(a{"t":1}b{"t":1}c{"t":1})");
  EXPECT_THAT(peer->received(), ElementsAre(MatchesRegex("0.*sid.*")));
}

TEST(Middleware, RefusesWithMessageAndDataAndAllowsAnotherTry) {
  World world;
  int tries = 0;
  world.server.of("/").use([&](const ConnectRequest&, Decision decision) {
    if (++tries == 1) return decision.refuse("not \"you\"", R"({"code":1})");
    decision.accept();
  });
  auto peer = world.connect();
  peer->text("0");
  EXPECT_THAT(peer->received(), ElementsAre(R"(4{"message":"not \"you\"","data":{"code":1}})"));
  peer->text("0");
  EXPECT_THAT(peer->received(), ElementsAre(MatchesRegex("0.*sid.*")));
}

TEST(Middleware, MayDecideLater) {
  Waiting world;
  auto peer = world.connect();
  peer->text(R"(0{"token":"t"})");
  EXPECT_EQ(world.auth, R"({"token":"t"})");
  EXPECT_THAT(peer->received(), IsEmpty());
  world.decisions[0].accept();
  EXPECT_THAT(peer->received(), ElementsAre(MatchesRegex("0.*sid.*")));
  EXPECT_EQ(world.joined, 1);
}

TEST(Middleware, DecidesOnce) {
  Waiting world;
  auto peer = world.connect();
  peer->text("0");
  world.decisions[0].refuse("no");
  world.decisions[0].accept();
  world.decisions[0].refuse("no");
  EXPECT_EQ(peer->received().size(), 1u);
  EXPECT_EQ(world.joined, 0);
  EXPECT_THAT(world.handler.ended, ElementsAre(DisconnectReason::kRefused));
}

TEST(Middleware, DecisionAfterTheConnectionIsGoneDoesNothing) {
  Waiting world;
  auto peer = world.connect();
  peer->text("0");
  peer->end(engineio::CloseReason::kTransportClose);
  EXPECT_EQ(world.decisions[0].socket(), nullptr);
  world.decisions[0].accept();
  EXPECT_EQ(world.joined, 0);
  EXPECT_THAT(world.handler.ended, ElementsAre(DisconnectReason::kTransportClose));
  auto next = world.connect();  // takes the same slot: the old decision must not reach it
  next->text("0");
  world.decisions[0].accept();
  EXPECT_EQ(world.joined, 0);
}

TEST(Middleware, NothingCanBeEmittedBeforeTheSocketHasJoined) {
  World world;
  world.server.of("/").use([](const ConnectRequest& request, Decision decision) {
    EXPECT_FALSE(request.socket.emit("early"));
    EXPECT_FALSE(request.socket.join("room"));
    EXPECT_FALSE(request.socket.emit_untracked("early", ""));
    decision.accept();
  });
  auto peer = world.connect();
  peer->text("0");
  EXPECT_EQ(peer->received().size(), 1u);
}

TEST(Middleware, ASecondConnectWhileTheFirstIsUndecidedClosesTheConnection) {
  Waiting world;
  auto peer = world.connect();
  peer->text("0");
  peer->text("0");
  EXPECT_EQ(peer->session.closed, engineio::CloseReason::kForcedClose);
  EXPECT_EQ(world.handler.ended.size(), 1u);
}

TEST(Middleware, AnUndecidedSocketEndsWithTheConnectTimeout) {
  Waiting world;
  auto peer = world.connect();
  peer->text("0");
  world.shard.advance(21s);
  peer->turn();
  EXPECT_EQ(peer->session.closed, engineio::CloseReason::kForcedServerClose);
  EXPECT_THAT(world.handler.ended, ElementsAre(DisconnectReason::kForcedServerClose));
}

TEST(Middleware, MayDisconnectTheSocketItIsAskedAbout) {
  World world;
  world.server.of("/").use([](const ConnectRequest& request, Decision decision) {
    request.socket.disconnect(DisconnectScope::kConnection);
    decision.accept();
  });
  auto peer = world.connect();
  peer->text("0");
  EXPECT_THAT(peer->received(), IsEmpty());
  EXPECT_TRUE(peer->session.flushed);
  EXPECT_FALSE(peer->open());
}

}  // namespace
}  // namespace socketio
