#include "chat/services/accounts_decision.hpp"
#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class LaneReceipt : public LaneTest {
 protected:
  LaneReceipt() { befriend(alice_id, bob_id); }
  /// An entry of bob's mailbox that is no message.
  void request_friendship() {
    decide<std::monostate>(
        *lane, executor, [](auto) {},
        [this](LaneContext& context) -> Outcome<std::monostate> {
          MailboxEntry entry;
          entry.owner = bob_id;
          entry.peer = alice_id;
          entry.kind = EntryKind::kRelation;
          context.append_entry(std::move(entry));
          return std::monostate{};
        });
    run();
  }
  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
};

TEST_F(LaneReceipt, PositionAndReceiptAreOneCommit) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  const auto commits = store.synced_commits();
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(store.synced_commits(), commits + 1);
  EXPECT_EQ(position(bob), MailboxSeq(1));
  const auto entry = log(alice_id).back().entry;
  EXPECT_EQ(entry.kind, EntryKind::kStatus);
  EXPECT_EQ(entry.watermark, WatermarkKind::kDelivered);
  EXPECT_EQ(entry.message, sent.id);
  EXPECT_EQ(entry.peer, bob_id);
}

TEST_F(LaneReceipt, TheAuthorsItemSaysWhenTheDeviceConfirmed) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  clock.advance(std::chrono::seconds(1));
  const auto before = alice.session->hints.size();
  confirm(bob, 1, {receipt(sent)});
  ASSERT_EQ(alice.session->hints.size(), before + 1);
  const auto& item = alice.session->hints.back().item;
  ASSERT_NE(item, nullptr);
  EXPECT_EQ(item->entry.kind, EntryKind::kStatus);
  EXPECT_EQ(item->accepted, clock.steady_now());
}

TEST_F(LaneReceipt, APositionMovesOnlyForwardAndNeverBeyondHead) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  for (int i = 0; i < 3; ++i) send(alice, bob_id, "x");
  confirm(bob, 2);
  confirm(bob, 1);
  EXPECT_EQ(position(bob), MailboxSeq(2));
  confirm(bob, 4);
  EXPECT_EQ(position(bob), MailboxSeq(2));
}

/// `phone` confirms five messages, then what is no message comes, and `laptop` confirms all of it at once.
TEST_F(LaneReceipt, WhatOneDeviceConfirmedIsNotCountedOnceMoreWithWhatIsNoMessage) {
  std::uint64_t head = 0;
  std::uint64_t delivered = 0;
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  for (const auto others : {std::uint64_t{3}, std::uint64_t{100}}) {  // 100: more than is remembered, it is read
    std::vector<Receipt> receipts;
    for (int i = 0; i < 5; ++i) receipts.push_back(receipt(message(send(alice, bob_id, "x"))));
    confirm(phone, head + 5, receipts);
    EXPECT_EQ(metrics.messages_delivered.value(), delivered + 5);
    for (std::uint64_t i = 0; i < others; ++i) request_friendship();
    receipts.push_back(receipt(message(send(alice, bob_id, "x"))));
    send(alice, bob_id, "waits");
    EXPECT_EQ(metrics.pending_messages.value(), 2);
    head += 5 + others + 1;
    confirm(laptop, head, receipts);
    EXPECT_EQ(metrics.messages_delivered.value(), delivered + 6);
    EXPECT_EQ(metrics.pending_messages.value(), 1);
    confirm(laptop, ++head, {receipts.back()});
    delivered += 7;
    EXPECT_EQ(metrics.messages_delivered.value(), delivered);
    EXPECT_EQ(metrics.pending_messages.value(), 0);
  }
}

TEST_F(LaneReceipt, ASecondDevicesConfirmationIsNoNews) {
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  const auto sent = message(send(alice, bob_id, "x"));
  confirm(phone, 1, {receipt(sent)});
  const auto entries = log(alice_id).size();
  const auto synced = store.synced_commits();
  confirm(laptop, 1, {receipt(sent)});
  EXPECT_EQ(log(alice_id).size(), entries);
  EXPECT_EQ(store.synced_commits(), synced) << "a position alone need not sync";
  EXPECT_EQ(position(laptop), MailboxSeq(1));
}

TEST_F(LaneReceipt, AcrossABlockNothingIsTold) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  befriend(alice_id, bob_id, true);
  lane = nullptr;
  start();
  const auto again = join(bob_id, "phone", bob.login);
  confirm(again, 1, {receipt(sent)});
  EXPECT_EQ(position(again), MailboxSeq(1));
  EXPECT_FALSE(delivered(alice_id, bob_id));
  read(again, alice_id, 1);
  EXPECT_TRUE(log(alice_id).empty());
  const auto step = store.watermark(alice_id, bob_id, WatermarkKind::kRead, std::nullopt).value();
  ASSERT_TRUE(step) << "the reader's own unread count still falls";
  EXPECT_EQ(step->author_ordinal, 1u);
  EXPECT_EQ(step->author_entry, MailboxSeq(0));
  EXPECT_EQ(step->newest_covered_seq, ConversationSeq(0));
}

TEST_F(LaneReceipt, AConfirmationLostWithItsBatchIsStagedAgain) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto first = message(send(alice, bob_id, "x"));
  store.fail_commit(1, StoreError::kFull);
  confirm(bob, 1, {receipt(first)});
  clock.advance(std::chrono::milliseconds(100));
  run();
  EXPECT_EQ(position(bob), MailboxSeq(1));
  EXPECT_TRUE(delivered(alice_id, bob_id));
}

TEST_F(LaneReceipt, ReadImpliesDeliveredAndIsClampedToWhatExists) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read(bob, alice_id, 999)));
  const auto entry = log(alice_id).back().entry;
  EXPECT_EQ(entry.watermark, WatermarkKind::kRead);
  EXPECT_EQ(entry.seq, sent.seq);
  EXPECT_EQ(entry.message, sent.id);
  EXPECT_EQ(delivered(alice_id, bob_id)->up_to, sent.seq);
  const auto entries = log(alice_id).size();
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read(bob, alice_id, 1)));
  confirm(bob, 1, {receipt(sent)});
  EXPECT_EQ(log(alice_id).size(), entries) << "lower than known: no event";
}

TEST_F(LaneReceipt, UpToIsTheNewestOwnMessageCovered) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto first = message(send(alice, bob_id, "1"));
  send(bob, alice_id, "2");
  send(bob, alice_id, "3");
  send(alice, bob_id, "4");
  read(bob, alice_id, 3);
  EXPECT_EQ(log(alice_id).back().entry.seq, first.seq);
  EXPECT_EQ(log(alice_id).back().entry.message, first.id);
}

TEST_F(LaneReceipt, ReadingWhatHoldsNothingNewIsLookedIntoOnce) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  send(alice, bob_id, "1");
  read(bob, alice_id, 1);
  send(bob, alice_id, "2");
  send(bob, alice_id, "3");
  send(alice, bob_id, "4");
  const auto histories = store.histories;
  for (int i = 0; i < 100; ++i) read(bob, alice_id, 3);
  EXPECT_EQ(store.histories, histories + 1);
  const auto commits = store.commits();
  int answered = 0;
  for (int i = 0; i < 3; ++i) {
    lane->send(request(alice, bob_id, "more"), executor, [&](auto) { ++answered; });
    lane->mark_read(read_request(bob, std::pair(alice_id, ConversationSeq(3))), executor, [&](auto) { ++answered; });
  }
  run();
  EXPECT_EQ(answered, 6);
  EXPECT_EQ(store.commits(), commits + 1) << "one batch";
  read(bob, alice_id, 7);
  EXPECT_EQ(log(alice_id).back().entry.seq, ConversationSeq(7));
}

TEST_F(LaneReceipt, AReadOfASessionThatHasEndedIsRefused) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  send(alice, bob_id, "x");
  leave(bob);
  const auto refusal = std::get<Refusal>(read(bob, alice_id, 1));
  EXPECT_EQ(refusal.code, ErrorCode::kUnauthorized);
  EXPECT_EQ(refusal.reason, "revoked");
  auto by_http = bob;
  by_http.connection = {};
  EXPECT_TRUE(std::holds_alternative<std::monostate>(read(by_http, alice_id, 1)));
  send(alice, bob_id, "y");
  CommitBatch logged_out;
  logged_out.erased_logins.push_back(bob.login);
  ASSERT_TRUE(store.commit(logged_out, Durability::kSynced).ok());
  EXPECT_EQ(std::get<Refusal>(read(by_http, alice_id, 2)).code, ErrorCode::kUnauthorized);
  EXPECT_EQ(log(alice_id).back().entry.seq, ConversationSeq(1));
}

TEST_F(LaneReceipt, TheReadersOtherDevicesAreToldAndItsOwnIsTheOrigin) {
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  send(alice, bob_id, "x");
  read(phone, alice_id, 1);
  EXPECT_EQ(log(bob_id).back().entry.kind, EntryKind::kMessage) << "one device: nobody else to tell";
  join(bob_id, "laptop");
  send(alice, bob_id, "y");
  read(phone, alice_id, 2);
  const auto entry = log(bob_id).back().entry;
  EXPECT_EQ(entry.kind, EntryKind::kOwnRead);
  EXPECT_EQ(entry.origin.value, "phone");
  EXPECT_EQ(entry.seq, ConversationSeq(2));
}

TEST_F(LaneReceipt, AStrangersConversationCannotBeRead) {
  const auto bob = join(bob_id, "phone");
  const auto carol = person("carol");
  EXPECT_EQ(std::get<Refusal>(read(bob, carol, 1)).code, ErrorCode::kNotAllowed);
  std::variant<std::monostate, Refusal> outcome;
  lane->mark_read(read_request(bob, MessageId::make(clock.wall_now(), random)), executor,
                  [&](auto answer) { outcome = std::move(answer); });
  run();
  EXPECT_EQ(std::get<Refusal>(outcome).code, ErrorCode::kNotFound);
}

TEST_F(LaneReceipt, AnUnreadableMessageFailsForEveryoneOnce) {
  const auto alice = join(alice_id, "phone");
  const auto bob = join(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  const auto entry = log(bob_id).back().entry;
  lane->report_unreadable(entry);
  lane->report_unreadable(entry);
  run();
  EXPECT_EQ(store.message(sent.id).value()->failure, FailureReason::kUnreadable);
  ASSERT_EQ(log(alice_id).size(), 1u);
  EXPECT_EQ(log(alice_id).back().entry.kind, EntryKind::kFailed);
  ASSERT_EQ(log(bob_id).size(), 2u);
  EXPECT_EQ(log(bob_id).back().entry.kind, EntryKind::kRemoved);
  EXPECT_EQ(log(bob_id).back().entry.reason, FailureReason::kUnreadable);
}

TEST_F(LaneReceipt, EntriesThatEveryDeviceHasConfirmedAreTrimmedButForATail) {
  options.trim_tail = 4;
  options.trim_step = 2;
  restart();
  const auto alice = join(alice_id, "phone");
  const auto phone = join(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  for (int i = 0; i < 20; ++i) send(alice, bob_id, "x");
  confirm(phone, 20);
  EXPECT_EQ(store.mailbox_bounds(bob_id).value().first, MailboxSeq(1));
  confirm(laptop, 15);
  EXPECT_EQ(store.mailbox_bounds(bob_id).value().first, MailboxSeq(11));
  EXPECT_EQ(store.mailbox_bounds(bob_id).value().head, MailboxSeq(20));
}

}  // namespace
}  // namespace chat::testing
