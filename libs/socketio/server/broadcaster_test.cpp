// What a Broadcaster is told, and what it is not.

#include "socketio/server/broadcaster.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "socketio/server/fake_engine.hpp"

namespace socketio {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

/// Another node that keeps a record of what it hears, and answers what it was told to.
class RecordingBroadcaster final : public Broadcaster {
 public:
  void opened(const std::shared_ptr<Namespace>& space) override { note("opened " + space->name()); }
  void closed(std::string_view name) override { note("closed " + std::string(name)); }
  void room_opened(const Namespace& space, std::string_view room, RoomKind kind) override {
    rooms_.push_back("+" + space.name() + " " + (kind == RoomKind::kOwn ? "own" : std::string(room)));
  }
  void room_closed(const Namespace& space, std::string_view room, RoomKind kind) override {
    rooms_.push_back("-" + space.name() + " " + (kind == RoomKind::kOwn ? "own" : std::string(room)));
  }
  void emit(const Namespace& space, const Selection& to, const OutgoingEvent& event, EmitOptions options) override {
    note("emit " + space.name() + show(to) + " " + std::string(event.name) + " " + std::string(event.arguments) +
         (event.attachments.empty() ? "" : " +binary") + (options.discardable ? " discardable" : ""));
  }
  void emit_with_ack(const Namespace&, const Selection& to, const OutgoingEvent& event, std::chrono::milliseconds,
                     AnswersCallback done) override {
    note("ask" + show(to) + " " + std::string(event.name));
    done({.answers = {"\"theirs\""}, .expected = 2});
  }
  void fetch_sockets(const Namespace&, const Selection& of, SocketsCallback done) override {
    note("fetch" + show(of));
    std::vector<RemoteSocket> theirs(1);
    theirs[0].id = "their-socket";
    done(std::move(theirs));
  }
  void fetch_rooms(const Namespace&, RoomsCallback done) override { done({"shared", "theirs"}); }
  void move_sockets(const Namespace&, const Selection& of, RoomChange change, std::string_view room) override {
    note((change == RoomChange::kJoin ? "join" : "leave") + show(of) + " " + std::string(room));
  }
  void disconnect_sockets(const Namespace&, const Selection& of, DisconnectScope scope) override {
    note("disconnect" + show(of) + (scope == DisconnectScope::kConnection ? " connection" : ""));
  }
  void server_side_emit(const Namespace&, std::string_view event, std::string_view arguments, std::chrono::milliseconds,
                        AnswersCallback done) override {
    note("servers " + std::string(event) + " " + std::string(arguments));
    if (done) done({.answers = {"1"}, .expected = 1});
  }
  std::vector<std::string> heard() { return std::exchange(notes_, {}); }
  std::vector<std::string> rooms() { return std::exchange(rooms_, {}); }

 private:
  static std::string show(const Selection& selection) {
    std::string text;
    for (const auto& room : selection.rooms) text += " +" + room;
    for (const auto& room : selection.except) text += " -" + room;
    return text;
  }
  void note(std::string text) { notes_.push_back(std::move(text)); }

  std::vector<std::string> notes_, rooms_;
};

class BroadcasterTest : public ::testing::Test {
 protected:
  BroadcasterTest() {
    space_.on_connection([this](Socket& socket) {
      id_ = socket.id();
      socket.join("shared");
    });
    world_.server.set_broadcaster(others_);
    peer_ = world_.join();
    others_->heard();
  }
  std::shared_ptr<RecordingBroadcaster> others_ = std::make_shared<RecordingBroadcaster>();
  socketio::testing::World world_;
  Namespace& space_ = world_.server.of("/");
  std::string id_;
  std::unique_ptr<socketio::testing::Peer> peer_;
};

TEST_F(BroadcasterTest, EmitsReachThisNodeAndTheOthers) {
  space_.to("shared").except("x").emit("news", "1");
  EXPECT_THAT(peer_->received(), ElementsAre(R"(2["news",1])"));
  EXPECT_THAT(others_->heard(), ElementsAre("emit / +shared -x news 1"));
  const std::string_view binary = "bytes";
  space_.everybody().discardable().emit("b", R"({"_placeholder":true,"num":0})", {&binary, 1});
  EXPECT_THAT(others_->heard(), ElementsAre(R"(emit / b {"_placeholder":true,"num":0} +binary discardable)"));
}

TEST_F(BroadcasterTest, LocalBroadcastsStayHere) {
  auto local = space_.everybody().local();
  local.emit("news", "1");
  local.sockets_join("room");
  local.sockets_leave("room");
  EXPECT_THAT(peer_->received(), ElementsAre(R"(2["news",1])"));
  local.disconnect_sockets();
  EXPECT_THAT(others_->heard(), IsEmpty());
  EXPECT_THAT(peer_->received(), ElementsAre("1"));
}

TEST_F(BroadcasterTest, ReservedNamesReachNobody) {
  space_.emit("disconnect");
  EXPECT_THAT(others_->heard(), IsEmpty());
  EXPECT_THAT(peer_->received(), IsEmpty());
}

TEST_F(BroadcasterTest, SocketsAreMovedAndDisconnectedEverywhere) {
  space_.to("shared").sockets_join("more");
  space_.to("more").sockets_leave("shared");
  space_.to("more").disconnect_sockets(DisconnectScope::kConnection);
  EXPECT_THAT(others_->heard(), ElementsAre("join +shared more", "leave +more shared", "disconnect +more connection"));
  EXPECT_THAT(peer_->received(), ElementsAre("1"));
}

TEST_F(BroadcasterTest, RoomsAreToldWhenTheirFirstSocketComesAndTheirLastLeaves) {
  EXPECT_THAT(others_->rooms(), ElementsAre("+/ own", "+/ shared"));
  auto second = world_.join();
  EXPECT_THAT(others_->rooms(), ElementsAre("+/ own"));
  space_.everybody().sockets_join("more");
  EXPECT_THAT(others_->rooms(), ElementsAre("+/ more"));
  space_.to(id_).sockets_leave("more");  // the second one's: the first stays in the room
  EXPECT_THAT(others_->rooms(), IsEmpty());
  space_.everybody().sockets_leave("more");
  EXPECT_THAT(others_->rooms(), ElementsAre("-/ more"));
  peer_->text("1");
  EXPECT_THAT(others_->rooms(), ElementsAre("-/ own"));
  second->text("1");
  EXPECT_THAT(others_->rooms(), ElementsAre("-/ own", "-/ shared"));
}

TEST_F(BroadcasterTest, WhatIsFetchedIsPutTogether) {
  std::vector<std::string> ids, rooms;
  space_.everybody().fetch_sockets(world_.shard, [&](const std::vector<RemoteSocket>& sockets) {
    for (const auto& socket : sockets) ids.push_back(socket.id);
  });
  space_.fetch_rooms(Namespace::Reach::kCluster, world_.shard, [&](std::vector<std::string> all) { rooms = all; });
  world_.shard.run();
  EXPECT_THAT(ids, UnorderedElementsAre(id_, "their-socket"));
  EXPECT_THAT(rooms, UnorderedElementsAre(id_, "shared", "theirs"));
  space_.fetch_rooms(Namespace::Reach::kNode, world_.shard, [&](std::vector<std::string> all) { rooms = all; });
  world_.shard.run();
  EXPECT_THAT(rooms, UnorderedElementsAre(id_, "shared"));
}

TEST_F(BroadcasterTest, AnswersOfAllNodesAreCountedTogether) {
  std::optional<BroadcastAnswers> answers;
  space_.everybody().emit_with_ack("q", "", 1s, world_.shard, [&](BroadcastAnswers all) { answers = std::move(all); });
  world_.shard.run();
  EXPECT_FALSE(answers);
  const auto asked = peer_->received();
  ASSERT_EQ(asked.size(), 1u);
  const std::string id = asked[0].substr(1, asked[0].find('[') - 1);
  peer_->text("3" + id + R"(["ours","second"])");
  ASSERT_TRUE(answers);
  EXPECT_THAT(answers->answers, UnorderedElementsAre("\"ours\"", "\"theirs\""));
  EXPECT_EQ(answers->expected, 3u);
  EXPECT_FALSE(answers->complete());
}

TEST_F(BroadcasterTest, HandshakesAreToldWithoutCredentials) {
  std::vector<RemoteSocket> found;
  space_.everybody().describe_sockets(world_.shard, [&](std::vector<RemoteSocket> all) { found = std::move(all); });
  world_.shard.run();
  ASSERT_EQ(found.size(), 1u);
  const auto handshake = base::parse_json(found[0].handshake);
  ASSERT_TRUE(handshake.ok());
  EXPECT_EQ(handshake->member("headers")->raw(), R"({"host":"localhost"})");
  EXPECT_EQ(handshake->member("auth")->raw(), "{}");
  EXPECT_EQ(handshake->member("url")->as_string(), "/socket.io/?EIO=4");
}

TEST_F(BroadcasterTest, BytesThatAreNoTextAreLeftOutOfAHandshake) {
  auto handshake = socketio::testing::Peer::handshake(socketio::testing::kLoopback);
  handshake.url = "/socket.io/?x=\xFF";
  handshake.query.emplace("x", "\xFF");
  handshake.headers.emplace("user-agent", "caf\xE9");
  socketio::testing::FakeSession session;
  const auto client = world_.server.hubs()[0]->accept(session, handshake);
  client->on_text("0");
  world_.shard.run();
  std::vector<RemoteSocket> found;
  space_.everybody().describe_sockets(world_.shard, [&](std::vector<RemoteSocket> all) { found = std::move(all); });
  world_.shard.run();
  ASSERT_EQ(found.size(), 2u);
  for (const auto& socket : found) {
    const auto told = base::parse_json(socket.handshake);
    ASSERT_TRUE(told.ok());
    EXPECT_EQ(told->member("headers")->raw(), R"({"host":"localhost"})");
    EXPECT_EQ(told->member("query")->raw(), R"({"EIO":"4"})");
  }
  client->on_close(engineio::CloseReason::kTransportClose);
}

TEST_F(BroadcasterTest, ServersAreToldAndAsked) {
  space_.server_side_emit("hello", "1");
  std::optional<BroadcastAnswers> answers;
  space_.server_side_emit("q", "2", 1s, world_.shard, [&](BroadcastAnswers all) { answers = std::move(all); });
  world_.shard.run();
  EXPECT_THAT(others_->heard(), ElementsAre("servers hello 1", "servers q 2"));
  ASSERT_TRUE(answers);
  EXPECT_TRUE(answers->complete());
}

TEST(Broadcaster, NamespacesComeAndGo) {
  auto others = std::make_shared<RecordingBroadcaster>();
  {
    socketio::testing::World world;
    world.server.of("/");
    world.server.of([](std::string_view name) { return name == "/dynamic"; });
    world.server.set_broadcaster(others);
    EXPECT_THAT(others->heard(), ElementsAre("opened /"));
    auto peer = world.join("0/dynamic,");
    EXPECT_THAT(others->heard(), ElementsAre("opened /dynamic"));
    peer->text("1/dynamic,");
    world.shard.run();
    EXPECT_THAT(others->heard(), ElementsAre("closed /dynamic"));
  }
  EXPECT_THAT(others->heard(), ElementsAre("closed /"));
}

TEST(Broadcaster, WithoutOneServersHaveNobodyToAsk) {
  socketio::testing::World world;
  Namespace& space = world.server.of("/");
  auto peer = world.join();
  std::optional<BroadcastAnswers> answers;
  space.server_side_emit("hello");
  space.server_side_emit("q", "", 1s, world.shard, [&](BroadcastAnswers all) { answers = std::move(all); });
  world.shard.run();
  ASSERT_TRUE(answers);
  EXPECT_EQ(answers->expected, 0u);
}

}  // namespace
}  // namespace socketio
