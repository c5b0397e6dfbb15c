// What a session's client is sent, and what becomes of its answers: the real pump over a real Socket.IO socket.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/gateway_testing.hpp"

namespace gateway {
namespace {

using namespace std::chrono_literals;
using gateway::testing::attached;
using gateway::testing::GatewayWorld;
using gateway::testing::id_of;
using gateway::testing::kPeerHex;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kBatchAuth = R"({"token":"good","batch":true})";
constexpr const char* kHeartbeatAuth = R"({"token":"good","confirm":"heartbeat"})";

std::string message_json(int number, const std::string& content) {
  const std::string digits = std::to_string(number);
  std::string id;
  for (int i = 0; i < 12; ++i) id += "1" + digits;
  return R"({"_id":")" + id + R"(","sender":"020202020202020202020202","recipient":"010101010101010101010101",)" +
         R"("content":")" + content + R"(","timestamp":"2023-11-14T22:13:20.000Z","status":"sent","seq":)" + digits +
         R"(,"position":)" + digits + "}";
}
std::string receive(int ack, int number, const std::string& content) {
  return "2" + std::to_string(ack) + R"(["receive_message",)" + message_json(number, content) + "]";
}

TEST(Delivery, AMessageIsConfirmedByItsAckWithPositionAndReceipt) {
  GatewayWorld world;
  auto client = world.join();
  world.deliver(*client, "hello");
  EXPECT_THAT(client->received(), ElementsAre(receive(0, 1, "hello"))) << "without the author's client id";
  EXPECT_THAT(world.log(), IsEmpty()) << "a position moves on the device's word only (I5)";
  client->text(R"(30[{"ok":true}])");
  ASSERT_EQ(world.messaging.confirmations.size(), 1u);
  const auto& confirmation = world.messaging.confirmations[0];
  EXPECT_EQ(confirmation.user, id_of<chat::UserId>(1));
  EXPECT_EQ(confirmation.device.value, "phone");
  EXPECT_EQ(confirmation.connection.value, 1u);
  EXPECT_EQ(confirmation.position, chat::MailboxSeq(1));
  EXPECT_EQ(confirmation.messages, 1u);
  ASSERT_EQ(confirmation.receipts.size(), 1u);
  EXPECT_EQ(confirmation.receipts[0].author, id_of<chat::UserId>(2));
  EXPECT_EQ(confirmation.receipts[0].seq, chat::ConversationSeq(1));
  EXPECT_EQ(confirmation.receipts[0].message, id_of<chat::MessageId>(0x11));
  EXPECT_EQ(world.gateway.counters().messages_confirmed, 1u);
}

TEST(Delivery, AnswersOutOfOrderMoveThePositionOnlyWithoutAGap) {
  GatewayWorld world;
  auto client = world.join();
  for (const char* content : {"a", "b", "c"}) world.deliver(*client, content);
  client->text("32[]");
  client->text("31[]");
  EXPECT_THAT(world.log(), IsEmpty());
  client->text("30[]");
  EXPECT_THAT(world.log(), ElementsAre("confirm 3 messages 3"));
}

TEST(Delivery, AForgedOrRepeatedAckConfirmsNothing) {
  GatewayWorld world;
  auto client = world.join();
  world.deliver(*client, "a");
  client->text("35[]");
  client->text("34294967296[]");
  EXPECT_THAT(world.log(), IsEmpty());
  client->text("30[]");
  client->text("30[]");
  EXPECT_THAT(world.log(), ElementsAre("confirm 1 messages 1"));
}

TEST(Delivery, WhatTheClientCouldNotStoreComesAgainAfterSyncOnly) {
  GatewayWorld world;
  auto client = world.join();
  world.deliver(*client, "a");
  client->received();
  client->text(R"(30[{"ok":false}])");
  world.advance(*client, 40s);
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_THAT(world.log(), Not(Contains(StartsWith("confirm"))));
  client->text(R"(20["sync",{"epoch":"e1","position":0}])");
  world.messaging.syncs[0].answer(
      chat::SyncAnswer{.epoch = "e1", .head = chat::MailboxSeq(1), .position = chat::MailboxSeq(0)});
  client->turn();
  EXPECT_THAT(client->received(), ElementsAre(R"(30[{"ok":true,"epoch":"e1","head":1}])", receive(1, 1, "a")));
  client->text("31[]");
  EXPECT_THAT(world.log(), Contains("confirm 1 messages 1"));
}

TEST(Delivery, AnyAnswerButOkFalseConfirms) {
  for (const char* answer : {"30[]", "30[null]", R"(30["stored"])", R"(30[{"ok":0}])", R"(30[{"error":"x"}])",
                             R"(30[{"ok":true,"more":[1]}])", "30[false]"}) {
    GatewayWorld world;
    auto client = world.join();
    world.deliver(*client, "a");
    client->text(answer);
    EXPECT_THAT(world.log(), ElementsAre("confirm 1 messages 1")) << answer;
  }
}

TEST(Delivery, TimeFromAcceptedToConfirmedIsObservedForLiveMessages) {
  GatewayWorld world;
  base::Histogram observed(base::kSecondsBounds);
  world.gateway.observe({.delivery = &observed});
  auto client = world.join();
  auto live = std::make_shared<chat::LogItem>(*world.store_message("a"));
  live->accepted = world.net.shard.clock.steady_now();
  world.hint(*client, {.head = chat::MailboxSeq(1), .item = live});
  world.advance(*client, 250ms);
  client->text("30[]");
  EXPECT_EQ(observed.count(), 1u);
  EXPECT_DOUBLE_EQ(observed.sum(), 0.25);
}

TEST(Delivery, TimeFromAcceptedToConfirmedIsObservedForMessagesThatAreReadTooNotBelowZero) {
  GatewayWorld world;
  base::Histogram observed(base::kSecondsBounds);
  world.gateway.observe({.delivery = &observed});
  auto client = world.join();
  const auto head = world.store_message("a")->entry.position;
  world.net.shard.advance(100ms);
  world.hint(*client, {.head = head, .item = nullptr});
  world.advance(*client, 150ms);
  client->text("30[]");
  EXPECT_EQ(observed.count(), 1u);
  EXPECT_DOUBLE_EQ(observed.sum(), 0.25);
  world.net.shard.clock.set_wall(world.net.shard.clock.wall_now() - 1h);
  const auto next = std::const_pointer_cast<chat::LogItem>(world.store_message("b"));
  next->message->timestamp += 2h;
  world.hint(*client, {.head = next->entry.position, .item = nullptr});
  client->text("31[]");
  EXPECT_EQ(observed.count(), 2u);
  EXPECT_DOUBLE_EQ(observed.sum(), 0.25);
}

TEST(Delivery, TheWaitOfABacklogAndTheTimeOfItsDrainAreObserved) {
  GatewayWorld world;
  base::Histogram waits(base::kWaitBounds);
  base::Histogram drains(base::kSecondsBounds);
  world.gateway.observe({.offline_wait = &waits, .drain = &drains});
  world.store_message("a");
  world.net.shard.advance(90s);
  auto client = world.join(R"({"token":"good"})", attached(1));
  EXPECT_EQ(drains.count(), 0u);
  world.advance(*client, 500ms);
  client->text("30[]");
  client->turn();
  EXPECT_EQ(waits.count(), 1u);
  EXPECT_DOUBLE_EQ(waits.sum(), 90.5);
  EXPECT_EQ(drains.count(), 1u);
  EXPECT_DOUBLE_EQ(drains.sum(), 0.5);
}

TEST(Delivery, TheTimeUntilTheAuthorIsToldIsObserved) {
  GatewayWorld world;
  base::Histogram receipts(base::kSecondsBounds);
  world.gateway.observe({.receipt = &receipts});
  auto client = world.join();
  auto told = std::make_shared<chat::LogItem>();
  told->entry.kind = chat::EntryKind::kStatus;
  told->entry.owner = id_of<chat::UserId>(1);
  told->entry.peer = id_of<chat::UserId>(2);
  told->entry.position = chat::MailboxSeq(1);
  told->accepted = world.net.shard.clock.steady_now();
  world.net.shard.advance(20ms);
  world.hint(*client, {.head = chat::MailboxSeq(1), .item = told});
  EXPECT_EQ(receipts.count(), 1u);
  EXPECT_DOUBLE_EQ(receipts.sum(), 0.02);
}

TEST(Delivery, ABacklogComesInOrderAndIsDrainedWhenConfirmed) {
  GatewayWorld world;
  world.store_message("a");
  world.store_message("b");
  auto client = world.join(R"({"token":"good"})", attached(2));
  // join() threw the messages away with `ready`; only the answers count from here on.
  client->text("30[]");
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_THAT(world.log(), ElementsAre("confirm 1 messages 1"));
  client->text("31[]");
  EXPECT_THAT(client->received(), ElementsAre(R"(2["drained",{"position":2}])"));
  EXPECT_THAT(world.log(), ElementsAre("confirm 2 messages 1", "announce 1"));
  world.deliver(*client, "c");
  EXPECT_THAT(client->received(), ElementsAre(receive(2, 3, "c")));
  client->text("32[]");
  EXPECT_THAT(client->received(), IsEmpty()) << "drained comes once a connection";
}

TEST(Delivery, NothingPendingIsDrainedAtOnce) {
  GatewayWorld world;
  auto client = world.knock();
  world.answer_attach();
  client->turn();
  const auto received = client->received();
  ASSERT_EQ(received.size(), 3u);
  EXPECT_THAT(received[1], StartsWith(R"(2["ready",)"));
  EXPECT_EQ(received[2], R"(2["drained",{"position":0}])");
  EXPECT_THAT(world.log(), ElementsAre("announce 1"));
}

TEST(Delivery, WhoDoesNotDrainIsAnnouncedFiveSecondsAfterReadyAndOnlyOnce) {
  GatewayWorld world;
  world.store_message("a");
  auto client = world.join(R"({"token":"good"})", attached(1));
  world.advance(*client, 4'990ms);
  EXPECT_THAT(world.log(), Not(Contains("announce 1")));
  world.advance(*client, 20ms);
  EXPECT_THAT(world.log(), Contains("announce 1"));
  client->text("30[]");
  EXPECT_THAT(client->received(), ElementsAre(R"(2["drained",{"position":1}])"));
  EXPECT_THAT(world.log(), ElementsAre("confirm 1 messages 1"));
}

TEST(Delivery, AnAnnouncementIsNotMadeForWhoHasGone) {
  GatewayWorld world;
  world.store_message("a");
  auto client = world.join(R"({"token":"good"})", attached(1));
  client->end(engineio::CloseReason::kTransportClose);
  world.advance(*client, 60s);
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
}

TEST(Batches, CarryManyEntriesUnderOneAck) {
  GatewayWorld world;
  world.store_message("a");
  world.store_message("b");
  auto client = world.knock(kBatchAuth);
  world.answer_attach(attached(2));
  client->turn();
  EXPECT_THAT(client->received(), Contains(R"(20["receive_batch",{"entries":[{"position":1,"kind":"message","data":)" +
                                           message_json(1, "a") + R"(},{"position":2,"kind":"message","data":)" +
                                           message_json(2, "b") + R"(}],"from":1,"to":2}])"));
  client->text("30[]");
  EXPECT_THAT(world.log(), ElementsAre("confirm 2 messages 2", "announce 1"));
}

TEST(Batches, AreNotLargerThan64KiBOnTheWireWhateverIsInThem) {
  constexpr std::size_t kMost = 64 * 1024;
  for (const auto& [content, count] : std::vector<std::pair<std::string, int>>{{std::string(8192, 'x'), 20},
                                                                               {std::string(8192, '"'), 20},
                                                                               {std::string(8192, '\n'), 20},
                                                                               {std::string(10'000, '\x01'), 3},
                                                                               {std::string(30'000, '\x01'), 2},
                                                                               {"short", 200}}) {
    GatewayWorld world;
    for (int i = 0; i < count; ++i) world.store_message(content);
    auto client = world.knock(kBatchAuth);
    world.answer_attach(attached(static_cast<std::uint64_t>(count)));
    std::size_t entries = 0;
    for (int turn = 0; turn < count; ++turn) {
      client->turn();
      for (const auto& packet : client->received()) {
        const auto data = packet.find(R"(["receive_batch",)");
        if (data == std::string::npos) continue;
        std::size_t inside = 0;
        for (auto at = packet.find(R"("kind":)"); at != std::string::npos; at = packet.find(R"("kind":)", at + 1)) {
          ++inside;
        }
        entries += inside;
        if (inside > 1) {
          EXPECT_LE(packet.size() + 1, kMost) << "with the type of the Engine.IO packet";
        }
        client->text("3" + packet.substr(1, data - 1) + "[]");
      }
    }
    EXPECT_EQ(entries, static_cast<std::size_t>(count)) << content.substr(0, 5);
  }
}

TEST(Batches, CarryOtherEntriesInTheirBatchForm) {
  GatewayWorld world;
  auto relation = std::make_shared<chat::LogItem>();
  relation->entry.owner = id_of<chat::UserId>(1);
  relation->entry.position = chat::MailboxSeq(1);
  relation->entry.kind = chat::EntryKind::kRelation;
  relation->entry.peer = id_of<chat::UserId>(2);
  relation->entry.relation = chat::RelationEvent::kFriendAccepted;
  relation->peer_name = "bob";
  auto client = world.join(kBatchAuth);
  world.hint(*client, {.head = chat::MailboxSeq(1), .item = relation});
  EXPECT_THAT(client->received(),
              ElementsAre(R"(20["receive_batch",{"entries":[{"position":1,"kind":"relation","data":)"
                          R"({"event":"friend_accepted","user":{"_id":")" +
                          kPeerHex + R"(","username":"bob"}}}],"from":1,"to":1}])"));
}

TEST(Batches, LeaveNoGapBetweenThemWhereEntriesWerePassedOver) {
  GatewayWorld world;
  auto own = std::make_shared<chat::LogItem>();
  own->entry.owner = id_of<chat::UserId>(1);
  own->entry.position = chat::MailboxSeq(1);
  own->entry.kind = chat::EntryKind::kMessage;
  own->entry.peer = id_of<chat::UserId>(2);
  own->entry.own = true;
  own->entry.origin = chat::DeviceId{"watch"};
  auto client = world.join(R"({"token":"good","device":"watch","batch":true})");
  world.history.mailbox.push_back(own);
  world.hint(*client, {.head = chat::MailboxSeq(1), .item = own});
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_THAT(world.log(), ElementsAre("confirm 1 messages 0"));
  world.deliver(*client, "a");
  EXPECT_THAT(client->received(), ElementsAre(::testing::EndsWith(R"("from":1,"to":2}])")));
}

TEST(Heartbeat, ThePongConfirmsWhatWasWrittenBeforeItsPing) {
  GatewayWorld world;
  auto client = world.join(kHeartbeatAuth);
  world.deliver(*client, "a");
  EXPECT_EQ(client->session.pings, 1u);
  world.deliver(*client, "b");
  client->pong(1);
  client->turn();
  EXPECT_THAT(world.log(), ElementsAre("confirm 1 messages 1"));
  EXPECT_EQ(client->session.pings, 2u) << "for what came meanwhile";
  client->pong(2);
  client->turn();
  EXPECT_THAT(world.log(), ElementsAre("confirm 2 messages 1"));
}

TEST(Heartbeat, CanBeTheServersDefaultThatAClientDeclines) {
  GatewayWorld world({.confirm = Confirm::kHeartbeat});
  auto plain = world.join();
  world.deliver(*plain, "a");
  EXPECT_EQ(plain->session.pings, 1u);
  auto acking = world.join(R"({"token":"good","device":"tablet","confirm":"ack"})", attached(1, 1));
  world.deliver(*acking, "b");
  EXPECT_EQ(acking->session.pings, 0u);
}

TEST(Transients, GoOutAsTheirEventsWithoutAck) {
  GatewayWorld world;
  auto client = world.join();
  const auto at = world.net.shard.clock.wall_now();
  world.session->on_transient(chat::PresenceEvent{id_of<chat::UserId>(2), true, at});
  world.session->on_transient(chat::PresenceEvent{id_of<chat::UserId>(2), false, at});
  world.session->on_transient(chat::TypingEvent{id_of<chat::UserId>(2), true});
  EXPECT_THAT(client->received(),
              ElementsAre(R"(2["user_online",{"userId":")" + kPeerHex + R"(","timestamp":"2023-11-14T22:13:20.000Z"}])",
                          R"(2["user_offline",{"userId":")" + kPeerHex + R"(","lastSeen":"2023-11-14T22:13:20.000Z"}])",
                          R"(2["typing",{"sender":")" + kPeerHex + R"(","typing":true}])"));
}

TEST(Transients, TheStateOfANewFriendFollowsTheEntryThatSaysSo) {
  GatewayWorld world;
  auto client = world.join();
  const auto at = world.net.shard.clock.wall_now();
  const auto item = world.store_message("in the place of friend_accepted");
  const chat::MailboxSeq entry = item->entry.position;
  world.session->on_transient(chat::PresenceEvent{id_of<chat::UserId>(2), true, at, entry});
  world.session->on_transient(chat::PresenceEvent{id_of<chat::UserId>(2), false, at});
  world.session->on_transient(chat::TypingEvent{id_of<chat::UserId>(3), true});
  EXPECT_THAT(client->received(), ElementsAre(::testing::HasSubstr("typing")));
  world.hint(*client, {.head = entry, .item = item});
  EXPECT_THAT(client->received(),
              ElementsAre(::testing::HasSubstr("receive_message"), ::testing::HasSubstr("user_offline")));
}

TEST(Silence, OfAClientThatUsedToConfirmClosesTheTransportWithoutDisconnect) {
  GatewayWorld world;
  auto client = world.join();
  world.deliver(*client, "a");
  client->text("30[]");
  world.deliver(*client, "b");
  client->received();
  world.log();
  world.advance(*client, 20'010ms);
  EXPECT_THAT(world.log(), Contains("silent"));
  EXPECT_TRUE(client->open());
  world.advance(*client, 40s);
  EXPECT_FALSE(client->open());
  EXPECT_EQ(client->session.closed, engineio::CloseReason::kForcedServerClose);
  EXPECT_FALSE(client->session.flushed);
  EXPECT_THAT(client->received(), IsEmpty()) << "no DISCONNECT: the client returns by itself";
  EXPECT_EQ(world.gateway.counters().closed_unconfirmed, 1u);
  EXPECT_THAT(world.log(), Contains("detach phone 1"));
}

TEST(Silence, EndsWithTheNextAnswer) {
  GatewayWorld world;
  auto client = world.join();
  world.deliver(*client, "a");
  world.advance(*client, 20'010ms);
  world.log();
  client->text("30[]");
  EXPECT_THAT(world.log(), ElementsAre("heard again", "confirm 1 messages 1"));
}

TEST(Silence, OfAClientThatNeverConfirmedIsCountedButNotClosed) {
  GatewayWorld world;
  auto client = world.join();
  world.deliver(*client, "a");
  world.advance(*client, 61s);
  world.advance(*client, 61s);
  EXPECT_TRUE(client->open());
  EXPECT_EQ(world.gateway.counters().stalled, 1u);
}

TEST(Silence, OverASuspectThatTravelsAloneClosesTheTransportThoughNothingWasConfirmed) {
  GatewayWorld world;
  world.store_message("a");
  world.store_message("b");
  auto client = world.knock();
  auto answer = attached(2);
  answer.poison = chat::MailboxSeq(1);
  world.answer_attach(answer);
  client->turn();
  EXPECT_THAT(client->received(), Not(Contains(::testing::HasSubstr(R"("content":"b")")))) << "nothing follows it";
  world.advance(*client, 30s);
  client->pong(1);
  world.advance(*client, 31s);
  EXPECT_THAT(world.log(), Contains("poison 1"));
  EXPECT_FALSE(client->open());
}

TEST(Silence, ThatAPongBreaksMakesTheLowestEntrySuspect) {
  GatewayWorld world;
  auto client = world.join();
  world.deliver(*client, "a");
  client->text("30[]");
  world.deliver(*client, "b");
  world.advance(*client, 30s);
  client->pong(1);
  world.advance(*client, 31s);
  EXPECT_THAT(world.log(), Contains("poison 2"));
}

TEST(HeadCheck, FindsWhatALostHintDidNotTell) {
  GatewayWorld world;
  auto client = world.join();
  world.store_message("a");
  world.advance(*client, 31s);
  EXPECT_THAT(world.log(), Contains("check_head 0"));
  world.hint(*client, {.head = chat::MailboxSeq(1), .item = {}});  // the lane's answer, without the item
  EXPECT_THAT(client->received(), ElementsAre(StartsWith(R"(20["receive_message",)")));
}

TEST(HeadCheck, TriesAPageAgainThatCouldNotBeRead) {
  GatewayWorld world;
  world.history.broken = true;
  world.store_message("a");
  auto client = world.join(R"({"token":"good"})", attached(1));
  EXPECT_THAT(client->received(), IsEmpty());
  world.history.broken = false;
  world.advance(*client, 31s);
  EXPECT_THAT(client->received(), Contains(StartsWith(R"(20["receive_message",)")));
}

TEST(HeadCheck, APageThatArrivesAfterTheSocketDiedIsDropped) {
  GatewayWorld world;
  world.store_message("a");
  auto client = world.knock();
  world.answer_attach(attached(1));
  // Within one turn: admitted, page asked for, connection cut, page answered.
  world.net.shard.post([&] { world.net.shard.post([&] { client->end(engineio::CloseReason::kTransportClose); }); });
  client->turn();
  EXPECT_THAT(client->received(), Not(Contains(StartsWith(R"(20["receive_message",)"))));
  EXPECT_THAT(world.log(), ElementsAre("detach phone 1"));
}

TEST(NoKey, AMessageThatOnlyAnotherNodeCanReadClosesTheTransportSoThatTheClientReturns) {
  GatewayWorld world;
  world.store_message("a");
  world.history.no_key = chat::MailboxSeq(1);
  auto client = world.join(R"({"token":"good"})", attached(1));
  EXPECT_FALSE(client->open());
  EXPECT_EQ(client->session.closed, engineio::CloseReason::kForcedServerClose);
  EXPECT_THAT(client->received(), IsEmpty()) << "no DISCONNECT: the client returns by itself";
  EXPECT_EQ(world.gateway.counters().closed_without_key, 1u);
  EXPECT_THAT(world.log(), Not(Contains(StartsWith("unreadable"))));
}

TEST(Unreadable, AMessageNobodyCanReadIsReportedAndPassedOver) {
  GatewayWorld world;
  auto client = world.join();
  auto gone = std::make_shared<chat::LogItem>(*world.store_message("a"));
  gone->message.reset();
  world.hint(*client, {.head = chat::MailboxSeq(1), .item = gone});
  EXPECT_THAT(client->received(), IsEmpty());
  EXPECT_THAT(world.log(), ElementsAre("unreadable 1", "confirm 1 messages 0"));
}

}  // namespace
}  // namespace gateway
