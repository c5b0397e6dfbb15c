#include "wire/shapes.hpp"

#include <gtest/gtest.h>

#include "wire/events.hpp"
#include "wire/scalars.hpp"

namespace {

using chat::WallTime;
using std::chrono::milliseconds;

const WallTime kTime(milliseconds(1'700'000'000'123));
constexpr auto kAlice = "0000000000000000000000a1";
constexpr auto kBob = "0000000000000000000000b2";

chat::MessageView view() {
  chat::MessageView message;
  message.id = *chat::MessageId::from_hex("0000000000000000000000c3");
  message.sender = *chat::UserId::from_hex(kAlice);
  message.recipient = *chat::UserId::from_hex(kBob);
  message.seq = chat::ConversationSeq(7);
  message.timestamp = kTime;
  message.content = "say \"hi\"\n";
  message.client_id = "c-1";
  return message;
}

std::string message_json(const chat::MessageView& message, const chat::UserId& viewer, chat::MailboxSeq position = {}) {
  std::string out;
  wire::append_message(out, message, viewer, position);
  return out;
}

chat::LogItem item(chat::EntryKind kind) {
  chat::LogItem made;
  made.entry.owner = *chat::UserId::from_hex(kBob);
  made.entry.peer = *chat::UserId::from_hex(kAlice);
  made.entry.message = *chat::MessageId::from_hex("0000000000000000000000c3");
  made.entry.kind = kind;
  made.entry.position = chat::MailboxSeq(9);
  made.entry.seq = chat::ConversationSeq(7);
  made.entry.at = kTime;
  made.peer_name = "alice";
  return made;
}

std::string data(const chat::LogItem& log_item) {
  std::string out;
  wire::append_event_data(out, log_item);
  return out;
}

TEST(MessageShape, HasTheFieldsInTheirOrderForItsAuthor) {
  auto message = view();
  message.status = chat::MessageStatus::kRead;
  message.read_at = kTime;
  message.delivered_at = kTime;
  EXPECT_EQ(message_json(message, message.sender, chat::MailboxSeq(5)),
            R"({"_id":"0000000000000000000000c3","sender":"0000000000000000000000a1",)"
            R"("recipient":"0000000000000000000000b2","content":"say \"hi\"\n","timestamp":"2023-11-14T22:13:20.123Z",)"
            R"("status":"read","readAt":"2023-11-14T22:13:20.123Z","deliveredAt":"2023-11-14T22:13:20.123Z","seq":7,)"
            R"("clientId":"c-1","position":5})");
}

TEST(MessageShape, HidesTheClientIdFromTheRecipientAndLeavesOutWhatIsNotThere) {
  const auto message = view();
  EXPECT_EQ(message_json(message, message.recipient),
            R"({"_id":"0000000000000000000000c3","sender":"0000000000000000000000a1",)"
            R"("recipient":"0000000000000000000000b2","content":"say \"hi\"\n","timestamp":"2023-11-14T22:13:20.123Z",)"
            R"("status":"sent","seq":7})");
}

TEST(RefusalShape, TellsRetryAfterAndFieldOnlyWhenTheyAreKnown) {
  std::string out;
  wire::append_refusal(out, {chat::ErrorCode::kRateLimited, "too many", 3, {}, {}});
  EXPECT_EQ(out, R"({"code":"rate_limited","message":"too many","retryAfter":3})");
  out.clear();
  wire::append_failed_ack(out, {chat::ErrorCode::kInvalid, "bad", 0, "content", {}});
  EXPECT_EQ(out, R"({"ok":false,"error":{"code":"invalid","message":"bad","field":"content"}})");
}

TEST(SendAck, CarriesTheMessageWithoutPosition) {
  std::string out;
  auto message = view();
  message.content = "x";
  wire::append_send_ack(out, {message, true, false});
  EXPECT_EQ(out, R"({"ok":true,"message":)" + message_json(message, message.sender) +
                     R"(,"status":"sent","online":true,"duplicate":false})");
}

TEST(SyncAck, NamesAResetOnlyWhenThereIsOne) {
  std::string out;
  wire::append_sync_ack(out, {"e1", chat::MailboxSeq(4), chat::MailboxSeq(2), false});
  wire::append_sync_ack(out, {"e1", chat::MailboxSeq(4), chat::MailboxSeq(2), true});
  EXPECT_EQ(out, R"({"ok":true,"epoch":"e1","head":4}{"ok":true,"epoch":"e1","head":4,"reset":true})");
}

TEST(Event, OfAMessageEntryIsTheMessageWithItsPosition) {
  auto log_item = item(chat::EntryKind::kMessage);
  log_item.message = view();
  EXPECT_EQ(wire::event_name(log_item), "receive_message");
  EXPECT_EQ(data(log_item), message_json(view(), log_item.entry.owner, chat::MailboxSeq(9)));
}

TEST(Event, OfAnUnreadableMessageNamesTheGap) {
  const auto log_item = item(chat::EntryKind::kMessage);
  EXPECT_EQ(wire::event_name(log_item), "message_removed");
  EXPECT_EQ(wire::batch_kind(log_item), "failed");
  EXPECT_EQ(data(log_item),
            R"({"_id":"0000000000000000000000c3","peer":"0000000000000000000000a1","seq":7,"reason":"unreadable"})");
}

TEST(Event, OfAWatermarkCoversAllUpToItsNumber) {
  auto log_item = item(chat::EntryKind::kStatus);
  log_item.entry.watermark = chat::WatermarkKind::kRead;
  EXPECT_EQ(wire::event_name(log_item), "message_status");
  EXPECT_EQ(data(log_item),
            R"({"peer":"0000000000000000000000a1","status":"read","upTo":7,"messageId":"0000000000000000000000c3",)"
            R"("timestamp":"2023-11-14T22:13:20.123Z"})");
}

TEST(Event, OfAFailedMessageSaysWhy) {
  EXPECT_EQ(data(item(chat::EntryKind::kFailed)),
            R"({"peer":"0000000000000000000000a1","status":"failed","reason":"expired",)"
            R"("messageId":"0000000000000000000000c3"})");
}

TEST(Event, OfARelationNamesThePersonAndInABatchAlsoTheEvent) {
  auto log_item = item(chat::EntryKind::kRelation);
  log_item.entry.relation = chat::RelationEvent::kFriendAccepted;
  EXPECT_EQ(wire::event_name(log_item), "friend_accepted");
  EXPECT_EQ(data(log_item), R"({"user":{"_id":"0000000000000000000000a1","username":"alice"}})");
  std::string out;
  wire::append_batch_entry(out, log_item);
  EXPECT_EQ(out, R"({"position":9,"kind":"relation","data":{"event":"friend_accepted",)"
                 R"("user":{"_id":"0000000000000000000000a1","username":"alice"}}})");
}

TEST(Event, OfPresenceAndTypingAreShort) {
  std::string out;
  const auto alice = *chat::UserId::from_hex(kAlice);
  const chat::TransientEvent offline = chat::PresenceEvent{alice, false, kTime};
  const chat::TransientEvent typing = chat::TypingEvent{alice, true};
  EXPECT_EQ(wire::event_name(offline), "user_offline");
  EXPECT_EQ(wire::event_name(typing), "typing");
  wire::append_event_data(out, offline);
  wire::append_event_data(out, typing);
  wire::append_session_expired(out, chat::EndReason::kReplaced);
  EXPECT_EQ(out, R"({"userId":"0000000000000000000000a1","lastSeen":"2023-11-14T22:13:20.123Z"})"
                 R"({"sender":"0000000000000000000000a1","typing":true}{"reason":"replaced"})");
}

TEST(Event, OfEveryKindHasANameThatIsKnownAsTheServersOwn) {
  for (const auto kind : {chat::EntryKind::kMessage, chat::EntryKind::kStatus, chat::EntryKind::kFailed,
                          chat::EntryKind::kOwnRead, chat::EntryKind::kRelation, chat::EntryKind::kRemoved})
    EXPECT_TRUE(wire::is_server_event(wire::event_name(item(kind))));
  for (const auto relation :
       {chat::RelationEvent::kFriendRequest, chat::RelationEvent::kFriendAccepted, chat::RelationEvent::kFriendRemoved})
    EXPECT_TRUE(wire::is_server_event(wire::to_string(relation)));
  chat::LogItem message = item(chat::EntryKind::kMessage);
  message.message = view();
  EXPECT_TRUE(wire::is_server_event(wire::event_name(message)));
  chat::PresenceEvent presence{};
  for (const bool online : {true, false}) {
    presence.online = online;
    EXPECT_TRUE(wire::is_server_event(wire::event_name(chat::TransientEvent(presence))));
  }
  EXPECT_TRUE(wire::is_server_event(wire::event_name(chat::TransientEvent(chat::TypingEvent{}))));
  EXPECT_FALSE(wire::is_server_event("announcement"));
  EXPECT_FALSE(wire::is_server_event(""));
}

/// The entry in a batch, as it is announced and as it is written.
void expect_to_fit(const chat::LogItem& log_item, std::size_t slack) {
  std::string out;
  wire::append_batch_entry(out, log_item);
  const auto most = wire::most_bytes_of_batch_entry(log_item);
  EXPECT_LE(out.size() + 1, most) << out;
  EXPECT_LE(most, out.size() + slack) << out;
}

TEST(BatchEntry, IsNeverLongerThanItsMostBytes) {
  constexpr std::size_t kCloseForMessages = 48;
  constexpr std::uint64_t kLargest = ~std::uint64_t{0};
  for (const std::uint64_t number : {std::uint64_t{1}, kLargest}) {
    for (const auto kind : {chat::EntryKind::kMessage, chat::EntryKind::kStatus, chat::EntryKind::kOwnRead,
                            chat::EntryKind::kFailed, chat::EntryKind::kRemoved, chat::EntryKind::kRelation}) {
      auto log_item = item(kind);
      log_item.entry.position = chat::MailboxSeq(number);
      log_item.entry.seq = chat::ConversationSeq(number);
      log_item.entry.reason = chat::FailureReason::kUnreadable;
      log_item.entry.relation = chat::RelationEvent::kFriendAccepted;
      log_item.peer_name = std::string(32, 'a');
      expect_to_fit(log_item, 256);
    }
    for (const std::string content : {"x", "\"", "\n", "\x01", "\xC3\xA9", "a\\b"}) {
      auto log_item = item(chat::EntryKind::kMessage);
      log_item.entry.position = chat::MailboxSeq(number);
      log_item.message = view();
      log_item.message->seq = chat::ConversationSeq(number);
      log_item.message->content.clear();
      for (int i = 0; i < 1000; ++i) log_item.message->content += content;
      expect_to_fit(log_item, kCloseForMessages);
      log_item.message->status = chat::MessageStatus::kDelivered;
      log_item.message->delivered_at = log_item.message->read_at = kTime;
      expect_to_fit(log_item, kCloseForMessages);
      log_item.message->status = chat::MessageStatus::kFailed;
      log_item.message->failure = chat::FailureReason::kUnreadable;
      log_item.message->client_id = std::string(64, '"');
      log_item.entry.own = true;
      log_item.entry.owner = log_item.message->sender;
      expect_to_fit(log_item, kCloseForMessages);
    }
  }
}

TEST(Scalars, WriteTheLargestNumber) {
  std::string out;
  wire::append_number(out, ~std::uint64_t{0});
  EXPECT_EQ(out, "18446744073709551615");
}

TEST(Shapes, AMessageThatFailedSaysWhyAndNoOtherDoes) {
  auto message = view();
  EXPECT_EQ(message_json(message, message.sender).find("reason"), std::string::npos);
  message.failure = chat::FailureReason::kSkipped;
  EXPECT_EQ(message_json(message, message.sender).find("reason"), std::string::npos) << "skipped is not failed";
  message.status = chat::MessageStatus::kFailed;
  message.failure = chat::FailureReason::kExpired;
  EXPECT_NE(message_json(message, message.sender).find(R"("status":"failed","reason":"expired",)"), std::string::npos);
}

}  // namespace
