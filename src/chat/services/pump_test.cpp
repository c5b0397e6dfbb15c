#include "chat/services/pump_fixture.hpp"

namespace chat::testing {
namespace {

TEST_F(PumpTest, WithNothingPendingItDrainsAtOnceAndOwnsNoMemory) {
  start(7, 7);
  EXPECT_EQ(host.drains, Numbers{7});
  EXPECT_TRUE(host.reads.empty());
  EXPECT_EQ(pump.memory(), 0u);
}

TEST_F(PumpTest, ABacklogComesBeforeWhatIsLiveWhateverTheHintsSay) {
  start(2);
  ASSERT_EQ(host.reads.size(), 1u);
  live(message(3));
  EXPECT_TRUE(host.written.empty());
  page(2);
  ASSERT_EQ(host.reads.size(), 2u);
  page(3);
  EXPECT_EQ(host.written, (Numbers{1, 2, 3}));
}

TEST_F(PumpTest, ALiveEntryNeedsNoReadAndALostHintOnlyADelay) {
  start(0);
  live(message(1));
  EXPECT_EQ(host.written, Numbers{1});
  EXPECT_TRUE(host.reads.empty());
  pass(seconds(30));
  ASSERT_EQ(host.head_checks, Numbers{1});
  pump.on_hint({MailboxSeq(2), nullptr});
  turn();
  page(2);
  EXPECT_EQ(host.written, (Numbers{1, 2}));
}

TEST_F(PumpTest, AnswersOutOfOrderMoveThePositionOnlyWhenTheRunGrows) {
  start(0);
  for (std::uint64_t i = 1; i <= 3; ++i) live(message(i));
  ack(2);
  ack(3);
  EXPECT_TRUE(host.confirmed.empty());
  ack(1);
  ASSERT_EQ(host.confirmed.size(), 1u);
  EXPECT_EQ(host.confirmed[0].position, MailboxSeq(3));
  ASSERT_EQ(host.confirmed[0].receipts.size(), 1u);
  EXPECT_EQ(host.confirmed[0].receipts[0].seq, ConversationSeq(3));
  EXPECT_EQ(host.confirmed[0].messages, 3u);
}

TEST_F(PumpTest, AnAnswerInTheTurnInWhichTheSessionGoesStillCounts) {
  start(0);
  live(message(1));
  pump.on_ack(AckNumber(1), true);
  ASSERT_TRUE(host.confirmed.empty());
  pump.leave();
  ASSERT_EQ(host.confirmed.size(), 1u);
  EXPECT_EQ(host.confirmed[0].position, MailboxSeq(1));
  pump.leave();
  EXPECT_EQ(host.confirmed.size(), 1u) << "said once";
}

TEST_F(PumpTest, ARefusedEntryComesAgainOnlyWithSync) {
  start(0);
  for (std::uint64_t i = 1; i <= 2; ++i) live(message(i));
  ack(1, false);
  ack(1, true);
  ack(2);
  EXPECT_TRUE(host.confirmed.empty());
  EXPECT_EQ(host.written.size(), 2u);
  pump.resync(MailboxSeq(0), MailboxSeq(2));
  turn();
  page(2);
  EXPECT_EQ(host.written, (Numbers{1, 2, 1, 2}));
  ack(2);
  EXPECT_TRUE(host.confirmed.empty()) << "an answer to what was written before the sync";
  ack(3);
  ack(4);
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(2));
}

TEST_F(PumpTest, TheWindowBoundsWhatIsUnconfirmed) {
  start(1000);
  page(256);
  EXPECT_EQ(host.written.size(), settings.window_entries);
  ack(1);
  EXPECT_EQ(host.written.size(), settings.window_entries + 1);
  ack(5);
  EXPECT_EQ(host.written.size(), settings.window_entries + 1) << "confirmed above a gap";
  EXPECT_LE(host.reads.size(), 2u);
}

TEST_F(PumpTest, APlainClientNeverWaitsForAPage) {
  start(2000);
  page(256);
  std::uint64_t answered = 0;
  for (std::uint64_t through = 256; through < 2000;) {
    ASSERT_LT(answered, host.written.size()) << "stalled at " << through;
    while (host.reads.back().first < through) ack(++answered);
    through = std::min<std::uint64_t>(2000, through + 256);
    page(through);
  }
  while (answered < host.written.size()) ack(++answered);
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(2000));
  EXPECT_EQ(host.drains, Numbers{2000});
}

TEST_F(PumpTest, StateEntriesHoldNeitherWindowNorTimerAndAnyLaterAnswerConfirmsThem) {
  start(0);
  for (std::uint64_t i = 1; i <= 200; ++i) live(state(i));
  EXPECT_EQ(host.written.size(), 200u);
  pass(seconds(9));
  EXPECT_TRUE(host.silences.empty());
  live(message(201));
  ack(201);
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(201));
}

TEST_F(PumpTest, APongToAPingWrittenAfterThemConfirmsStateEntries) {
  start(0);
  live(state(1));
  pass(settings.state_ping_after);
  ASSERT_EQ(host.pings, 1u);
  live(state(2));
  pump.on_pong(1);
  turn();
  ASSERT_FALSE(host.confirmed.empty());
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(1)) << "2 was written after the ping";
}

TEST_F(PumpTest, StateEntriesThatAloneKeepTheDrainAreAskedForAtOnce) {
  start(2);
  LogPage page;
  page.items = {message(1), state(2)};
  page.through = MailboxSeq(2);
  pump.on_page(std::move(page));
  turn();
  EXPECT_EQ(host.pings, 0u);
  ack(1);
  EXPECT_EQ(host.pings, 1u);
  EXPECT_TRUE(host.drains.empty());
  pump.on_pong(1);
  turn();
  EXPECT_EQ(host.drains, Numbers{2});
}

TEST_F(PumpTest, WhatThisDeviceDidItselfIsPassedOverAndCountsAsConfirmed) {
  start(0);
  auto copy = message(1);
  copy->entry.own = true;
  copy->entry.origin = host.own;
  live(copy);
  EXPECT_TRUE(host.written.empty());
  ASSERT_EQ(host.confirmed.size(), 1u);
  EXPECT_EQ(host.confirmed[0].position, MailboxSeq(1));
  EXPECT_TRUE(host.confirmed[0].receipts.empty());
}

TEST_F(PumpTest, MissingAndUnreadableEntriesArePassedOverAndTheLatterReported) {
  start(5);
  LogPage page;
  auto broken = identified(message(3), 3);
  broken->message.reset();
  page.items = {message(2), broken};
  page.through = MailboxSeq(5);
  pump.on_page(std::move(page));
  turn();
  EXPECT_EQ(host.written, Numbers{2});
  EXPECT_EQ(host.lost, Numbers{3});
  ack(1);
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(5));
  EXPECT_EQ(host.confirmed.back().messages, 1u);
}

TEST_F(PumpTest, WhatThisNodeHasNoKeyForEndsTheSessionOnceAllBeforeItIsConfirmedAndFailsForNobody) {
  start(5);
  LogPage page;
  page.items = {message(1), message(2)};
  page.through = MailboxSeq(2);
  page.no_key = true;
  pump.on_page(std::move(page));
  turn();
  EXPECT_EQ(host.written, (Numbers{1, 2}));
  ack(1);
  live(message(6));
  EXPECT_EQ(host.closes_without_key, 0);
  ack(2);
  EXPECT_EQ(host.closes_without_key, 1);
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(2));
  EXPECT_EQ(host.reads.size(), 1u) << "it is not read again and again";
  EXPECT_EQ(host.written, (Numbers{1, 2}));
  EXPECT_TRUE(host.lost.empty());
  EXPECT_TRUE(host.poisons.empty());
  EXPECT_TRUE(host.drains.empty());
}

TEST_F(PumpTest, WhatThisNodeHasNoKeyForAtOnceEndsTheSessionAtOnce) {
  start(1);
  LogPage page;
  page.no_key = true;
  pump.on_page(std::move(page));
  turn();
  EXPECT_EQ(host.closes_without_key, 1);
  EXPECT_TRUE(host.lost.empty());
}

TEST_F(PumpTest, AMessageThatTheDeviceRefusedDoesNotKeepASessionThatLacksTheNextKey) {
  start(2);
  LogPage page;
  page.items = {message(1)};
  page.through = MailboxSeq(1);
  page.no_key = true;
  pump.on_page(std::move(page));
  turn();
  ack(1, false);
  EXPECT_EQ(host.closes_without_key, 1);
}

TEST_F(PumpTest, BatchesCoverWhatTheyPassOverAndOneAckConfirmsAll) {
  settings.batch_entries = 2;
  start(5, 0, {.batch = true});
  LogPage page;
  page.items = {message(2), message(3), message(5)};
  page.through = MailboxSeq(5);
  pump.on_page(std::move(page));
  turn();
  EXPECT_EQ(host.batches, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 3}, {4, 5}}));
  ack(2);
  EXPECT_TRUE(host.confirmed.empty());
  ack(1);
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(5));
}

TEST_F(PumpTest, ABatchIsNotLargerThanItsBytesUnlessItIsOneEntry) {
  constexpr std::uint64_t kCount = 20;
  settings.window_bytes = 1024 * 1024;
  start(kCount, 0, {.batch = true});
  LogPage page;
  for (std::uint64_t at = 1; at <= kCount; ++at) {
    auto item = message(at);
    item->message->content = std::string(at == 10 ? 2 * settings.batch_bytes : 9'000, 'x');
    page.items.push_back(std::move(item));
  }
  page.through = MailboxSeq(kCount);
  pump.on_page(std::move(page));
  turn();
  for (AckNumber number = 1; number <= host.ack; ++number) ack(number);
  EXPECT_EQ(host.batches,
            (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 7}, {8, 9}, {10, 10}, {11, 17}, {18, 20}}));
  EXPECT_EQ(host.batch_bytes, (std::vector<std::size_t>{63'000, 18'000, 131'072, 63'000, 27'000}));
}

TEST_F(PumpTest, TheWindowIsNotOverdrawnByItsLastMessage) {
  settings.window_bytes = 10'000;
  start(0);
  for (std::uint64_t at = 1; at <= 3; ++at) {
    auto item = message(at);
    item->message->content = std::string(at == 3 ? 20'000 : 6'000, 'x');
    live(std::move(item));
  }
  EXPECT_EQ(host.written, Numbers{1});
  ack(1);
  EXPECT_EQ(host.written, (Numbers{1, 2}));
  ack(2);
  EXPECT_EQ(host.written, (Numbers{1, 2, 3})) << "what is larger than the window goes alone";
}

TEST_F(PumpTest, BatchesDoNotOverdrawTheWindowEither) {
  settings.window_bytes = 20'000;
  start(6, 0, {.batch = true});
  LogPage page;
  for (std::uint64_t at = 1; at <= 6; ++at) {
    auto item = message(at);
    item->message->content = std::string(6'000, 'x');
    page.items.push_back(std::move(item));
  }
  page.through = MailboxSeq(6);
  pump.on_page(std::move(page));
  turn();
  EXPECT_EQ(host.batches, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 3}}));
  ack(1);
  EXPECT_EQ(host.batches, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 3}, {4, 6}}));
}

TEST_F(PumpTest, HalvedBatchesAreSmaller) {
  Attached attached;
  attached.batch_halvings = 6;
  start(8, 0, {.batch = true}, attached);
  page(8);
  ASSERT_FALSE(host.batches.empty());
  EXPECT_EQ(host.batches[0], (std::pair<std::uint64_t, std::uint64_t>{1, 4}));
}

TEST_F(PumpTest, InHeartbeatModeThePongConfirmsEverythingWrittenBeforeItsPing) {
  start(0, 0, {.confirm_by_heartbeat = true});
  live(message(1));
  EXPECT_EQ(host.pings, 1u);
  live(message(2));
  EXPECT_EQ(host.pings, 1u) << "one is outstanding";
  pump.on_pong(1);
  turn();
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(1));
  EXPECT_EQ(host.pings, 2u);
  pump.on_pong(2);
  turn();
  EXPECT_EQ(host.confirmed.back().position, MailboxSeq(2));
}

TEST_F(PumpTest, InHeartbeatModeWhatWasRefusedIsNotAskedForAgainAndAgain) {
  start(0, 0, {.confirm_by_heartbeat = true});
  live(message(1));
  ack(1, false);
  pump.on_pong(1);
  turn();
  EXPECT_EQ(host.pings, 1u);
  live(message(2));
  EXPECT_EQ(host.pings, 2u) << "what comes after it is asked for";
  pump.on_pong(2);
  turn();
  EXPECT_EQ(host.pings, 2u);
  EXPECT_TRUE(host.confirmed.empty()) << "the hole stays";
}

TEST_F(PumpTest, SilenceIsToldAfterTwentySecondsAndTakenBackByAnAnswer) {
  start(0);
  live(message(1));
  pass(milliseconds(19'999));
  EXPECT_TRUE(host.silences.empty());
  pass(milliseconds(1));
  EXPECT_EQ(host.silences, std::vector<bool>{true});
  ack(1);
  EXPECT_EQ(host.silences, (std::vector<bool>{true, false}));
}

TEST_F(PumpTest, SyncIsAnAnswerToo) {
  start(0);
  live(message(1));
  pass(seconds(20));
  pump.resync(MailboxSeq(0), MailboxSeq(1));
  EXPECT_EQ(host.silences, (std::vector<bool>{true, false}));
  turn();
  page(1);
  pass(seconds(20));
  EXPECT_EQ(host.silences, (std::vector<bool>{true, false, true})) << "and the twenty seconds begin again";
}

TEST_F(PumpTest, AMinuteWithoutConfirmationClosesASessionThatHasConfirmedBefore) {
  start(0);
  live(message(1));
  ack(1);
  live(message(2));
  pass(seconds(30));
  pump.on_pong(7);
  pass(seconds(30));
  EXPECT_EQ(host.closes, 1);
  EXPECT_EQ(host.poisons, Numbers{2});
  EXPECT_EQ(pump.next_deadline(), base::SteadyTime::max());
}

TEST_F(PumpTest, ADeadConnectionNeverCountsTowardsPoison) {
  start(0);
  live(message(1));
  ack(1);
  pass(seconds(1));
  live(message(2));
  pass(seconds(20));
  pass(seconds(40));
  EXPECT_EQ(host.closes, 1);
  EXPECT_TRUE(host.poisons.empty());
}

TEST_F(PumpTest, ASessionThatNeverConfirmedIsStalledAndNamedOnce) {
  start(0);
  live(message(1));
  for (int i = 0; i < 10; ++i) pass(seconds(30));
  EXPECT_EQ(host.closes, 0);
  EXPECT_EQ(host.stalls, 1);
}

TEST_F(PumpTest, AStalledSessionThatConfirmsAfterAllIsClosedLikeAnyOther) {
  start(0);
  live(message(1));
  pass(seconds(60));
  ASSERT_EQ(host.stalls, 1);
  ack(1);
  live(message(2));
  pass(seconds(60));
  EXPECT_EQ(host.closes, 1);
  EXPECT_EQ(host.stalls, 1);
}

TEST_F(PumpTest, TheMinuteBeginsWhenTheSocketHasTakenTheLastByte) {
  start(0);
  live(message(1));
  ack(1);
  host.buffered = 100;
  live(message(2));
  for (int i = 0; i < 5; ++i) pass(seconds(25));
  EXPECT_EQ(host.closes, 0);
  host.buffered = 0;
  pump.on_writable();
  pass(seconds(59));
  EXPECT_EQ(host.closes, 0);
  pass(seconds(2));
  EXPECT_EQ(host.closes, 1);
}

TEST_F(PumpTest, TheSuspectTravelsAlone) {
  Attached attached;
  attached.poison = MailboxSeq(3);
  start(5, 0, {}, attached);
  page(5);
  EXPECT_EQ(host.written, (Numbers{1, 2}));
  ack(1);
  ack(2);
  EXPECT_EQ(host.written, (Numbers{1, 2, 3}));
  ack(3);
  EXPECT_EQ(host.written, (Numbers{1, 2, 3, 4, 5}));
}

TEST_F(PumpTest, ASkippedEntryIsNamedWhenTheRunPassesIt) {
  Attached attached;
  attached.poison = MailboxSeq(2);
  attached.skip_poison = true;
  start(3, 0, {}, attached);
  page(3);
  EXPECT_EQ(host.written, (Numbers{1, 3}));
  ack(2);
  EXPECT_TRUE(host.confirmed.empty());
  ack(1);
  ASSERT_EQ(host.confirmed.size(), 1u);
  EXPECT_EQ(host.confirmed[0].skipped, std::vector<MailboxSeq>{MailboxSeq(2)});
  EXPECT_EQ(host.confirmed[0].messages, 2u);
}

TEST_F(PumpTest, AFailedReadIsTriedAgainWithinASecondAsLongAsItFails) {
  start(1);
  for (std::size_t failures = 1; failures <= 3; ++failures) {
    pump.on_page_failed();
    turn();
    EXPECT_EQ(host.reads.size(), failures);
    pass(milliseconds(499));
    EXPECT_EQ(host.reads.size(), failures) << "not at once";
    pass(milliseconds(501));
    EXPECT_EQ(host.reads.size(), failures + 1);
  }
  EXPECT_TRUE(host.head_checks.empty());
  page(1);
  EXPECT_EQ(host.written, Numbers{1});
}

TEST_F(PumpTest, AfterAFailedReadSyncReadsAtOnce) {
  start(1);
  pump.on_page_failed();
  turn();
  pump.resync(MailboxSeq(0), MailboxSeq(1));
  turn();
  EXPECT_EQ(host.reads.size(), 2u);
}

TEST_F(PumpTest, AWrongHintDoesNotSpin) {
  start(0);
  pump.on_hint({MailboxSeq(9), nullptr});
  turn();
  for (int i = 0; i < 3 && host.reads.size() < 3; ++i) {
    if (host.reads.size() > static_cast<std::size_t>(i)) page(0);
  }
  EXPECT_EQ(host.reads.size(), 1u);
}

TEST_F(PumpTest, ADeadSocketEndsIt) {
  start(0);
  host.gone = true;
  live(message(1));
  live(message(2));
  EXPECT_TRUE(host.written.empty());
  EXPECT_EQ(pump.next_deadline(), base::SteadyTime::max());
}

}  // namespace
}  // namespace chat::testing
