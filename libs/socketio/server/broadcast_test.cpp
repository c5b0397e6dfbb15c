#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "socketio/server/ack_ids.hpp"
#include "socketio/server/fake_engine.hpp"
#include "socketio/server/local_namespace.hpp"

namespace socketio {
namespace {

using namespace std::chrono_literals;
using socketio::testing::FakeShard;
using socketio::testing::Peer;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// Two shards; the test runs "on" the first one.
struct TwoShards {
  TwoShards() {
    space().on_connection([this](Socket& socket) {
      sockets.push_back(&socket);
      socket.on_disconnect([this](DisconnectReason) { ++left; });
    });
    server.add_hub(shards[0].place());
    server.add_hub(shards[1].place());
    shards[1].here = false;
    for (const std::size_t shard : {0u, 0u, 1u}) {
      shards[shard].here = true;
      peers.push_back(std::make_unique<Peer>(*server.hubs()[shard], shards[shard]));
      peers.back()->text("0");
      peers.back()->received();
      shards[1].here = false;
    }
  }
  ~TwoShards() { peers.clear(); }
  Namespace& space() { return server.hubs().empty() ? server.of("/") : sockets[0]->space(); }
  void settle() {
    for (int i = 0; i < 3; ++i) {
      shards[0].run();
      shards[1].here = true;
      shards[1].run();
      shards[1].here = false;
    }
  }
  /// How many events each peer got.
  std::vector<std::size_t> counts() {
    settle();
    std::vector<std::size_t> all;
    for (auto& peer : peers) all.push_back(peer->received().size());
    return all;
  }

  FakeShard shards[2];
  Server server;
  std::vector<Socket*> sockets;
  int left = 0;
  std::vector<std::unique_ptr<Peer>> peers;
};

TEST(Broadcast, ReachesTheSocketsOfAllShards) {
  TwoShards world;
  world.space().emit("news", "1");
  EXPECT_THAT(world.peers[2]->received(), IsEmpty()) << "another shard's sockets are its own business";
  world.settle();
  for (auto& peer : world.peers) EXPECT_THAT(peer->received(), ElementsAre(R"(2["news",1])"));
}

TEST(Broadcast, ReachesTheUnionOfRoomsEachSocketOnce) {
  TwoShards world;
  world.sockets[0]->join("a");
  world.sockets[0]->join("b");
  world.sockets[2]->join("b");
  world.space().to("a").to("b").emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(1u, 0u, 1u));
  world.space().to("b").except("a").emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(0u, 0u, 1u));
  world.space().to("nobody").emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(0u, 0u, 0u));
}

TEST(Broadcast, OwnIdIsARoom) {
  TwoShards world;
  world.space().to(world.sockets[2]->id()).emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(0u, 0u, 1u));
  world.space().except(world.sockets[1]->id()).emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(1u, 0u, 1u));
  EXPECT_THAT(world.sockets[0]->rooms(), ElementsAre(world.sockets[0]->id()));
}

TEST(Broadcast, OfASocketLeavesItOut) {
  TwoShards world;
  world.sockets[0]->broadcast().emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(0u, 1u, 1u));
  world.sockets[0]->join("a");
  world.sockets[1]->join("a");
  world.sockets[0]->to("a").emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(0u, 1u, 0u));
}

TEST(Broadcast, SocketsThatLeftARoomOrTheNamespaceGetNothing) {
  TwoShards world;
  for (Socket* socket : world.sockets) socket->join("a");
  world.sockets[0]->leave("a");
  world.sockets[0]->leave("never joined");
  world.peers[1]->text("1");
  world.space().to("a").emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(0u, 0u, 1u));
}

TEST(Broadcast, CarriesAttachmentsAndMayBeDiscarded) {
  TwoShards world;
  const std::string_view one[] = {"raw"};
  world.space().to(world.sockets[2]->id()).emit("x", R"({"_placeholder":true,"num":0})", one);
  world.settle();
  EXPECT_THAT(world.peers[2]->received(), ElementsAre(R"(51-["x",{"_placeholder":true,"num":0}])", "binary:raw"));
  world.peers[0]->session.can_write = false;
  world.space().everybody().discardable().emit("x");
  EXPECT_THAT(world.counts(), ElementsAre(0u, 1u, 1u));
}

TEST(Broadcast, CollectsTheFirstValueOfEveryAnswer) {
  TwoShards world;
  std::optional<BroadcastAnswers> outcome;
  world.space().everybody().emit_with_ack("q", "", 5s, world.shards[0],
                                          [&](BroadcastAnswers answers) { outcome = std::move(answers); });
  world.settle();
  const std::string id = std::to_string(kFirstBroadcastAckId);
  for (std::size_t i = 0; i < world.peers.size(); ++i) {
    EXPECT_THAT(world.peers[i]->received(), ElementsAre("2" + id + R"(["q"])"));
    EXPECT_FALSE(outcome);
    world.peers[i]->text("3" + id + "[" + std::to_string(i) + ",true]");
    world.peers[i]->text("3" + id + "[false]");  // a second answer counts for nothing
  }
  world.settle();
  ASSERT_TRUE(outcome);
  EXPECT_TRUE(outcome->complete());
  EXPECT_THAT(outcome->answers, UnorderedElementsAre("0", "1", "2"));
}

TEST(Broadcast, EndsWithoutTheAnswersOfThoseWhoLeftOrAreSilent) {
  TwoShards world;
  std::optional<BroadcastAnswers> outcome;
  world.space().everybody().emit_with_ack("q", "", 5s, world.shards[0],
                                          [&](BroadcastAnswers answers) { outcome = std::move(answers); });
  world.settle();
  world.peers[0]->text("3" + std::to_string(kFirstBroadcastAckId) + "[1]");
  world.peers[1]->end(engineio::CloseReason::kTransportClose);
  world.settle();
  EXPECT_FALSE(outcome);
  world.shards[1].here = true;
  world.shards[1].advance(6s);
  world.settle();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->expected, 3u);
  EXPECT_THAT(outcome->answers, ElementsAre("1"));
}

TEST(Broadcast, FetchesJoinsLeavesAndDisconnectsAcrossShards) {
  TwoShards world;
  world.space().to(world.sockets[2]->id()).sockets_join("far");
  world.space().to(world.sockets[0]->id()).sockets_join("far");
  world.settle();
  std::vector<RemoteSocket> found;
  const auto fetch = [&] {
    found.clear();
    world.space().to("far").fetch_sockets(world.shards[0],
                                          [&](std::vector<RemoteSocket> all) { found = std::move(all); });
    world.settle();
    return found.size();
  };
  EXPECT_EQ(fetch(), 2u);
  EXPECT_THAT(found[0].rooms, ::testing::Contains("far"));
  world.space().to(found[0].id).sockets_leave("far");
  world.settle();
  EXPECT_EQ(fetch(), 1u);
  world.space().to("far").disconnect_sockets();
  world.settle();
  EXPECT_EQ(world.left, 1);
  world.space().everybody().disconnect_sockets(DisconnectScope::kConnection);
  world.settle();
  EXPECT_EQ(world.left, 3);
  EXPECT_TRUE(world.peers[0]->session.closed);
}

TEST(DynamicNamespaces, InheritHooksAndAreForgottenWhenEmpty) {
  socketio::testing::World world({.max_dynamic_namespaces = 2});
  std::vector<std::string> joined;
  world.server.of([](std::string_view name) { return name.starts_with("/room-"); }).on_connection([&](Socket& socket) {
    joined.emplace_back(socket.namespace_name());
    socket.broadcast().emit("hello");
  });
  auto a = world.join("0/room-1,");
  auto b = world.join("0/room-1,");
  auto c = world.join("0/room-2,");
  EXPECT_THAT(joined, ElementsAre("/room-1", "/room-1", "/room-2"));
  EXPECT_THAT(a->received(), ElementsAre(R"(2/room-1,["hello"])"));
  auto d = world.connect();
  d->text("0/room-3,");
  EXPECT_THAT(d->received(), ElementsAre(R"(4/room-3,{"message":"Invalid namespace"})"));
  c->text("1/room-2,");
  d->text("0/room-3,");
  EXPECT_THAT(d->received(), ElementsAre(::testing::StartsWith("0/room-3,{")));
  d->text("0/other,");
  EXPECT_THAT(d->received(), ElementsAre(R"(4/other,{"message":"Invalid namespace"})"));
}

TEST(Rooms, AreBoundedPerSocket) {
  socketio::testing::World world({.max_rooms_per_socket = 3});
  Socket* socket = nullptr;
  world.server.of("/").on_connection([&](Socket& joined) { socket = &joined; });
  auto peer = world.join();
  EXPECT_TRUE(socket->join("a"));
  EXPECT_TRUE(socket->join("b"));
  EXPECT_TRUE(socket->join("a")) << "already in it";
  EXPECT_FALSE(socket->join("c"));
}

}  // namespace
}  // namespace socketio
