#include "socketio/broadcaster_redis/classic_dialect.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace broadcaster_redis {
namespace {

using ::testing::ElementsAre;

/// What a message that came by a subscription for `role` means; the document is kept for the views into it.
struct Reading {
  Reading(ChannelRole role, std::string_view payload) : document(*read_document(payload)) {
    const auto whole = read_value(document);
    if (whole) message = ClassicDialect("me", "p").read({.role = role, .name_space = "/n"}, document, *whole);
  }
  JsonDocument document;
  PeerMessage message;
};

PeerMessage request(std::string_view payload) {
  return Reading(ChannelRole::kRequests, payload).message;
}
PeerSays answer(std::string_view payload) {
  return Reading(ChannelRole::kResponses, payload).message.says;
}

TEST(ClassicDialect, FourSubscriptionsForANamespace) {
  std::vector<std::string> names;
  for (const auto& subscription : ClassicDialect("me", "p").subscriptions("/n")) names.push_back(subscription.name);
  EXPECT_THAT(names, ElementsAre("p#/n#*", "p-request#/n#", "p-response#/n#", "p-response#/n#me#"));
}

TEST(ClassicDialect, RequestsAreUnderstoodInBothTheirForms) {
  const auto join = request(R"({"type":2,"opts":{"rooms":["r"],"except":["x"]},"rooms":["s"]})");
  EXPECT_EQ(join.says, PeerSays::kJoin);
  EXPECT_THAT(join.selection.except, ElementsAre("x"));
  EXPECT_THAT(join.rooms, ElementsAre("s"));
  const auto older = request(R"({"requestId":"q","type":3,"sid":"socket","room":"s"})");
  EXPECT_EQ(older.says, PeerSays::kLeave);
  EXPECT_THAT(older.selection.rooms, ElementsAre("socket"));
  EXPECT_THAT(older.rooms, ElementsAre("s"));
  EXPECT_EQ(older.from.channel, "p-response#/n#");
  EXPECT_TRUE(request(R"({"type":4,"opts":{},"close":true})").close);
  EXPECT_EQ(request(R"({"type":0,"requestId":"q","rooms":["r"]})").says, PeerSays::kListSockets);
  EXPECT_EQ(request(R"({"type":1,"requestId":"q"})").says, PeerSays::kListRooms);
  EXPECT_EQ(request(R"({"type":5,"requestId":"q","opts":{}})").says, PeerSays::kFetch);
  EXPECT_EQ(request(R"({"type":6,"data":["e"]})").says, PeerSays::kServerEvent);
  const auto asking = request(R"({"type":7,"requestId":"q","packet":{"type":2,"data":["e"],"nsp":"/n"},)"
                              R"("opts":{"flags":{"timeout":100000000}}})");
  EXPECT_EQ(asking.says, PeerSays::kAskingBroadcast);
  EXPECT_EQ(asking.timeout, std::chrono::minutes(1));  // the most that a peer gets
}

TEST(ClassicDialect, RequestsThatNobodyMakesAreRubbish) {
  for (const auto* bad : {R"({"type":99})", R"({"type":8,"requestId":"q"})", R"({"type":5,"opts":{}})", R"({"type":1})",
                          R"({"type":2})", R"({"type":2,"opts":{},"rooms":7})", R"({"type":6,"data":{}})",
                          R"({"type":7,"packet":{"type":2,"data":["e"],"nsp":"/n"},"opts":{}})"}) {
    EXPECT_EQ(request(bad).says, PeerSays::kRubbish) << bad;
  }
  EXPECT_EQ(request(R"({"uid":"me","type":99})").says, PeerSays::kNothing);
}

TEST(ClassicDialect, AnswersTellByWhatTheyHold) {
  EXPECT_EQ(answer(R"({"requestId":"q","sockets":[{"id":"s"}]})"), PeerSays::kSockets);
  EXPECT_EQ(answer(R"({"requestId":"q","rooms":["r"]})"), PeerSays::kRooms);
  EXPECT_EQ(answer(R"({"requestId":"q","type":6,"data":1})"), PeerSays::kServerAnswer);
  EXPECT_EQ(answer(R"({"requestId":"q","type":8,"clientCount":1})"), PeerSays::kClientCount);
  EXPECT_EQ(answer(R"({"requestId":"q","type":9,"packet":1})"), PeerSays::kClientAnswer);
  EXPECT_EQ(answer(R"({"requestId":"q"})"), PeerSays::kOtherAnswer);
  EXPECT_EQ(answer(R"({"sockets":[]})"), PeerSays::kRubbish);
}

TEST(ClassicDialect, BroadcastsOfOthersAreUnderstoodAndOursAreNot) {
  const socketio::OutgoingEvent event{.name = "e", .arguments = "1", .attachments = {}};
  const auto said_by = [&](const char* uid) {
    const auto published = ClassicDialect(uid, "p").broadcast("/n", {.rooms = {"r"}, .except = {}}, event, {});
    EXPECT_EQ(published->channel, "p#/n#r#");
    return Reading(ChannelRole::kBroadcasts, published->payload).message.says;
  };
  EXPECT_EQ(said_by("peer"), PeerSays::kBroadcast);
  EXPECT_EQ(said_by("me"), PeerSays::kNothing);
}

}  // namespace
}  // namespace broadcaster_redis
