// What programs of the application may do with a session over the broadcaster, and what they may not.

#include <gmock/gmock.h>

#include "gateway/gateway_testing.hpp"

namespace gateway::testing {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

const std::string kUser = "010101010101010101010101";

class ApplicationEventsTest : public ::testing::Test {
 protected:
  explicit ApplicationEventsTest(bool rooms = true, std::size_t bytes = 0)
      : world_({.rooms = rooms}, {.max_broadcast_bytes = bytes}), space_(world_.net.server.of("/")) {}
  /// As a broadcaster does it in the name of a peer.
  void emit(const std::string& event, std::vector<std::string> rooms = {}, std::vector<std::string> except = {}) {
    if (!space_.admits_from_peers(event)) return;
    socketio::Broadcast(space_, {.rooms = std::move(rooms), .except = std::move(except)}).local().emit(event, "1");
    world_.net.shard.run();
  }
  std::vector<socketio::RemoteSocket> described() {
    std::vector<socketio::RemoteSocket> found;
    space_.everybody().local().describe_sockets(
        world_.net.shard, [&](std::vector<socketio::RemoteSocket> sockets) { found = std::move(sockets); });
    world_.net.shard.run();
    return found;
  }

  GatewayWorld world_;
  socketio::Namespace& space_;
};

class WithoutRoomsTest : public ApplicationEventsTest {
 protected:
  WithoutRoomsTest() : ApplicationEventsTest(false) {}
};

class SlowReaderTest : public ApplicationEventsTest {
 protected:
  SlowReaderTest() : ApplicationEventsTest(true, 1'000) {}
};

TEST_F(ApplicationEventsTest, ReachASessionByItsUserAndByItsDevice) {
  auto client = world_.join();
  emit("to-all");
  emit("to-user", {"user:" + kUser});
  emit("to-device", {"device:" + kUser + ":phone"});
  emit("to-another-device", {"device:" + kUser + ":tablet"});
  emit("to-another-user", {"user:" + kPeerHex});
  emit("to-all-but-the-user", {}, {"user:" + kUser});
  EXPECT_THAT(client->received(), ElementsAre(R"(2["to-all",1])", R"(2["to-user",1])", R"(2["to-device",1])"));
}

TEST_F(ApplicationEventsTest, NobodyGetsThemBeforeReadyOrAfterTheEnd) {
  auto client = world_.knock();
  emit("too-early");
  EXPECT_THAT(client->received(), IsEmpty());
  world_.answer_attach();
  emit("at-the-same-time");  // the answer is on its way to the shard
  client->turn();
  const auto received = client->received();
  ASSERT_FALSE(received.empty());
  ASSERT_TRUE(is_connected(received[0]));
  ASSERT_GE(received.size(), 2u);
  EXPECT_TRUE(received[1].starts_with(R"(2["ready")")) << received[1];
  world_.session->on_end(chat::EndReason::kLogout);
  client->received();
  emit("too-late");
  EXPECT_THAT(client->received(), IsEmpty());
}

TEST_F(ApplicationEventsTest, NobodyGetsThemWhoWasRefused) {
  auto client = world_.knock(R"({"token":"forged"})");
  client->received();
  emit("to-all");
  EXPECT_THAT(client->received(), IsEmpty());
}

TEST_F(ApplicationEventsTest, UnderANameOfTheServersOwnAreRefusedAndCounted) {
  auto client = world_.join();
  for (const char* name : {"ready", "receive_message", "receive_batch", "drained", "message_status", "message_removed",
                           "conversation_read", "user_online", "user_offline", "friend_request", "friend_accepted",
                           "friend_removed", "typing", "session_expired"})
    emit(name, {"user:" + kUser});
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_EQ(world_.gateway.counters().events_forged.load(), 14u);
  emit("receive_message_", {"user:" + kUser});
  EXPECT_THAT(client->received(), SizeIs(1));
  EXPECT_EQ(world_.gateway.counters().events_forged.load(), 14u);
}

TEST_F(ApplicationEventsTest, WhatIsToldOfASessionHoldsNothingOfItsHandshake) {
  auto client = world_.join();
  const auto sockets = described();
  ASSERT_THAT(sockets, SizeIs(1));
  EXPECT_THAT(sockets[0].rooms, UnorderedElementsAre("user:" + kUser, "device:" + kUser + ":phone", sockets[0].id));
  EXPECT_EQ(sockets[0].handshake.find("good"), std::string::npos) << sockets[0].handshake;
}

TEST_F(ApplicationEventsTest, ADisconnectByAPeerEndsTheSessionOnce) {
  auto client = world_.join();
  space_.to("user:" + kUser).local().disconnect_sockets();
  EXPECT_THAT(client->received(), ElementsAre("1"));
  EXPECT_THAT(world_.log(), Contains("detach phone 1"));
  EXPECT_EQ(world_.gateway.counters().sessions_now.load(), 0u);
  space_.to("user:" + kUser).local().disconnect_sockets();
  EXPECT_THAT(world_.log(), IsEmpty());
}

TEST_F(ApplicationEventsTest, AQuestionToTheServersIsAnsweredWithNothing) {
  bool answered = false;
  socketio::ServerEvent event{
      .name = "who", .arguments = {}, .array = {}, .ack = [&](std::string_view value) { answered = value.empty(); }};
  space_.handle_server_event(event);
  EXPECT_TRUE(answered);
}

TEST_F(WithoutRoomsTest, ASessionIsInNoRoomButItsOwn) {
  auto client = world_.join();
  const auto sockets = described();
  ASSERT_THAT(sockets, SizeIs(1));
  EXPECT_THAT(sockets[0].rooms, ElementsAre(sockets[0].id));
}

TEST_F(SlowReaderTest, GetsItsLogEntriesInOrderWhateverIsBroadcast) {
  auto client = world_.join();
  for (int i = 0; i < 100; ++i) emit("flood");
  client->session.unsent = 990;
  world_.deliver(*client, "one");
  for (int i = 0; i < 100; ++i) emit("flood");
  world_.deliver(*client, "two");
  std::vector<std::string> messages;
  for (const auto& packet : client->received())
    if (packet.find("receive_message") != std::string::npos) messages.push_back(packet);
  ASSERT_THAT(messages, SizeIs(2));
  EXPECT_NE(messages[0].find("one"), std::string::npos);
  EXPECT_NE(messages[1].find("two"), std::string::npos);
  EXPECT_EQ(world_.net.server.dropped_broadcasts().load(), 100u);
  EXPECT_FALSE(client->session.closed);
}

TEST_F(SlowReaderTest, ItsSilenceIsNoticedBecauseAFloodLeavesMomentsInWhichAllIsWritten) {
  auto client = world_.join();
  world_.deliver(*client, "one");
  // It never confirms, and reads half of what is there in each second; all there is to read is the application's.
  bool all_written = false;
  for (int second = 0; second < 90 && !all_written; ++second) {
    client->received();
    for (int i = 0; i < 100; ++i) {
      const auto before = world_.net.server.dropped_broadcasts().load();
      emit("flood");
      if (world_.net.server.dropped_broadcasts().load() == before) client->session.unsent += 12;
    }
    world_.net.shard.advance(1s);
    client->session.unsent /= 2;
    if (client->session.unsent < 12) {
      client->session.unsent = 0;
      client->session.last_written = world_.net.shard.clock.steady_now();
      all_written = true;
    }
  }
  EXPECT_TRUE(all_written);
  client->drain();
  for (int second = 0; second < 61; ++second) {
    emit("flood");
    world_.advance(*client, 1s);
    if (client->open()) client->session.last_written = world_.net.shard.clock.steady_now();
  }
  EXPECT_THAT(world_.log(), Contains("silent"));
}

}  // namespace
}  // namespace gateway::testing
