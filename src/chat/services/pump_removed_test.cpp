#include "chat/services/pump_fixture.hpp"

namespace chat::testing {
namespace {

TEST_F(PumpTest, WhatExpiresBeforeItIsWrittenIsNotWrittenAnyMore) {
  settings.window_entries = 1;
  start(3);
  LogPage read;
  for (std::uint8_t at = 1; at <= 3; ++at) {
    read.items.push_back(identified(message(at), at));
  }
  read.through = MailboxSeq(3);
  pump.on_page(std::move(read));
  turn();
  live(removal(4, 2));
  ack(1);
  EXPECT_EQ(host.written, (Numbers{1, 3, 4})) << "the gap is named";
}

TEST_F(PumpTest, APageThatWasReadBeforeAnExpiryIsReadAgain) {
  start(2);
  live(removal(3, 2));
  page(2);
  EXPECT_TRUE(host.written.empty());
  ASSERT_EQ(host.reads.size(), 2u);
  EXPECT_EQ(host.reads[1].first, 0u);
  page(3);
  EXPECT_EQ(host.written, (Numbers{1, 2, 3}));
}

TEST_F(PumpTest, WhatAPageSaysOfAnExpiryHoldsForWhatWasReadBefore) {
  settings.window_entries = 1;
  start(3);
  LogPage read;
  for (std::uint8_t at = 1; at <= 3; ++at) read.items.push_back(identified(message(at), at));
  read.through = MailboxSeq(3);
  pump.on_page(std::move(read));
  turn();
  pump.on_hint({MailboxSeq(4), nullptr});  // on another node
  turn();
  LogPage more;
  more.items.push_back(removal(4, 2));
  more.through = MailboxSeq(4);
  pump.on_page(std::move(more));
  turn();
  ack(1);
  EXPECT_EQ(host.written, (Numbers{1, 3, 4}));
}

TEST_F(PumpTest, WhatWasReadBeforeItWasErasedIsReadAgainAndNotWritten) {
  settings.window_entries = 1;
  start(4);
  page(4);
  EXPECT_EQ(host.written, Numbers{1});
  pump.on_hint({{}, nullptr, true});
  turn();
  ASSERT_EQ(host.reads.size(), 2u);
  EXPECT_EQ(host.reads[1].first, 1u) << "what is written is in the client's hands";
  LogPage left;  // 2 and 3 are gone
  left.items.push_back(message(4));
  left.through = MailboxSeq(4);
  pump.on_page(std::move(left));
  turn();
  ack(1);
  ack(2);
  EXPECT_EQ(host.written, (Numbers{1, 4}));
  EXPECT_EQ(pump.position(), MailboxSeq(4));
  EXPECT_EQ(host.drains, Numbers{4});
}

TEST_F(PumpTest, APageThatWasReadBeforeAnErasureIsReadAgain) {
  start(2);
  pump.on_hint({{}, nullptr, true});
  page(2);
  EXPECT_TRUE(host.written.empty());
  ASSERT_EQ(host.reads.size(), 2u);
  EXPECT_EQ(host.reads[1].first, 0u);
  page(2);
  EXPECT_EQ(host.written, (Numbers{1, 2}));
}

TEST_F(PumpTest, WhoHasNothingReadNeedsNothingAgain) {
  start(0);
  live(message(1));
  pump.on_hint({{}, nullptr, true});
  turn();
  EXPECT_TRUE(host.reads.empty());
  live(message(2));
  EXPECT_EQ(host.written, (Numbers{1, 2}));
}

TEST_F(PumpTest, AnEntryThatCannotBeReadIsShownAsAGap) {
  start(0);
  auto damaged = message(1);
  damaged->message.reset();
  live(damaged);
  EXPECT_EQ(host.written, Numbers{1});
  EXPECT_TRUE(host.lost.empty()) << "it names no message";
  auto unreadable = identified(message(2), 2);
  unreadable->message.reset();
  live(unreadable);
  EXPECT_EQ(host.written, Numbers{1}) << "the lane tells of it";
  EXPECT_EQ(host.lost, Numbers{2});
}

TEST_F(PumpTest, TheAuthorsOtherDeviceGetsItsCopyOfWhatExpired) {
  start(0);
  auto copy = message(1);
  copy->entry.own = true;
  copy->message->failure = FailureReason::kExpired;
  live(copy);
  auto expired = message(2);
  expired->message->failure = FailureReason::kExpired;
  live(expired);
  EXPECT_EQ(host.written, Numbers{1});
}

}  // namespace
}  // namespace chat::testing
