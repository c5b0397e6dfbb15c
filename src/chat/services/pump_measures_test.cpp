// What a pump tells of the time that messages took.
#include <gtest/gtest.h>

#include "chat/services/pump_fixture.hpp"

namespace chat::testing {
namespace {

TEST_F(PumpTest, WhatWasPendingAtConnectIsObservedOnceUnlessAnotherDeviceHadIt) {
  start(3, 0);
  LogPage read;
  for (std::uint64_t at = 1; at <= 3; ++at) {
    auto item = message(at);
    item->message->timestamp = WallTime(seconds(at));
    if (at == 2) item->message->status = MessageStatus::kDelivered;
    read.items.push_back(item);
  }
  read.through = MailboxSeq(3);
  pump.on_page(std::move(read));
  turn();
  live(message(4));
  for (AckNumber number = 1; number <= 4; ++number) ack(number);
  ack(1);
  EXPECT_EQ(host.waits, (std::vector<WallTime>{WallTime(seconds(1)), WallTime(seconds(3))}));
}

TEST_F(PumpTest, ABatchIsObservedMessageByMessage) {
  start(3, 0, {.batch = true});
  LogPage read;
  for (std::uint64_t at = 1; at <= 3; ++at) {
    auto item = message(at);
    item->message->timestamp = WallTime(seconds(at));
    read.items.push_back(std::move(item));
  }
  read.through = MailboxSeq(3);
  pump.on_page(std::move(read));
  turn();
  ASSERT_EQ(host.batches.size(), 1u);
  ack(1);
  EXPECT_EQ(host.waits, (std::vector<WallTime>{WallTime(seconds(1)), WallTime(seconds(2)), WallTime(seconds(3))}));
}

TEST_F(PumpTest, DeliveryTimeIsObservedOnceForEachMessageSinceTheConnect) {
  start(1);
  page(1);  // was pending
  auto with_hint = message(2);
  with_hint->accepted = host.now();
  pass(milliseconds(5));
  live(std::move(with_hint));
  pump.on_hint({MailboxSeq(4), nullptr});  // of another node, or more than is read ahead
  turn();
  LogPage read;
  for (std::uint64_t at = 3; at <= 4; ++at) {
    auto item = message(at);
    item->message->timestamp = host.clock.wall_now() - milliseconds(10 * at);
    if (at == 4) item->message->status = MessageStatus::kDelivered;  // another device was first
    read.items.push_back(std::move(item));
  }
  read.through = MailboxSeq(4);
  pump.on_page(std::move(read));
  turn();
  pass(milliseconds(100));
  for (AckNumber number = 1; number <= 4; ++number) ack(number);
  for (AckNumber number = 1; number <= 4; ++number) ack(number);
  EXPECT_EQ(host.deliveries, (std::vector<milliseconds>{milliseconds(105), milliseconds(130)}));
}

TEST_F(PumpTest, DeliveryTimeIsObservedForEachMessageOfABatch) {
  start(0, 0, {.batch = true});
  pump.on_hint({MailboxSeq(3), nullptr});
  turn();
  LogPage read;
  for (std::uint64_t at = 1; at <= 3; ++at) {
    auto item = message(at);
    item->message->timestamp = host.clock.wall_now() - milliseconds(at);
    read.items.push_back(std::move(item));
  }
  read.through = MailboxSeq(3);
  pump.on_page(std::move(read));
  turn();
  ack(1);
  EXPECT_EQ(host.deliveries, (std::vector<milliseconds>{milliseconds(1), milliseconds(2), milliseconds(3)}));
}

TEST_F(PumpTest, AMessageThatIsSentAgainAfterSyncIsObservedOnce) {
  start(0);
  live(message(1));
  pump.resync(MailboxSeq(0), MailboxSeq(1));
  turn();
  page(1);
  ack(1);
  ack(2);
  EXPECT_EQ(host.deliveries.size(), 1u);
}

}  // namespace
}  // namespace chat::testing
