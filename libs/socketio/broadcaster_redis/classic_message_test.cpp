#include "socketio/broadcaster_redis/classic_message.hpp"

#include <gtest/gtest.h>

namespace broadcaster_redis {
namespace {

using socketio::Selection;

std::string as_json(const std::optional<std::string>& packed) {
  const auto document = packed ? read_document(*packed) : std::nullopt;
  return document ? document->text : "";
}

std::optional<PeerEvent> event_of(std::string_view json, std::size_t attachments = 0) {
  return read_event(*base::parse_json(json), attachments);
}

TEST(ClassicMessage, ChannelsCarryTheNamespaceAndASingleRoom) {
  const Channels channels("socket.io", "/a*");
  EXPECT_EQ(channels.request, "socket.io-request#/a*#");
  EXPECT_EQ(channels.own_response("uid"), "socket.io-response#/a*#uid#");
  EXPECT_EQ(channels.pattern, "socket.io#/a\\*#*");
  EXPECT_EQ(channels.of({}), "socket.io#/a*#");
  EXPECT_EQ(channels.of({.rooms = {"r"}, .except = {"x"}}), "socket.io#/a*#r#");
  EXPECT_EQ(channels.of({.rooms = {"r", "s"}, .except = {}}), "socket.io#/a*#");
}

TEST(ClassicMessage, BroadcastsHoldSelectionAndFlags) {
  const auto packed = encode_broadcast("me", "/n", {.rooms = {"r"}, .except = {"x"}},
                                       {.name = "e", .arguments = "1,{}", .attachments = {}}, {.discardable = true});
  EXPECT_EQ(as_json(packed), R"(["me",{"type":2,"data":["e",1,{}],"nsp":"/n"},)"
                             R"({"rooms":["r"],"except":["x"],"flags":{"volatile":true}}])");
  const auto asking = encode_asking_broadcast({"me", "q1"}, "/", {}, {.name = "e", .arguments = {}, .attachments = {}},
                                              std::chrono::milliseconds(500));
  EXPECT_EQ(as_json(asking), R"({"uid":"me","requestId":"q1","type":7,"packet":{"type":2,"data":["e"],"nsp":"/"},)"
                             R"("opts":{"rooms":[],"except":[],"flags":{"timeout":500}}})");
  EXPECT_FALSE(
      encode_broadcast("me", "/", {}, {.name = "e", .arguments = std::string(200, '['), .attachments = {}}, {}));
}

TEST(ClassicMessage, RequestsAndAnswersAreThoseOfTheReference) {
  const Selection room{.rooms = {"r1"}, .except = {}};
  EXPECT_EQ(encode_question({"me", "q"}, RequestType::kFetch, &room),
            R"({"uid":"me","requestId":"q","type":5,"opts":{"rooms":["r1"],"except":[]}})");
  EXPECT_EQ(encode_question({"me", "q"}, RequestType::kAllRooms, nullptr), R"({"uid":"me","requestId":"q","type":1})");
  EXPECT_EQ(encode_move("me", room, socketio::RoomChange::kJoin, "r\"2"),
            R"({"uid":"me","type":2,"opts":{"rooms":["r1"],"except":[]},"rooms":["r\"2"]})");
  EXPECT_EQ(encode_disconnect("me", room, true),
            R"({"uid":"me","type":4,"opts":{"rooms":["r1"],"except":[]},"close":true})");
  EXPECT_EQ(encode_server_side_emit({"me", {}}, "sse", "\"x\""), R"({"uid":"me","type":6,"data":["sse","x"]})");
  EXPECT_EQ(encode_sockets("q", {{.id = "s", .rooms = {"s"}, .ref = {}, .handshake = {}}}),
            R"({"requestId":"q","sockets":[{"id":"s","handshake":{},"rooms":["s"],"data":{}}]})");
  EXPECT_EQ(encode_names("q", "rooms", {"a"}), R"({"requestId":"q","rooms":["a"]})");
  EXPECT_EQ(encode_client_count("q", 0), R"({"type":8,"requestId":"q","clientCount":0})");
  EXPECT_EQ(encode_server_answer("q", ""), R"({"type":6,"requestId":"q","data":null})");
  EXPECT_EQ(as_json(encode_client_answer("q", "{}", {})), R"({"type":9,"requestId":"q","packet":{}})");
  EXPECT_EQ(as_json(encode_client_answer("q", "", {})), R"({"type":9,"requestId":"q","packet":null})");
}

TEST(ClassicMessage, EventsOfPeersAreChecked) {
  const auto event = event_of(R"(["a\u0041", 1 , {"b":2} ])");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->name, "aA");
  EXPECT_EQ(event->arguments, R"(1 , {"b":2} )");
  EXPECT_EQ(event_of(R"(["alone"])")->arguments, "");
  for (const auto* bad : {"[]", "{}", "[1]", R"(["disconnect"])"}) EXPECT_FALSE(event_of(bad)) << bad;
  EXPECT_FALSE(event_of(R"(["e",{"_placeholder":true,"num":1}])", 1));
  EXPECT_TRUE(event_of(R"(["e",{"_placeholder":true,"num":0}])", 1));
}

TEST(ClassicMessage, PacketsBelongToOneNamespace) {
  const auto packet = [](std::string_view json, std::string_view space) {
    return read_packet(*base::parse_json(json), space, 0).has_value();
  };
  EXPECT_TRUE(packet(R"({"type":2,"data":["e"],"nsp":"/a"})", "/a"));
  EXPECT_FALSE(packet(R"({"type":2,"data":["e"],"nsp":"/b"})", "/a"));
  EXPECT_TRUE(packet(R"({"type":2,"data":["e"]})", "/"));
  EXPECT_FALSE(packet(R"({"type":2,"data":["e"]})", "/a"));
  EXPECT_FALSE(packet(R"({"type":3,"data":["e"],"nsp":"/a"})", "/a"));
}

TEST(ClassicMessage, NamesOfRoomsAreTextsOrNumbers) {
  EXPECT_EQ(read_names(*base::parse_json(R"(["a",7])")), (std::vector<std::string>{"a", "7"}));
  EXPECT_TRUE(read_names(std::nullopt)->empty());
  EXPECT_FALSE(read_names(*base::parse_json(R"([{}])")));
  EXPECT_FALSE(read_selection(*base::parse_json("7")));
}

}  // namespace
}  // namespace broadcaster_redis
