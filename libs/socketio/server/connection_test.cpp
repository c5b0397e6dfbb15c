#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "socketio/server/fake_engine.hpp"

namespace socketio {
namespace {

using namespace std::chrono_literals;
using engineio::CloseReason;
using socketio::testing::World;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

constexpr auto kConnectTimeout = 20s;

TEST(Connection, AnswersConnectWithAFreshIdOfTwentyCharacters) {
  World world;
  world.server.of("/");
  world.server.of("/admin");
  auto peer = world.connect();
  peer->text("0");
  peer->text("0/admin,{\"token\":1}");
  EXPECT_THAT(peer->received(), ElementsAre(MatchesRegex(R"(0\{"sid":"[A-Za-z0-9_-]{20}"\})"),
                                            MatchesRegex(R"(0/admin,\{"sid":"[A-Za-z0-9_-]{20}"\})")));
}

TEST(Connection, RefusesUnknownNamespacesAndStaysOpen) {
  World world;
  world.server.of("/");
  auto peer = world.connect();
  peer->text("0/nowhere");
  EXPECT_THAT(peer->received(), ElementsAre(R"(4/nowhere,{"message":"Invalid namespace"})"));
  peer->text("0/admin?x=1,");
  EXPECT_THAT(peer->received(), ElementsAre(R"(4/admin?x=1,{"message":"Invalid namespace"})"));
  EXPECT_TRUE(peer->open());
}

TEST(Connection, HandsAuthToTheConnectionHookAndDropsItAfterwards) {
  World world;
  std::string auth;
  Socket* joined = nullptr;
  world.server.of("/").on_connection([&](Socket& socket) {
    auth = socket.auth();
    joined = &socket;
  });
  auto peer = world.join(R"(0{"token":"t"})");
  EXPECT_EQ(auth, R"({"token":"t"})");
  EXPECT_EQ(joined->auth(), "{}");
  auto without = world.join("0");
  EXPECT_EQ(auth, "{}");
}

TEST(Connection, ClosesWhenNothingIsJoinedInTime) {
  World world({.connect_timeout = kConnectTimeout});
  world.server.of("/");
  auto idle = world.connect();
  auto joined = world.join();
  world.shard.advance(kConnectTimeout - 20ms);
  EXPECT_FALSE(idle->session.closed);
  world.shard.advance(40ms);
  EXPECT_EQ(idle->session.closed, CloseReason::kForcedServerClose);
  EXPECT_FALSE(joined->session.closed);
}

TEST(Connection, DoesNotArmTheConnectTimeoutAgainAfterTheLastNamespaceIsLeft) {
  World world({.connect_timeout = kConnectTimeout});
  world.server.of("/");
  auto peer = world.join();
  peer->text("1");
  world.shard.advance(10 * kConnectTimeout);
  EXPECT_FALSE(peer->session.closed);
}

TEST(Connection, ClosesInTimeAfterTheLastNamespaceIsLeftWhereThatIsAskedFor) {
  World world({.connect_timeout = kConnectTimeout, .rearm_connect_timeout = true});
  world.server.of("/");
  world.server.of("/admin");
  auto peer = world.join();
  peer->text("0/admin,");
  peer->text("1");
  world.shard.advance(10 * kConnectTimeout);
  EXPECT_TRUE(peer->open()) << "/admin is joined";
  peer->text("1/admin,");
  world.shard.advance(kConnectTimeout - 20ms);
  EXPECT_FALSE(peer->session.closed);
  peer->text("0");
  world.shard.advance(10 * kConnectTimeout);
  EXPECT_FALSE(peer->session.closed) << "it came back in time";
  peer->text("1");
  world.shard.advance(kConnectTimeout + 20ms);
  EXPECT_EQ(peer->session.closed, CloseReason::kForcedServerClose);
}

TEST(Connection, IsGivenNoMoreTimeForBeingRefusedAfterItLeft) {
  World world({.connect_timeout = kConnectTimeout, .rearm_connect_timeout = true});
  bool welcome = true;
  world.server.of("/").use([&](const ConnectRequest&, Decision decision) {
    if (welcome) return decision.accept();
    decision.refuse("no");
  });
  auto peer = world.join();
  welcome = false;
  peer->text("1");
  world.shard.advance(kConnectTimeout - 20ms);
  peer->text("0");
  EXPECT_THAT(peer->received(), ElementsAre(R"(4{"message":"no"})"));
  world.shard.advance(40ms);
  EXPECT_EQ(peer->session.closed, CloseReason::kForcedServerClose);
}

TEST(Connection, IsGivenNoMoreTimeForAttachmentsThatComeAfterItWasLeft) {
  World world({.connect_timeout = kConnectTimeout, .rearm_connect_timeout = true});
  Socket* socket = nullptr;
  world.server.of("/").on_connection([&](Socket& joined) { socket = &joined; });
  auto peer = world.join();
  socket->disconnect();
  // It may not know yet, so what it sends is no violation.
  world.shard.advance(kConnectTimeout - 20ms);
  peer->text(R"(51-["late",{"_placeholder":true,"num":0}])");
  peer->binary("x");
  world.shard.advance(40ms);
  EXPECT_EQ(peer->session.closed, CloseReason::kForcedServerClose);
}

TEST(Connection, TakesAShareOfItsAddressWhileNoNamespaceIsJoined) {
  World world({.rearm_connect_timeout = true, .max_unjoined_per_address = 2});
  world.server.of("/");
  const auto has_room = [&](const std::string& address) {
    return world.server.has_room_for(testing::Peer::handshake(address));
  };
  auto first = world.connect("2001:db8::1");
  EXPECT_TRUE(has_room("2001:db8::2"));
  auto second = world.connect("2001:db8::2");
  EXPECT_FALSE(has_room("2001:db8::3")) << "a /64 is one address";
  EXPECT_TRUE(has_room("2001:db8:0:1::1"));
  first->text("0");
  EXPECT_TRUE(has_room("2001:db8::3"));
  first->text("1");
  EXPECT_FALSE(has_room("2001:db8::3")) << "whoever left takes its share again";
  first->end(CloseReason::kTransportClose);
  second->text("7");
  EXPECT_FALSE(second->open());
  EXPECT_TRUE(has_room("2001:db8::3"));
  auto joined = world.connect("2001:db8::1");
  joined->text("0");
  joined->end(CloseReason::kTransportClose);
  const auto third = world.connect("2001:db8::1");
  EXPECT_TRUE(has_room("2001:db8::3"));
  const auto fourth = world.connect("2001:db8::1");
  EXPECT_FALSE(has_room("2001:db8::3"));
}

TEST(Connection, TakesNoShareFromLoopbackAndTrustedProxies) {
  World world({.max_unjoined_per_address = 1});
  world.server.of("/");
  const auto first = world.connect();
  EXPECT_TRUE(world.server.has_room_for(testing::Peer::handshake(testing::kLoopback)));
}

class Violation : public ::testing::TestWithParam<std::vector<std::string>> {};

TEST_P(Violation, ClosesTheWholeConnection) {
  World world;
  world.server.of("/");
  world.server.of("/admin");
  auto peer = world.join();
  for (const std::string& packet : GetParam()) {
    EXPECT_TRUE(peer->open()) << "closed before " << packet;
    if (packet.starts_with("binary:")) {
      peer->binary(packet.substr(7));
    } else {
      peer->text(packet);
    }
  }
  EXPECT_EQ(peer->session.closed, CloseReason::kForcedClose);
  EXPECT_FALSE(peer->open());
}

INSTANTIATE_TEST_SUITE_P(
    Packets, Violation,
    ::testing::Values(std::vector<std::string>{""}, std::vector<std::string>{"abc"}, std::vector<std::string>{"7[]"},
                      std::vector<std::string>{"0"}, std::vector<std::string>{"0/admin,[]"},
                      std::vector<std::string>{"0/admin,", "0/admin,"}, std::vector<std::string>{R"(2/admin,["a"])"},
                      std::vector<std::string>{"3/admin,1[]"}, std::vector<std::string>{"1/admin,"},
                      std::vector<std::string>{"4{\"message\":\"x\"}"}, std::vector<std::string>{"2{}"},
                      std::vector<std::string>{"2[]"}, std::vector<std::string>{R"(2["connect"])"},
                      std::vector<std::string>{R"(2["a"]x)"}, std::vector<std::string>{"binary:x"},
                      std::vector<std::string>{R"(50-["a"])"}, std::vector<std::string>{R"(511-["a"])"},
                      std::vector<std::string>{R"(51-/admin,["a",{"_placeholder":true,"num":0}])"},
                      std::vector<std::string>{R"(51-["a",{"_placeholder":true,"num":0}])", R"(2["b"])"},
                      std::vector<std::string>{R"(51-["a",{"_placeholder":true,"num":1}])", "binary:x"},
                      std::vector<std::string>{"1", R"(2["late"])"}));

TEST(Connection, RefusesBinaryPacketsOfClientsThatNeverJoined) {
  World world({.connect_timeout = kConnectTimeout});
  world.server.of("/").use([](const ConnectRequest&, Decision) {});
  auto peer = world.connect();
  peer->text("0");
  peer->text(R"(51-["a",{"_placeholder":true,"num":0}])");
  EXPECT_EQ(peer->session.closed, CloseReason::kForcedClose);
}

TEST(Connection, BoundsThePayloadOnlyUntilANamespaceIsJoined) {
  const std::size_t limit = 16 * 1024;
  World world({.max_unjoined_payload = limit});
  world.server.of("/");
  const std::string frame = R"(0{"token":""})";
  const std::string at_limit = R"(0{"token":")" + std::string(limit - frame.size(), 'x') + "\"}";
  ASSERT_EQ(at_limit.size(), limit);
  auto peer = world.connect();
  peer->text(at_limit);
  EXPECT_EQ(peer->received().size(), 1u);
  peer->text(R"(2["a",")" + std::string(2 * limit, 'x') + "\"]");
  EXPECT_TRUE(peer->open());

  auto over = world.connect();
  over->text(R"(0{"token":"x)" + std::string(limit - frame.size(), 'x') + "\"}");
  EXPECT_EQ(over->session.closed, CloseReason::kForcedClose);
}

TEST(Connection, CapsNamespacesPerConnection) {
  World world({.max_namespaces_per_connection = 2});
  world.server.of([](std::string_view name) { return name.starts_with("/n"); });
  auto peer = world.connect();
  peer->text("0/n1,");
  peer->text("0/n2,");
  peer->received();
  peer->text("0/n3,");
  EXPECT_THAT(peer->received(), ElementsAre(R"(4/n3,{"message":"Too many namespaces"})"));
  peer->text("1/n1,");
  peer->text("0/n3,");
  EXPECT_THAT(peer->received(), ElementsAre(MatchesRegex("0/n3,.*")));
}

TEST(Connection, ClosesWhenAttachmentsDoNotArriveInTime) {
  World world({.attachment_timeout = 10s});
  world.server.of("/").on_connection([](Socket& socket) {
    socket.on("a", [&socket](Event& event) { socket.emit("b", event.arguments, event.attachments); });
  });
  auto slow = world.join();
  auto quick = world.join();
  slow->text(R"(52-["a",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}])");
  quick->text(R"(51-["a",{"_placeholder":true,"num":0}])");
  slow->binary("one");
  quick->binary("one");
  EXPECT_THAT(quick->received(), ElementsAre(R"(51-["b",{"_placeholder":true,"num":0}])", "binary:one"));
  world.shard.advance(11s);
  EXPECT_EQ(slow->session.closed, CloseReason::kForcedClose);
  EXPECT_FALSE(quick->session.closed);
}

TEST(Connection, IgnoresPacketsForANamespaceThatTheServerHasJustLeft) {
  World world;
  world.server.of("/");
  world.server.of("/admin").on_connection(
      [](Socket& socket) { socket.on("bye", [&socket](Event&) { socket.disconnect(); }); });
  auto peer = world.join();
  peer->text("0/admin,");
  peer->received();
  peer->text(R"(2/admin,["bye"])");
  EXPECT_THAT(peer->received(), ElementsAre("1/admin,"));
  peer->text(R"(2/admin,["late"])");
  peer->text(R"(51-/admin,["late",{"_placeholder":true,"num":0}])");
  peer->binary("late");
  peer->text("1/admin,");
  EXPECT_TRUE(peer->open());
  peer->text("0/admin,");
  EXPECT_THAT(peer->received(), ElementsAre(MatchesRegex("0/admin,.*")));
}

TEST(Connection, KeepsTheHandshakeAsLongAsItIsTold) {
  for (const auto retention : {HandshakeRetention::kUntilJoined, HandshakeRetention::kWholeConnection}) {
    World world({.handshake_retention = retention});
    std::string address;
    Socket* joined = nullptr;
    world.server.of("/")
        .use([&](const ConnectRequest& request, Decision decision) {
          decision.accept();
          address = request.handshake->address;  // readable although the decision has been taken
        })
        .on_connection([&](Socket& socket) { joined = &socket; });
    auto peer = world.join();
    EXPECT_EQ(address, "127.0.0.1");
    EXPECT_EQ(joined->handshake() != nullptr, retention == HandshakeRetention::kWholeConnection);
  }
}

TEST(Connection, EndsItsSocketsWhenItIsDestroyedUnclosed) {
  World world;
  std::vector<DisconnectReason> reasons;
  world.server.of("/").on_connection(
      [&](Socket& socket) { socket.on_disconnect([&](DisconnectReason reason) { reasons.push_back(reason); }); });
  world.join()->end(CloseReason::kPingTimeout);
  socketio::testing::FakeSession session;
  auto listener = world.server.hubs()[0]->accept(session, {});
  listener->on_text("0");
  listener.reset();
  EXPECT_THAT(reasons, ElementsAre(DisconnectReason::kPingTimeout, DisconnectReason::kServerShuttingDown));
}

}  // namespace
}  // namespace socketio
