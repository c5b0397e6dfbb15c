#include "socketio/broadcaster_redis/sharded_dialect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace broadcaster_redis {
namespace {

using socketio::RoomKind;
using socketio::Selection;
using ::testing::ElementsAre;

const std::string kSocketId = "a-socket-id-of-twent";
constexpr socketio::OutgoingEvent kEvent{.name = "e", .arguments = "1", .attachments = {}};

ShardedDialect dialect(SubscriptionMode mode = SubscriptionMode::kDynamic) {
  return {"me", "p", mode};
}

/// What the tests look at of a message that `payload` is; the document is kept for the views into it.
struct Reading {
  explicit Reading(std::string_view payload) : document(*read_document(payload)) {
    const auto whole = read_value(document);
    if (whole) message = dialect().read({}, document, *whole);
  }
  JsonDocument document;
  PeerMessage message;
};

std::string message(int type, std::string_view content, std::string_view from = "peer") {
  return R"({"type":)" + std::to_string(type) + R"(,"data":)" + std::string(content) + R"(,"uid":")" +
         std::string(from) + R"(","nsp":"/n"})";
}

PeerSays says(int type, std::string_view content) {
  return Reading(message(type, content)).message.says;
}

TEST(ShardedDialect, OneChannelForAllAndOneForAnswersToUs) {
  const auto subscriptions = dialect().subscriptions("/n");
  ASSERT_EQ(subscriptions.size(), 2u);
  EXPECT_EQ(subscriptions[0].name, "p#/n#");
  EXPECT_EQ(subscriptions[1].name, "p#/n#me#");
  EXPECT_EQ(subscriptions[1].kind, redis::SubscriptionKind::kSharded);
  EXPECT_EQ(dialect().common("/n").name, "p#/n#");
}

TEST(ShardedDialect, TheModeSaysWhichRoomsAreListenedToAlone) {
  const auto listens = [](SubscriptionMode mode, RoomKind kind) {
    return dialect(mode).room_channel("/n", "r", kind).value_or("no");
  };
  EXPECT_EQ(listens(SubscriptionMode::kStatic, RoomKind::kNamed), "no");
  EXPECT_EQ(listens(SubscriptionMode::kDynamic, RoomKind::kNamed), "p#/n#r#");
  EXPECT_EQ(listens(SubscriptionMode::kDynamic, RoomKind::kOwn), "no");
  EXPECT_EQ(listens(SubscriptionMode::kDynamicPrivate, RoomKind::kOwn), "p#/n#r#");
}

TEST(ShardedDialect, ABroadcastToOneRoomGoesWhereTheRoomIs) {
  const auto channel = [](SubscriptionMode mode, const Selection& to) {
    return dialect(mode).broadcast("/n", to, kEvent, {})->channel;
  };
  const Selection one{.rooms = {"r"}, .except = {"x"}}, two{.rooms = {"r", "s"}, .except = {}};
  const Selection socket{.rooms = {kSocketId}, .except = {}};
  EXPECT_EQ(channel(SubscriptionMode::kStatic, one), "p#/n#");
  EXPECT_EQ(channel(SubscriptionMode::kDynamic, one), "p#/n#r#");
  EXPECT_EQ(channel(SubscriptionMode::kDynamic, two), "p#/n#");
  EXPECT_EQ(channel(SubscriptionMode::kDynamic, {}), "p#/n#");
  EXPECT_EQ(channel(SubscriptionMode::kDynamic, socket), "p#/n#");
  EXPECT_EQ(channel(SubscriptionMode::kDynamicPrivate, socket), "p#/n#" + kSocketId + "#");
  const auto asking = dialect().asking_broadcast("q", "/n", one, kEvent, std::chrono::milliseconds(5));
  EXPECT_EQ(asking->channel, "p#/n#");  // all servers answer
}

TEST(ShardedDialect, MessagesAreThoseOfTheReference) {
  const ShardedDialect mine = dialect();
  const Selection room{.rooms = {"r"}, .except = {"x"}};
  EXPECT_EQ(mine.broadcast("/", room, kEvent, {.discardable = true})->payload,
            R"({"type":3,"data":{"packet":{"type":2,"data":["e",1]},"opts":{"rooms":["r"],"except":["x"],)"
            R"("flags":{"volatile":true}}},"uid":"me","nsp":"/"})");
  EXPECT_EQ(mine.asking_broadcast("q", "/", {}, kEvent, std::chrono::milliseconds(5))->payload,
            R"({"type":3,"data":{"packet":{"type":2,"data":["e",1]},"requestId":"q","opts":{"rooms":[],"except":[],)"
            R"("flags":{"timeout":5}}},"uid":"me","nsp":"/"})");
  EXPECT_EQ(
      mine.move("/", room, socketio::RoomChange::kLeave, "s").payload,
      R"({"type":5,"data":{"opts":{"rooms":["r"],"except":["x"],"flags":{}},"rooms":["s"]},"uid":"me","nsp":"/"})");
  EXPECT_EQ(mine.disconnect("/", {}, socketio::DisconnectScope::kConnection).payload,
            R"({"type":6,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"close":true},"uid":"me","nsp":"/"})");
  EXPECT_EQ(mine.fetch("q", "/", {}).payload,
            R"({"type":7,"data":{"opts":{"rooms":[],"except":[],"flags":{}},"requestId":"q"},"uid":"me","nsp":"/"})");
  EXPECT_EQ(mine.list_rooms("q", "/").payload, mine.fetch("q", "/", {}).payload);
  EXPECT_EQ(mine.server_event("", "/", "e", "").payload, R"({"type":9,"data":{"packet":["e"]},"uid":"me","nsp":"/"})");
  EXPECT_EQ(mine.server_event("q", "/", "e", "2").payload,
            R"({"type":9,"data":{"requestId":"q","packet":["e",2]},"uid":"me","nsp":"/"})");
}

TEST(ShardedDialect, AnswersGoToTheChannelOfWhoAsked) {
  const ShardedDialect mine = dialect();
  const Reading asked(message(7, R"({"opts":{"rooms":["r"],"except":[]},"requestId":"q"})"));
  const Requester& peer = asked.message.from;
  EXPECT_EQ(asked.message.says, PeerSays::kFetch);
  const auto sockets = mine.sockets(peer, {{.id = "s", .rooms = {"s"}, .ref = {}, .handshake = {}}});
  EXPECT_EQ(sockets.channel, "p#/n#peer#");
  EXPECT_EQ(sockets.payload, R"({"type":8,"data":{"requestId":"q","sockets":[{"id":"s","handshake":{},"rooms":["s"],)"
                             R"("data":{}}]},"uid":"me","nsp":"/n"})");
  EXPECT_EQ(mine.client_count(peer, 0).payload,
            R"({"type":11,"data":{"requestId":"q","clientCount":0},"uid":"me","nsp":"/n"})");
  EXPECT_EQ(mine.client_answer(peer, "[1]", {})->payload,
            R"({"type":12,"data":{"requestId":"q","packet":[1]},"uid":"me","nsp":"/n"})");
  EXPECT_EQ(mine.server_answer(peer, "").payload,
            R"({"type":10,"data":{"requestId":"q","packet":null},"uid":"me","nsp":"/n"})");
}

TEST(ShardedDialect, BinaryValuesMakeItMsgpackBothWays) {
  const std::string_view bytes("\0\xFF", 2);
  const auto published =
      ShardedDialect("peer", "p", SubscriptionMode::kStatic)
          .broadcast("/n", {},
                     {.name = "b", .arguments = R"({"_placeholder":true,"num":0})", .attachments = {&bytes, 1}}, {});
  ASSERT_TRUE(published);
  EXPECT_EQ(published->payload.substr(0, 7), "\x84\xA4type\x03");
  const Reading heard(published->payload);
  EXPECT_EQ(heard.message.says, PeerSays::kBroadcast);
  EXPECT_EQ(heard.message.event->name, "b");
  EXPECT_THAT(heard.document.attachments, ElementsAre(bytes));
}

TEST(ShardedDialect, WhatPeersSayIsUnderstood) {
  const Reading broadcast(message(3, R"({"packet":{"type":2,"data":["e",1,{}],"nsp":"/other"},)"
                                     R"("opts":{"rooms":["a",7],"except":["x"],"flags":{"volatile":true}}})"));
  EXPECT_EQ(broadcast.message.says, PeerSays::kBroadcast);
  EXPECT_EQ(broadcast.message.from.name_space, "/n");
  EXPECT_EQ(broadcast.message.event->arguments, "1,{}");
  EXPECT_THAT(broadcast.message.selection.rooms, ElementsAre("a", "7"));
  EXPECT_THAT(broadcast.message.selection.except, ElementsAre("x"));
  EXPECT_TRUE(broadcast.message.discardable);
  const Reading asking(
      message(3, R"({"requestId":"q","packet":{"type":2,"data":["e"]},"opts":{"flags":{"timeout":9}}})"));
  EXPECT_EQ(asking.message.says, PeerSays::kAskingBroadcast);
  EXPECT_EQ(asking.message.timeout, std::chrono::milliseconds(9));
  const Reading join(message(4, R"({"opts":{},"rooms":["b","c"]})"));
  EXPECT_EQ(join.message.says, PeerSays::kJoin);
  EXPECT_THAT(join.message.rooms, ElementsAre("b", "c"));
  EXPECT_EQ(says(5, R"({"opts":{},"rooms":["b"]})"), PeerSays::kLeave);
  EXPECT_TRUE(Reading(message(6, R"({"opts":{},"close":true})")).message.close);
  EXPECT_EQ(says(9, R"({"packet":["e"]})"), PeerSays::kServerEvent);
  const Reading sockets(
      message(8, R"({"requestId":"q","sockets":[{"id":"s","rooms":["s","r"],"handshake":{"url":"/"}}]})"));
  ASSERT_EQ(sockets.message.sockets.size(), 1u);
  EXPECT_THAT(sockets.message.sockets[0].rooms, ElementsAre("s", "r"));
  EXPECT_EQ(Reading(message(10, R"({"requestId":"q","packet":{"a":1}})")).message.value.raw(), R"({"a":1})");
  EXPECT_EQ(Reading(message(11, R"({"requestId":"q","clientCount":3})")).message.count, 3u);
  EXPECT_EQ(says(12, R"({"requestId":"q"})"), PeerSays::kClientAnswer);
}

TEST(ShardedDialect, OurOwnAndHeartbeatsAreNothing) {
  EXPECT_EQ(Reading(message(3, "{}", "me")).message.says, PeerSays::kNothing);
  for (const int type : {1, 2, 13}) EXPECT_EQ(says(type, "null"), PeerSays::kNothing) << type;
}

TEST(ShardedDialect, TheRestIsRubbish) {
  for (const auto* bad :
       {"{}", R"({"type":3})", R"({"type":3,"uid":"p","nsp":"/","data":[]})",
        R"({"type":99,"uid":"p","nsp":"/","data":{}})", R"({"type":9,"uid":"p","data":{"packet":["e"]}})"}) {
    EXPECT_EQ(Reading(bad).message.says, PeerSays::kRubbish) << bad;
  }
  EXPECT_EQ(says(3, R"({"packet":{"type":2,"data":["e"]}})"), PeerSays::kRubbish);
  EXPECT_EQ(says(3, R"({"packet":{"type":3,"data":["e"]},"opts":{}})"), PeerSays::kRubbish);
  EXPECT_EQ(says(4, R"({"opts":{},"rooms":7})"), PeerSays::kRubbish);
  EXPECT_EQ(says(7, R"({"opts":{}})"), PeerSays::kRubbish);
  EXPECT_EQ(says(8, R"({"requestId":"q"})"), PeerSays::kRubbish);
  EXPECT_EQ(says(11, R"({"requestId":"q","clientCount":-1})"), PeerSays::kRubbish);
  EXPECT_EQ(says(12, "{}"), PeerSays::kRubbish);
}

}  // namespace
}  // namespace broadcaster_redis
