// How a session begins and how it ends.
#include "gateway/session.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/gateway_testing.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using gateway::testing::attached;
using gateway::testing::GatewayWorld;
using gateway::testing::id_of;
using gateway::testing::is_connected;
using gateway::testing::kAuth;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Truly;

constexpr const char* kReady =
    R"(2["ready",{"userId":"010101010101010101010101","device":"phone","epoch":"e1","head":0,"position":0,)"
    R"("recovered":false,"reset":false}])";

TEST(Admission, ABadTokenOrPayloadIsRefusedWithItsCodeAndReason) {
  const std::string unauthorized = R"(4{"message":"unauthorized","data":{"code":"unauthorized","reason":")";
  const std::string invalid = R"(4{"message":"invalid","data":{"code":"invalid","reason":"invalid"}})";
  const std::pair<std::string, std::string> cases[] = {
      {R"({"token":"old"})", unauthorized + R"(expired"}})"},
      {R"({"token":"forged"})", unauthorized + R"(invalid"}})"},
      {R"({"token":""})", unauthorized + R"(invalid"}})"},
      {"", unauthorized + R"(invalid"}})"},
      {R"({"device":"phone"})", unauthorized + R"(invalid"}})"},
      {R"({"token":7})", invalid},
      {R"({"token":"good","device":"a b"})", invalid},
      {R"({"token":"good","epoch":"e1"})", invalid},
      {R"({"token":"good","epoch":"e1","position":-1})", invalid},
      {R"({"token":"good","batch":"yes"})", invalid},
      {R"({"token":"good","confirm":"write"})", invalid},
      {R"({"token":"good","token":"good"})", invalid},
  };
  GatewayWorld world;
  for (const auto& [auth, answer] : cases) {
    auto client = world.knock(auth);
    EXPECT_THAT(client->received(), ElementsAre(answer)) << auth;
    EXPECT_TRUE(client->open()) << "the client decides what to do next";
  }
  EXPECT_THAT(world.messaging.attaches, IsEmpty());
  EXPECT_EQ(world.gateway.counters().connects_unauthorized, 5u);
  EXPECT_EQ(world.gateway.counters().connects_invalid, 7u);
}

TEST(Admission, ARefusalOfTheLaneIsToldAndDetached) {
  const std::pair<chat::Refusal, std::string> cases[] = {
      {{.code = chat::ErrorCode::kUnauthorized, .message = "x", .reason = "revoked"},
       R"(4{"message":"unauthorized","data":{"code":"unauthorized","reason":"revoked"}})"},
      {{.code = chat::ErrorCode::kOverloaded, .message = "x", .retry_after_seconds = 3},
       R"(4{"message":"overloaded","data":{"code":"overloaded","retryAfter":3}})"},
      {{.code = chat::ErrorCode::kRetry, .message = "x"}, R"(4{"message":"retry","data":{"code":"retry"}})"},
  };
  GatewayWorld world;
  std::uint64_t connection = 0;
  for (const auto& [refusal, answer] : cases) {
    auto client = world.knock();
    EXPECT_EQ(world.gateway.counters().authenticating_now, 1u);
    world.answer_attach(refusal);
    client->turn();
    EXPECT_THAT(client->received(), ElementsAre(answer));
    EXPECT_THAT(world.log(), ElementsAre("detach phone " + std::to_string(++connection)));
    EXPECT_EQ(world.gateway.counters().authenticating_now, 0u);
  }
  EXPECT_EQ(world.gateway.counters().connects_overloaded, 1u);
  EXPECT_EQ(world.gateway.counters().connects_failed, 1u);
  EXPECT_EQ(world.gateway.counters().connects_accepted, 0u);
}

TEST(Admission, AfterARefusalTheSameConnectionMayTryAgain) {
  GatewayWorld world;
  auto client = world.knock(R"({"token":"old"})");
  client->received();
  client->text(std::string("0") + kAuth);
  world.answer_attach();
  client->turn();
  EXPECT_THAT(client->received(), Contains(kReady));
}

TEST(Admission, WhoComesWhileTooManyAuthenticateIsOverloaded) {
  GatewayWorld world({.max_unjoined = 2});
  auto first = world.knock();
  auto second = world.knock();
  auto third = world.knock();
  EXPECT_THAT(third->received(),
              ElementsAre(R"(4{"message":"overloaded","data":{"code":"overloaded","retryAfter":1}})"));
  EXPECT_EQ(world.messaging.attaches.size(), 2u);
  world.answer_attach();
  first->turn();
  third->text(std::string("0") + kAuth);
  EXPECT_EQ(world.messaging.attaches.size(), 2u) << "one has been admitted: there is room again";
}

TEST(Admission, TheLaneIsToldWhoComesAndWhereItWantsToResume) {
  GatewayWorld world;
  auto plain = world.knock();
  auto named = world.knock(R"({"token":"good","device":"tablet","epoch":"e0","position":41})");
  ASSERT_EQ(world.messaging.attaches.size(), 2u);
  const auto& first = world.messaging.attaches[0].request;
  EXPECT_EQ(first.user, id_of<chat::UserId>(1));
  EXPECT_EQ(first.login, id_of<chat::LoginId>(7));
  EXPECT_EQ(first.device.value, "phone");
  EXPECT_FALSE(first.resume);
  const auto& second = world.messaging.attaches[1].request;
  EXPECT_EQ(second.device.value, "tablet");
  ASSERT_TRUE(second.resume);
  EXPECT_EQ(second.resume->epoch, "e0");
  EXPECT_EQ(second.resume->position, chat::MailboxSeq(41));
  EXPECT_NE(first.connection, second.connection);
}

TEST(Session, SaysReadyBeforeEverythingElse) {
  GatewayWorld world;
  auto client = world.knock();
  EXPECT_THAT(client->received(), IsEmpty());
  const auto live = world.messaging.attaches[0].request.session;
  const auto early = world.store_message("early");
  live->on_hint({.head = early->entry.position, .item = early});
  live->on_transient(chat::TypingEvent{id_of<chat::UserId>(2), true});
  world.answer_attach();
  client->turn();
  const auto received = client->received();
  ASSERT_GE(received.size(), 2u);
  EXPECT_TRUE(is_connected(received[0]));
  EXPECT_EQ(received[1], kReady);
  EXPECT_EQ(world.gateway.counters().sessions_now, 1u);
  EXPECT_EQ(world.gateway.counters().connects_accepted, 1u);
  EXPECT_EQ(world.gateway.counters().reconnects_plain, 0u);
}

TEST(Session, ReadyTellsWhatTheLaneDecided) {
  GatewayWorld world;
  auto client = world.knock();
  auto answer = attached(18'000'000'000, 18'000'000'000);
  answer.epoch = "e\"9";
  answer.recovered = answer.reset = true;
  world.answer_attach(answer);
  client->turn();
  EXPECT_THAT(client->received(),
              Contains(R"(2["ready",{"userId":"010101010101010101010101","device":"phone","epoch":"e\"9",)"
                       R"("head":18000000000,"position":18000000000,"recovered":true,"reset":true}])"));
}

TEST(Session, ThatDiedBeforeItsAnswerIsDetachedAndGone) {
  GatewayWorld world;
  auto client = world.knock();
  client->end(engineio::CloseReason::kTransportClose);
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
  world.answer_attach();
  client->turn();
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_EQ(world.gateway.counters().authenticating_now, 0u);
  EXPECT_EQ(world.gateway.counters().sessions_now, 0u);
  // Whatever is still posted to it finds nobody.
  world.session->on_end(chat::EndReason::kLogout);
  world.session->on_hint({.head = chat::MailboxSeq(1), .item = {}});
  world.session->on_transient(chat::TypingEvent{id_of<chat::UserId>(2), true});
  EXPECT_EQ(world.session.use_count(), 1) << "nobody else keeps what is left of the session";
}

TEST(Session, AnsweredWhileItsConnectionClosesIsNeverReady) {
  GatewayWorld world;
  auto client = world.knock();
  world.answer_attach();
  client->text("no packet");  // a violation: the connection is closing when the answer arrives
  EXPECT_FALSE(client->open());
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1")) << "nobody is announced";
  EXPECT_EQ(world.gateway.counters().connects_accepted, 0u);
  EXPECT_EQ(world.gateway.counters().authenticating_now, 0u);
}

TEST(Session, RefusedWhileItsConnectionClosesEndsOnce) {
  GatewayWorld world;
  auto client = world.knock();
  world.answer_attach(chat::Refusal{.code = chat::ErrorCode::kUnauthorized, .reason = "revoked"});
  client->text("no packet");
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
  EXPECT_EQ(world.gateway.counters().authenticating_now, 0u);
}

TEST(Session, AnEventBeforeReadyReachesNobody) {
  GatewayWorld world;
  auto client = world.knock();
  client->text(R"(20["typing",{"recipient":"020202020202020202020202","typing":true}])");
  EXPECT_FALSE(client->open()) << "not joined yet: a violation of Socket.IO";
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
}

TEST(Session, ThatIsEndedHearsTheReasonAndADisconnect) {
  const std::pair<chat::EndReason, std::string> cases[] = {
      {chat::EndReason::kLogout, "logout"},
      {chat::EndReason::kRevoked, "revoked"},
      {chat::EndReason::kPasswordChanged, "password_changed"},
      {chat::EndReason::kDeviceRemoved, "device_removed"},
      {chat::EndReason::kBanned, "banned"},
      {chat::EndReason::kReplaced, "replaced"},
  };
  for (const auto& [reason, name] : cases) {
    GatewayWorld world;
    auto client = world.join();
    world.session->on_end(reason);
    world.session->on_end(reason);
    EXPECT_THAT(client->received(), ElementsAre(R"(2["session_expired",{"reason":")" + name + R"("}])", "1"));
    EXPECT_EQ(client->session.closed, engineio::CloseReason::kForcedServerClose);
    EXPECT_TRUE(client->session.flushed) << "the client must hear why";
    EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
    EXPECT_EQ(world.gateway.counters().sessions_now, 0u);
    client->turn();
  }
}

TEST(Session, ThatIsEndedBeforeItsAdmissionJoinsOnlyToHearWhy) {
  GatewayWorld world;
  auto client = world.knock();
  world.messaging.attaches[0].request.session->on_end(chat::EndReason::kPasswordChanged);
  EXPECT_THAT(client->received(), IsEmpty()) << "nothing can be sent before the socket has joined";
  world.answer_attach();
  client->turn();
  const auto received = client->received();
  ASSERT_EQ(received.size(), 3u);
  EXPECT_TRUE(is_connected(received[0]));
  EXPECT_EQ(received[1], R"(2["session_expired",{"reason":"password_changed"}])");
  EXPECT_EQ(received[2], "1");
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
  EXPECT_EQ(world.gateway.counters().sessions_now, 0u);
}

TEST(Session, ThatLosesToAYoungerHandshakeIsToldSoAndNeverReady) {
  GatewayWorld world;
  auto client = world.knock();
  auto answer = attached();
  answer.replaced = true;
  world.answer_attach(answer);
  client->turn();
  const auto received = client->received();
  ASSERT_EQ(received.size(), 3u);
  EXPECT_TRUE(is_connected(received[0]));
  EXPECT_EQ(received[1], R"(2["session_expired",{"reason":"replaced"}])");
  EXPECT_EQ(received[2], "1");
  EXPECT_EQ(world.gateway.counters().connects_replaced, 1u);
  EXPECT_EQ(world.gateway.counters().connects_accepted, 0u);
}

TEST(Session, WhoseClientLeavesIsDetached) {
  GatewayWorld world;
  auto client = world.join();
  client->text("1");
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
  EXPECT_EQ(world.gateway.counters().sessions_now, 0u);
  client->text(std::string("0") + kAuth);
  world.answer_attach();
  client->turn();
  EXPECT_THAT(client->received(), Contains(kReady)) << "the connection is still good for another session";
}

TEST(Session, ComesAgainOnAConnectionThatKeptNoHandshake) {
  GatewayWorld world({}, {.handshake_retention = socketio::HandshakeRetention::kUntilJoined});
  auto client = world.join();
  client->text("1");
  client->text(std::string("0") + kAuth);
  ASSERT_EQ(world.messaging.attaches.size(), 1u);
  EXPECT_EQ(world.messaging.attaches[0].request.handshake_accepted, world.net.shard.clock.steady_now());
}

TEST(Session, WhoseConnectionIsCutIsDetachedAdmittedOrNot) {
  GatewayWorld world;
  {
    auto admitted = world.join();
    auto waiting = world.knock();
  }
  EXPECT_THAT(world.log(), ElementsAre("detach phone 2", "detach phone 1"));
  EXPECT_EQ(world.gateway.counters().sessions_now, 0u);
  EXPECT_EQ(world.gateway.counters().authenticating_now, 0u);
}

TEST(Connect, ReconnectsAreCountedByWhatBecameOfTheirPosition) {
  GatewayWorld world;
  for (const auto& [recovered, reset, returning] :
       {std::tuple(true, false, true), {false, true, true}, {false, false, true}, {false, false, false}}) {
    auto answer = attached();
    answer.recovered = recovered;
    answer.reset = reset;
    answer.returning = returning;
    world.join(kAuth, answer);
  }
  const auto& counters = world.gateway.counters();
  EXPECT_EQ(counters.connects_accepted, 4u);
  EXPECT_EQ(counters.reconnects_recovered, 1u);
  EXPECT_EQ(counters.reconnects_reset, 1u);
  EXPECT_EQ(counters.reconnects_plain, 1u);
}

}  // namespace
}  // namespace gateway
