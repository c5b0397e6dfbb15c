#include "chat/services/lane_commands.hpp"
#include "chat/services/lane_desk.hpp"
#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class LaneSend : public LaneTest {
 protected:
  LaneSend() { befriend(alice_id, bob_id); }
  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
};

TEST_F(LaneSend, AcceptsNumbersAndStoresBeforeItAnswers) {
  const auto alice = join(alice_id, "phone");
  const auto first = message(send(alice, bob_id, "one", "a"));
  const auto second = message(send(alice, bob_id, "two", "b"));
  EXPECT_EQ(first.seq, ConversationSeq(1));
  EXPECT_EQ(second.seq, ConversationSeq(2));
  EXPECT_EQ(first.client_id, "a");
  EXPECT_GT(second.timestamp, first.timestamp) << "within one millisecond, too";
  EXPECT_EQ(log(bob_id).size(), 2u);
  EXPECT_EQ(store.message(first.id).value()->content.bytes, first.id.hex() + "one");
}

TEST_F(LaneSend, NothingIsAnsweredWhenTheCommitFailsAndTheRepeatSettlesIt) {
  const auto alice = join(alice_id, "phone");
  store.fail_commit(1, StoreError::kUnknown, true);
  EXPECT_EQ(code(send(alice, bob_id, "text", "a")), ErrorCode::kRetry);
  const auto again = std::get<SendAnswer>(send(alice, bob_id, "text", "a"));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(log(bob_id).size(), 1u);
  store.fail_commit(1, StoreError::kFull);
  EXPECT_EQ(code(send(alice, bob_id, "next", "b")), ErrorCode::kStorageFull);
  EXPECT_EQ(message(send(alice, bob_id, "next", "b")).seq, ConversationSeq(2)) << "no number was lost";
}

TEST_F(LaneSend, EveryFailingReadIsAnsweredWithRetryAndLeavesNothingBehind) {
  for (std::uint64_t nth = 1; nth < 40; ++nth) {
    const auto alice = join(alice_id, "phone", login(alice_id, "phone" + std::to_string(nth)));
    restart();
    const auto fresh = join(alice_id, "tablet" + std::to_string(nth));
    if (std::holds_alternative<Refusal>(fresh.answer)) continue;
    restart();
    const auto heads = store.mailbox_bounds(bob_id).value().head;
    auto ask = request(fresh, bob_id, "text", "id" + std::to_string(nth));
    ask.connection = ConnectionId(0);  // HTTP: nothing is cached yet
    store.fail_read(nth);
    Sent sent;
    lane->send(std::move(ask), executor, [&sent](auto answer) { sent = std::move(answer); });
    run();
    if (std::holds_alternative<SendAnswer>(sent)) continue;  // fewer reads than that
    EXPECT_EQ(code(sent), ErrorCode::kRetry) << nth;
    EXPECT_EQ(store.mailbox_bounds(bob_id).value().head, heads);
  }
}

TEST_F(LaneSend, ARepeatGetsTheSameAnswerAlsoAfterARestartAndFromAnotherDevice) {
  const auto phone = join(alice_id, "phone");
  const auto first = message(send(phone, bob_id, "text", "a"));
  restart();
  clock.advance(std::chrono::seconds(5));
  const auto laptop = join(alice_id, "laptop");
  const auto again = std::get<SendAnswer>(send(laptop, bob_id, "text", "a"));
  EXPECT_TRUE(again.duplicate);
  EXPECT_EQ(again.message.id, first.id);
  EXPECT_EQ(again.message.seq, first.seq);
  EXPECT_EQ(again.message.timestamp, first.timestamp);
  EXPECT_EQ(code(send(laptop, bob_id, "other text", "a")), ErrorCode::kConflict);
}

TEST_F(LaneSend, RepeatsWithinOneBatchAreOneMessage) {
  const auto alice = join(alice_id, "phone");
  Sent first;
  Sent repeat;
  Sent conflict;
  lane->send(request(alice, bob_id, "text", "a"), executor, [&](auto answer) { first = std::move(answer); });
  lane->send(request(alice, bob_id, "text", "a"), executor, [&](auto answer) { repeat = std::move(answer); });
  lane->send(request(alice, bob_id, "other", "a"), executor, [&](auto answer) { conflict = std::move(answer); });
  run();
  EXPECT_EQ(message(first).id, message(repeat).id);
  EXPECT_TRUE(std::get<SendAnswer>(repeat).duplicate);
  EXPECT_EQ(code(conflict), ErrorCode::kConflict);
  EXPECT_EQ(log(bob_id).size(), 1u);
}

TEST_F(LaneSend, AClientIdWhoseHashIsAnothersIsStillOneMessageInABatch) {
  const auto alice = join(alice_id, "phone");
  // One and the same std::hash where it is libstdc++'s.
  const std::string first_id = "AAAAAAAABBBBBBBB";
  const std::string second_id = R"(~RxamK&$Z&e}UW\@)";
  Sent first;
  Sent second;
  Sent repeat;
  lane->send(request(alice, bob_id, "one", first_id), executor, [&](auto answer) { first = std::move(answer); });
  lane->send(request(alice, bob_id, "two", second_id), executor, [&](auto answer) { second = std::move(answer); });
  lane->send(request(alice, bob_id, "two", second_id), executor, [&](auto answer) { repeat = std::move(answer); });
  run();
  EXPECT_EQ(log(bob_id).size(), 2u);
  EXPECT_TRUE(std::get<SendAnswer>(repeat).duplicate);
  EXPECT_EQ(message(repeat).id, message(second).id);
  EXPECT_NE(message(first).id, message(second).id);
}

TEST_F(LaneSend, StrangersBlockedDeactivatedAndUnknownAnswerAlike) {
  const auto carol = person("carol");
  const auto dave = person("dave");
  befriend(alice_id, dave, true);
  const auto alice = join(alice_id, "phone");
  const auto stranger = std::get<Refusal>(send(alice, carol, "x"));
  EXPECT_EQ(stranger.code, ErrorCode::kNotAllowed);
  for (const auto& who : {dave, UserId::make(clock.wall_now(), random), alice_id}) {
    const auto refusal = std::get<Refusal>(send(alice, who, "x"));
    EXPECT_EQ(refusal.code, stranger.code);
    EXPECT_EQ(refusal.message, stranger.message);
  }
}

TEST_F(LaneSend, TheLimitHoldsBackInOrderAndARepeatIsFree) {
  options.limits.messages_per_minute = 2;
  restart();
  const auto alice = join(alice_id, "phone");
  const auto first = message(send(alice, bob_id, "1", "a"));
  EXPECT_EQ(message(send(alice, bob_id, "2", "b")).seq, ConversationSeq(2));
  const auto refused = std::get<Refusal>(send(alice, bob_id, "3", "c"));
  EXPECT_EQ(refused.code, ErrorCode::kRateLimited);
  EXPECT_GE(refused.retry_after_seconds, 1u);
  EXPECT_EQ(code(send(alice, bob_id, "4", "d")), ErrorCode::kRateLimited);
  EXPECT_EQ(message(send(alice, bob_id, "1", "a")).id, first.id) << "stored: answered while others are held";
  clock.advance(std::chrono::seconds(8));
  EXPECT_EQ(code(send(alice, bob_id, "4", "d")), ErrorCode::kRateLimited);
}

TEST_F(LaneSend, NoRoomIsSaidBeforeAnythingIsNumbered) {
  const auto alice = join(alice_id, "phone");
  store.set_has_room(false);
  EXPECT_EQ(code(send(alice, bob_id, "x", "a")), ErrorCode::kStorageFull);
  store.set_has_room(true);
  EXPECT_EQ(code(send(alice, bob_id, "y", "b")), ErrorCode::kStorageFull) << "held back behind a";
  EXPECT_EQ(message(send(alice, bob_id, "x", "a")).seq, ConversationSeq(1));
  EXPECT_EQ(message(send(alice, bob_id, "y", "b")).seq, ConversationSeq(2));
}

TEST_F(LaneSend, WhatTheStoreDidNotLetAnybodyLookAtComesBehindWhatWaits) {
  const auto alice = join(alice_id, "phone");
  store.set_has_room(false);
  EXPECT_EQ(code(send(alice, bob_id, "x", "a")), ErrorCode::kStorageFull);
  store.set_has_room(true);
  store.fail_read(1);
  EXPECT_EQ(code(send(alice, bob_id, "y", "b")), ErrorCode::kRetry);
  EXPECT_EQ(code(send(alice, bob_id, "y", "b")), ErrorCode::kRetry) << "held back behind a";
  EXPECT_EQ(message(send(alice, bob_id, "x", "a")).seq, ConversationSeq(1));
  EXPECT_EQ(message(send(alice, bob_id, "y", "b")).seq, ConversationSeq(2));
}

TEST_F(LaneSend, WhatTheBytesRefuseDoesNotCountAsAMessage) {
  options.limits.messages_per_minute = 2;
  options.limits.bytes_per_second = 10;
  restart();
  const auto alice = join(alice_id, "phone");
  EXPECT_EQ(message(send(alice, bob_id, "12345")).seq, ConversationSeq(1));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(code(send(alice, bob_id, "1234567890")), ErrorCode::kRateLimited);
  EXPECT_EQ(message(send(alice, bob_id, "67890")).seq, ConversationSeq(2));
  clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(code(send(alice, bob_id, "x")), ErrorCode::kRateLimited);
}

TEST_F(LaneSend, WhatTheStoreDidNotTakeCountsForNoLimit) {
  options.limits.messages_per_minute = 1;
  options.limits.bytes_per_second = 10;
  restart();
  const auto alice = join(alice_id, "phone");
  for (int i = 0; i < 3; ++i) {
    store.fail_commit(1, StoreError::kUnavailable);
    EXPECT_EQ(code(send(alice, bob_id, "1234567890", "a")), ErrorCode::kRetry);
  }
  EXPECT_EQ(message(send(alice, bob_id, "1234567890", "a")).seq, ConversationSeq(1));
  EXPECT_EQ(code(send(alice, bob_id, "x", "b")), ErrorCode::kRateLimited);
}

TEST_F(LaneSend, AFullQueueRefusesAndKeepsTheOrder) {
  options.queue_limit = 1;
  restart();
  const auto alice = join(alice_id, "phone");
  std::vector<Sent> sent(6);
  for (std::size_t i = 0; i < sent.size(); ++i) {
    lane->send(request(alice, bob_id, "x", "id" + std::to_string(i)), executor,
               [&sent, i](auto answer) { sent[i] = std::move(answer); });
  }
  run();
  EXPECT_EQ(message(sent[0]).seq, ConversationSeq(1));
  for (std::size_t i = 1; i < sent.size(); ++i) EXPECT_EQ(code(sent[i]), ErrorCode::kOverloaded) << i;
  EXPECT_EQ(code(send(alice, bob_id, "x", "id2")), ErrorCode::kOverloaded) << "id1 comes first";
  EXPECT_EQ(metrics.refused_queue_full.value(), sent.size() - 1) << "each of them once";
  for (std::uint64_t i = 1; i < sent.size(); ++i) {
    EXPECT_EQ(message(send(alice, bob_id, "x", "id" + std::to_string(i))).seq, ConversationSeq(i + 1));
  }
}

TEST_F(LaneSend, TheOwnCopyGoesOnlyToASecondDeviceAndNamesItsOrigin) {
  const auto phone = join(alice_id, "phone");
  send(phone, bob_id, "alone");
  EXPECT_TRUE(log(alice_id).empty());
  const auto laptop = join(alice_id, "laptop");
  send(phone, bob_id, "copied", "c1");
  ASSERT_EQ(log(alice_id).size(), 1u);
  EXPECT_TRUE(log(alice_id)[0].entry.own);
  EXPECT_EQ(log(alice_id)[0].entry.origin.value, "phone");
  ASSERT_FALSE(laptop.session->hints.empty());
  EXPECT_EQ(laptop.session->hints.back().item->message->client_id, "c1");
}

TEST_F(LaneSend, TheRecipientsItemHidesTheClientId) {
  const auto bob = join(bob_id, "phone");
  const auto alice = join(alice_id, "phone");
  const auto answer = std::get<SendAnswer>(send(alice, bob_id, "hi", "secret"));
  EXPECT_TRUE(answer.online);
  ASSERT_EQ(bob.session->hints.size(), 1u);
  const auto& item = *bob.session->hints[0].item;
  EXPECT_EQ(item.message->content, "hi");
  EXPECT_TRUE(item.message->client_id.empty());
  EXPECT_EQ(item.entry.position, MailboxSeq(1));
}

TEST_F(LaneSend, AnEndedSessionSendsNothing) {
  const auto alice = join(alice_id, "phone");
  leave(alice);
  EXPECT_EQ(code(send(alice, bob_id, "x")), ErrorCode::kUnauthorized);
}

TEST_F(LaneSend, PendingCountsWhatNoDeviceHasConfirmed) {
  const auto alice = join(alice_id, "phone");
  for (int i = 0; i < 12; ++i) send(alice, bob_id, "x");
  EXPECT_EQ(metrics.pending_messages.value(), 12);
  EXPECT_EQ(metrics.pending_users[1]->value(), 1);
  const auto bob = join(bob_id, "phone");
  confirm(bob, 12);
  EXPECT_EQ(metrics.pending_messages.value(), 0);
  EXPECT_EQ(metrics.pending_users[1]->value(), 0);
}

TEST_F(LaneSend, OnlyAccountsAreRememberedAsCounted) {
  const auto alice = join(alice_id, "phone");
  const auto nobody = UserId::make(clock.wall_now(), random);
  EXPECT_EQ(code(send(alice, nobody, "x")), ErrorCode::kNotAllowed);
  send(alice, bob_id, "x");
  std::unique_ptr<LaneCommand> look = std::make_unique<DirectoryCommand>([&](LaneDesk& desk) {
    EXPECT_FALSE(desk.pending().known(nobody));
    EXPECT_TRUE(desk.pending().known(bob_id));
  });
  EXPECT_TRUE(lane->submit(look));
  run();
  EXPECT_FALSE(look);
}

TEST_F(LaneSend, AUserIsAmongThoseAboveAThousandFromTheThousandAndFirstOn) {
  options.limits.messages_per_minute = 0;
  start();
  const auto alice = join(alice_id, "phone");
  for (int i = 0; i < 1000; ++i) send(alice, bob_id, "x");
  EXPECT_EQ(metrics.pending_users[2]->value(), 1);
  EXPECT_EQ(metrics.pending_users[3]->value(), 0);
  send(alice, bob_id, "x");
  EXPECT_EQ(metrics.pending_users[2]->value(), 0);
  EXPECT_EQ(metrics.pending_users[3]->value(), 1);
}

}  // namespace
}  // namespace chat::testing
