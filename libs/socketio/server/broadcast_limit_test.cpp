// How much broadcasts may add to what a connection has not written yet, and what is known of those under way.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "socketio/server/fake_engine.hpp"

namespace socketio {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class BroadcastLimitTest : public ::testing::Test {
 protected:
  BroadcastLimitTest() : world_({.max_broadcast_bytes = 100}), space_(world_.server.of("/")) {
    space_.on_connection([this](Socket& socket) { socket_ = &socket; });
    peer_ = world_.join();
  }
  std::uint64_t dropped() const { return world_.server.dropped_broadcasts().load(); }
  /// All that was given to the connection has left.
  void write_all() {
    world_.shard.advance(1ms);
    peer_->session.unsent = 0;
    peer_->session.last_written = world_.shard.clock.steady_now();
  }

  socketio::testing::World world_;
  Namespace& space_;
  Socket* socket_ = nullptr;
  std::unique_ptr<socketio::testing::Peer> peer_;
};

TEST_F(BroadcastLimitTest, WhatFitsBesideTheUnsentBytesIsSent) {
  peer_->session.unsent = 90;
  space_.emit("news");  // 2["news"]
  EXPECT_THAT(peer_->received(), ElementsAre(R"(2["news"])"));
  EXPECT_EQ(dropped(), 0u);
}

TEST_F(BroadcastLimitTest, WhatDoesNotFitIsDroppedAndCounted) {
  peer_->session.unsent = 95;
  space_.emit("news");
  EXPECT_THAT(peer_->received(), IsEmpty());
  EXPECT_EQ(dropped(), 1u);
  EXPECT_FALSE(peer_->session.closed);
}

TEST_F(BroadcastLimitTest, AfterADropNothingIsBroadcastUntilAllHasBeenWritten) {
  peer_->session.unsent = 95;
  space_.emit("news");
  peer_->session.unsent = 10;  // written in part
  space_.emit("news");
  EXPECT_THAT(peer_->received(), IsEmpty());
  EXPECT_EQ(dropped(), 2u);
  write_all();
  peer_->session.unsent = 10;  // by somebody else meanwhile
  space_.emit("news");
  EXPECT_THAT(peer_->received(), SizeIs(1));
  EXPECT_EQ(dropped(), 2u);
}

TEST_F(BroadcastLimitTest, AnEventLargerThanTheLimitSaysNothingOfTheReader) {
  space_.emit("big", '"' + std::string(200, 'x') + '"');
  EXPECT_THAT(peer_->received(), IsEmpty());
  EXPECT_EQ(dropped(), 1u);
  space_.emit("news");
  EXPECT_THAT(peer_->received(), SizeIs(1));
}

TEST_F(BroadcastLimitTest, AttachmentsCount) {
  const std::string bytes(90, 'x');
  const std::string_view view = bytes;
  space_.everybody().emit("b", R"({"_placeholder":true,"num":0})", {&view, 1});
  EXPECT_THAT(peer_->received(), IsEmpty());
  EXPECT_EQ(dropped(), 1u);
}

TEST_F(BroadcastLimitTest, WhatIsEmittedToTheSocketItselfIsNotBounded) {
  peer_->session.unsent = 95;
  space_.emit("news");
  EXPECT_TRUE(socket_->emit("mine"));
  EXPECT_THAT(peer_->received(), ElementsAre(R"(2["mine"])"));
}

TEST_F(BroadcastLimitTest, WhoHasNoRoomIsNotAsked) {
  peer_->session.unsent = 95;
  std::optional<std::size_t> expected;
  space_.everybody().emit_with_ack("question", "", 1s, world_.shard,
                                   [&](const BroadcastAnswers& answers) { expected = answers.expected; });
  world_.shard.run();
  EXPECT_EQ(expected, 0u);
  EXPECT_THAT(peer_->received(), IsEmpty());
}

TEST(BroadcastWithoutLimit, IsLeftToTheEngine) {
  socketio::testing::World world;
  Namespace& space = world.server.of("/");
  const auto peer = world.join();
  peer->session.unsent = 1'000'000'000;
  space.emit("news");
  EXPECT_THAT(peer->received(), SizeIs(1));
  EXPECT_EQ(world.server.dropped_broadcasts().load(), 0u);
}

TEST(BroadcastUnderWay, KeepsWhatItWasGivenUntilAllShardsHaveServedIt) {
  socketio::testing::FakeShard shards[2];
  Server server;
  Namespace& space = server.of("/");
  for (auto& shard : shards) {
    shard.here = false;
    server.add_hub(shard.place());
  }
  const std::vector<std::function<void(const Broadcast&)>> all = {
      [](const Broadcast& broadcast) { broadcast.emit("news"); },
      [](const Broadcast& broadcast) { broadcast.sockets_join("room"); },
      [](const Broadcast& broadcast) { broadcast.sockets_leave("room"); },
      [](const Broadcast& broadcast) { broadcast.disconnect_sockets(); },
      [&](const Broadcast& broadcast) { broadcast.describe_sockets(shards[0], [](auto) {}); },
  };
  for (const auto& ask : all) {
    auto token = std::make_shared<int>(0);
    const std::weak_ptr<int> kept = token;
    ask(space.everybody().local().keep(std::move(token)));
    shards[0].run();
    EXPECT_FALSE(kept.expired());
    shards[1].run();
    EXPECT_TRUE(kept.expired());
  }
}

TEST(EventsOfPeers, AreAllAdmittedUnlessAHookSaysNo) {
  Server server;
  EXPECT_TRUE(server.of("/").admits_from_peers("news"));
  server.of("/side").use_on_peer_events([](std::string_view event) { return event == "news"; });
  EXPECT_TRUE(server.of("/side").admits_from_peers("news"));
  EXPECT_FALSE(server.of("/side").admits_from_peers("forged"));
}

}  // namespace
}  // namespace socketio
