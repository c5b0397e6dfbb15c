// What a session makes of its client's events.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/gateway_testing.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using gateway::testing::GatewayWorld;
using gateway::testing::id_of;
using gateway::testing::kPeerHex;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr const char* kOk = R"(30[{"ok":true}])";

std::string failed(const std::string& error) {
  return R"(30[{"ok":false,"error":{)" + error + "}}]";
}
std::string invalid(const std::string& field, const std::string& message) {
  return failed(R"("code":"invalid","message":")" + message + R"(","field":")" + field + "\"");
}
std::string event(const std::string& name, const std::string& arguments, const std::string& ack = "0") {
  return "2" + ack + "[\"" + name + "\"" + (arguments.empty() ? "" : "," + arguments) + "]";
}
std::string send_to_peer(const std::string& more, const std::string& ack = "0") {
  return event("send_message", R"({"recipient":")" + kPeerHex + "\"" + more + "}", ack);
}

chat::SendAnswer stored(const GatewayWorld& world, const chat::SendRequest& request) {
  chat::SendAnswer answer;
  answer.message.id = id_of<chat::MessageId>(0xAB);
  answer.message.sender = request.sender;
  answer.message.recipient = request.recipient;
  answer.message.seq = chat::ConversationSeq(5);
  answer.message.timestamp = world.net.shard.clock.wall_now();
  answer.message.content = request.content;
  answer.message.client_id = request.client_id;
  answer.online = true;
  return answer;
}

TEST(SendMessage, IsHandedOnDecodedAndAnsweredWithTheStoredMessage) {
  GatewayWorld world;
  auto client = world.join();
  client->text(send_to_peer(R"(,"content":"a\r\nb","clientId":"c1")"));
  ASSERT_EQ(world.messaging.sends.size(), 1u);
  auto& send = world.messaging.sends[0];
  EXPECT_EQ(send.request.sender, id_of<chat::UserId>(1));
  EXPECT_EQ(send.request.login, id_of<chat::LoginId>(7));
  EXPECT_EQ(send.request.device.value, "phone");
  EXPECT_EQ(send.request.connection.value, 1u);
  EXPECT_EQ(send.request.recipient, id_of<chat::UserId>(2));
  EXPECT_EQ(send.request.content, "a\nb");
  EXPECT_EQ(send.request.client_id, "c1");
  EXPECT_EQ(send.request.accepted, world.net.shard.clock.steady_now());
  EXPECT_FALSE(send.request.held_back);
  EXPECT_THAT(client->received(), IsEmpty()) << "no ack before the commit (I1)";
  send.answer(stored(world, send.request));
  client->turn();
  EXPECT_THAT(client->received(),
              ElementsAre(R"(30[{"ok":true,"message":{"_id":"abababababababababababab",)"
                          R"("sender":"010101010101010101010101","recipient":"020202020202020202020202",)"
                          R"("content":"a\nb","timestamp":"2023-11-14T22:13:20.000Z","status":"sent","seq":5,)"
                          R"("clientId":"c1"},"status":"sent","online":true,"duplicate":false}])"));
}

TEST(SendMessage, AnswersFollowTheCommitsNotTheQuestions) {
  GatewayWorld world;
  auto client = world.join();
  client->text(send_to_peer(R"(,"content":"one")", "7"));
  client->text(send_to_peer(R"(,"content":"two")", "8"));
  world.messaging.sends[1].answer(chat::Refusal{.code = chat::ErrorCode::kNotAllowed, .message = "no"});
  world.messaging.sends[0].answer(chat::Refusal{.code = chat::ErrorCode::kRetry, .message = "unknown"});
  client->turn();
  EXPECT_THAT(client->received(), ElementsAre(R"(38[{"ok":false,"error":{"code":"not_allowed","message":"no"}}])",
                                              R"(37[{"ok":false,"error":{"code":"retry","message":"unknown"}}])"));
}

TEST(SendMessage, ARefusalSaysWhenToComeBack) {
  GatewayWorld world;
  auto client = world.join();
  client->text(send_to_peer(R"(,"content":"x")"));
  world.messaging.sends[0].answer(
      chat::Refusal{.code = chat::ErrorCode::kRateLimited, .message = "slow", .retry_after_seconds = 12});
  client->turn();
  EXPECT_THAT(client->received(), ElementsAre(failed(R"("code":"rate_limited","message":"slow","retryAfter":12)")));
}

TEST(SendMessage, ThatWantsNoAckGetsNone) {
  GatewayWorld world;
  auto client = world.join();
  client->text(send_to_peer(R"(,"content":"x")", ""));
  ASSERT_EQ(world.messaging.sends.size(), 1u);
  world.messaging.sends[0].answer(stored(world, world.messaging.sends[0].request));
  client->text(send_to_peer("", ""));
  client->turn();
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_EQ(world.gateway.counters().events_invalid, 1u) << "the second one had no content";
}

TEST(SendMessage, WhoseSenderHasGoneIsAnsweredToNobody) {
  GatewayWorld world;
  auto client = world.join();
  client->text(send_to_peer(R"(,"content":"x")"));
  client->end(engineio::CloseReason::kTransportClose);
  world.messaging.sends[0].answer(stored(world, world.messaging.sends[0].request));
  client->turn();
  EXPECT_THAT(client->received(), IsEmpty());
}

TEST(SendMessage, ThatIsMalformedNamesTheFieldAndReachesNobody) {
  const std::string no_object =
      failed(R"("code":"invalid","message":"the event takes exactly one argument: a JSON object without repeated )"
             R"(keys")");
  const std::string no_recipient = invalid("recipient", "recipient is a user id of 24 hex digits");
  const std::string no_client_id = invalid("clientId", "clientId is 1 to 64 visible ASCII characters");
  const std::pair<std::string, std::string> cases[] = {
      {event("send_message", ""), no_object},
      {event("send_message", "7"), no_object},
      {event("send_message", R"({},{})"), no_object},
      {event("send_message", R"({"a":1,"a":2})"), no_object},
      {event("send_message", R"({"content":"x"})"), no_recipient},
      {event("send_message", R"({"recipient":"user2","content":"x"})"), no_recipient},
      {send_to_peer(R"(,"content":7)"), invalid("content", "content is a text")},
      {send_to_peer(R"(,"content":"")"), invalid("content", "content is empty")},
      {send_to_peer(R"(,"content":"a\u0000")"),
       invalid("content", "content holds a control character other than LF and TAB")},
      {send_to_peer(R"(,"content":")" + std::string(8193, 'x') + "\""),
       failed(R"("code":"too_large","message":"content is longer than 8192 bytes of UTF-8","field":"content")")},
      {send_to_peer(R"(,"content":"x","clientId":"")"), no_client_id},
      {send_to_peer(R"(,"content":"x","clientId":"a b")"), no_client_id},
      {send_to_peer(R"(,"content":"x","clientId":9)"), no_client_id},
  };
  GatewayWorld world;
  auto client = world.join();
  for (const auto& [packet, answer] : cases) {
    client->text(packet);
    EXPECT_THAT(client->received(), ElementsAre(answer)) << packet.substr(0, 120);
  }
  EXPECT_THAT(world.messaging.sends, IsEmpty());
  EXPECT_EQ(world.gateway.counters().events_invalid, std::size(cases));
}

TEST(MarkRead, TakesAConversationNumberOrAMessage) {
  GatewayWorld world;
  auto client = world.join();
  client->text(event("mark_read", R"({"peer":")" + kPeerHex + R"(","upTo":12})"));
  client->text(event("mark_read", R"({"messageId":"abababababababababababab"})", "1"));
  ASSERT_EQ(world.messaging.reads.size(), 2u);
  EXPECT_EQ(std::get<0>(world.messaging.reads[0].request),
            std::pair(id_of<chat::UserId>(2), chat::ConversationSeq(12)));
  EXPECT_EQ(std::get<1>(world.messaging.reads[1].request), id_of<chat::MessageId>(0xAB));
  world.messaging.reads[0].answer(std::monostate());
  world.messaging.reads[1].answer(chat::Refusal{.code = chat::ErrorCode::kNotFound, .message = "none"});
  client->turn();
  EXPECT_THAT(client->received(),
              ElementsAre(kOk, R"(31[{"ok":false,"error":{"code":"not_found","message":"none"}}])"));
}

TEST(MarkRead, ThatIsMalformedNamesTheField) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"upTo":1})", invalid("peer", "peer is a user id of 24 hex digits")},
      {R"({"peer":")" + kPeerHex + R"("})", invalid("upTo", "upTo is a conversation number, a whole number")},
      {R"({"peer":")" + kPeerHex + R"(","upTo":-1})", invalid("upTo", "upTo is a conversation number, a whole number")},
      {R"({"messageId":"x"})", invalid("messageId", "messageId is a message id of 24 hex digits")},
  };
  GatewayWorld world;
  auto client = world.join();
  for (const auto& [arguments, answer] : cases) {
    client->text(event("mark_read", arguments));
    EXPECT_THAT(client->received(), ElementsAre(answer)) << arguments;
  }
  EXPECT_THAT(world.messaging.reads, IsEmpty());
}

TEST(Typing, IsPassedOnAndAnsweredOnlyWhenAsked) {
  GatewayWorld world;
  auto client = world.join();
  client->text(event("typing", R"({"recipient":")" + kPeerHex + R"(","typing":true})", ""));
  EXPECT_THAT(client->received(), IsEmpty());
  client->text(event("typing", R"({"recipient":")" + kPeerHex + R"(","typing":false})"));
  EXPECT_THAT(client->received(), ElementsAre(kOk));
  EXPECT_THAT(world.log(), ElementsAre("typing " + kPeerHex + " yes", "typing " + kPeerHex + " no"));
  client->text(event("typing", R"({"recipient":")" + kPeerHex + R"(","typing":1})"));
  EXPECT_THAT(client->received(), ElementsAre(invalid("typing", "typing is true or false")));
  EXPECT_THAT(world.log(), IsEmpty());
}

TEST(Sync, IsCheckedByTheLaneAndAnswered) {
  GatewayWorld world;
  auto client = world.join();
  client->text(event("sync", R"({"epoch":"e1","position":3})"));
  ASSERT_EQ(world.messaging.syncs.size(), 1u);
  EXPECT_EQ(world.messaging.syncs[0].request.epoch, "e1");
  EXPECT_EQ(world.messaging.syncs[0].request.position, chat::MailboxSeq(3));
  world.messaging.syncs[0].answer(
      chat::SyncAnswer{.epoch = "e2", .head = chat::MailboxSeq(9), .position = chat::MailboxSeq(9), .reset = true});
  client->turn();
  EXPECT_THAT(client->received(), ElementsAre(R"(30[{"ok":true,"epoch":"e2","head":9,"reset":true}])"));
  client->text(event("sync", R"({"epoch":"e2","position":9})"));
  world.messaging.syncs[1].answer(chat::Refusal{.code = chat::ErrorCode::kOverloaded, .message = "full"});
  client->turn();
  EXPECT_THAT(client->received(), ElementsAre(failed(R"("code":"overloaded","message":"full")")));
}

TEST(Sync, ThatIsMalformedNamesTheField) {
  const std::string bad_epoch = invalid("epoch", "epoch is the text that `ready` gave");
  const std::pair<std::string, std::string> cases[] = {
      {R"({"position":1})", bad_epoch},
      {R"({"epoch":7,"position":1})", bad_epoch},
      {R"({"epoch":")" + std::string(65, 'e') + R"(","position":1})", bad_epoch},
      {R"({"epoch":"e1"})", invalid("position", "position is a whole number, 0 or more")},
      {R"({"epoch":"e1","position":1.5})", invalid("position", "position is a whole number, 0 or more")},
  };
  GatewayWorld world;
  auto client = world.join();
  for (const auto& [arguments, answer] : cases) {
    client->text(event("sync", arguments));
    EXPECT_THAT(client->received(), ElementsAre(answer)) << arguments;
  }
  EXPECT_THAT(world.messaging.syncs, IsEmpty());
}

TEST(Sync, AnsweredAfterTheSocketDiedMovesNothing) {
  GatewayWorld world;
  auto client = world.join();
  client->text(event("sync", R"({"epoch":"e1","position":0})"));
  client->end(engineio::CloseReason::kTransportClose);
  world.messaging.syncs[0].answer(chat::SyncAnswer{.epoch = "e1", .head = chat::MailboxSeq(4), .position = {}});
  client->turn();
  EXPECT_THAT(client->received(), IsEmpty());
}

TEST(UnknownEvent, IsRefusedWhenItAsks) {
  GatewayWorld world;
  auto client = world.join();
  client->text(event("receive_message", "{}"));
  EXPECT_THAT(client->received(), ElementsAre(failed(R"("code":"invalid","message":"unknown event")")));
  client->text(event("receive_message", "{}", ""));
  client->text(R"(2[1,2,3])");
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_EQ(world.gateway.counters().events_invalid, 3u);
  EXPECT_TRUE(client->open());
}

TEST(EventRate, AboveTheBurstIsRefusedButSendsAndAcksAreFree) {
  GatewayWorld world({.events_per_second = 1});
  auto client = world.join();
  const auto typing = event("typing", R"({"recipient":")" + kPeerHex + R"(","typing":true})");
  for (int i = 0; i < 5; ++i) client->text(typing);  // five seconds' worth
  EXPECT_THAT(client->received(), ElementsAre(kOk, kOk, kOk, kOk, kOk));
  client->text(typing);
  EXPECT_THAT(client->received(),
              ElementsAre(failed(R"("code":"rate_limited","message":"too many events a second","retryAfter":1)")));
  client->text(event("typing", "{}", ""));
  EXPECT_THAT(client->received(), IsEmpty());
  client->text(send_to_peer(R"(,"content":"x")"));
  EXPECT_EQ(world.messaging.sends.size(), 1u);
  world.deliver(*client, "hello");
  world.log();
  client->text(R"(30[{"ok":true}])");
  EXPECT_THAT(world.log(), ElementsAre("confirm 1 messages 1"));
  EXPECT_EQ(world.gateway.counters().events_rate_limited, 2u);
  world.advance(*client, 1s);
  client->received();
  client->text(typing);
  EXPECT_THAT(client->received(), ElementsAre(kOk));
}

TEST(EventRate, WhoStaysAboveItForHalfAMinuteIsCutOffWithoutDisconnect) {
  GatewayWorld world({.events_per_second = 2});
  auto client = world.join();
  const auto flood = event("typing", "{}", "");
  for (int i = 0; i < 11; ++i) client->text(flood);  // the first refusal: the half minute begins
  for (int i = 0; i < 59; ++i) {
    world.advance(*client, 500ms);
    client->text(flood);
    client->text(flood);
    ASSERT_TRUE(client->open()) << "after " << i << " half seconds";
  }
  world.advance(*client, 500ms);
  client->text(flood);
  client->text(flood);
  EXPECT_FALSE(client->open());
  EXPECT_EQ(client->session.closed, engineio::CloseReason::kForcedServerClose);
  EXPECT_FALSE(client->session.flushed);
  EXPECT_THAT(client->received(), IsEmpty()) << "no DISCONNECT: the client may come back by itself";
  EXPECT_EQ(world.gateway.counters().closed_flooding, 1u);
}

}  // namespace
}  // namespace gateway
