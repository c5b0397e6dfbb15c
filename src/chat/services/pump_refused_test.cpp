// What becomes of a session whose client answers that it could not store what it got.

#include "chat/services/pump_fixture.hpp"

namespace chat::testing {
namespace {

TEST_F(PumpTest, ASessionThatCanStoreNothingIsClosedAndNoMessageSuspected) {
  start(0);
  live(message(1));
  ack(1, false);
  for (int i = 0; i < 2; ++i) pass(seconds(30));
  EXPECT_EQ(host.stalls, 0) << "its owner did not forget the callback";
  EXPECT_EQ(host.closes, 1) << "it comes back, and so does the message";
  EXPECT_TRUE(host.poisons.empty());
}

TEST_F(PumpTest, ASuspectThatIsRefusedIsReportedThoughNothingElseCouldBeStored) {
  Attached attached;
  attached.poison = MailboxSeq(1);
  start(2, 0, {}, attached);
  page(2);
  ASSERT_EQ(host.written, Numbers{1}) << "it travels alone";
  ack(1, false);
  for (int i = 0; i < 2; ++i) pass(seconds(30));
  EXPECT_EQ(host.closes, 1);
  EXPECT_EQ(host.poisons, Numbers{1}) << "or it would hold the mailbox up for ever";
}

TEST_F(PumpTest, ABatchThatIsRefusedAsAWholeIsHalvedAndNoMessageSuspected) {
  start(2, 0, {.batch = true});
  page(2);
  ASSERT_EQ(host.batches.size(), 1u);
  ack(1, false);
  for (int i = 0; i < 2; ++i) pass(seconds(30));
  EXPECT_EQ(host.closes, 1);
  EXPECT_EQ(host.poisons, Numbers{0});
}

TEST_F(PumpTest, ABatchOfOwnMessagesThatIsRefusedAsAWholeIsHalvedToo) {
  start(2, 0, {.batch = true});
  LogPage own;
  for (std::uint64_t at = 1; at <= 2; ++at) {
    auto item = message(at);
    item->entry.own = true;
    own.items.push_back(std::move(item));
  }
  own.through = MailboxSeq(2);
  pump.on_page(std::move(own));
  turn();
  ASSERT_EQ(host.batches.size(), 1u);
  ack(1, false);
  for (int i = 0; i < 2; ++i) pass(seconds(30));
  EXPECT_EQ(host.closes, 1);
  EXPECT_EQ(host.poisons, Numbers{0});
}

TEST_F(PumpTest, AStalledSessionThatThenRefusesIsClosed) {
  start(0);
  live(message(1));
  for (int i = 0; i < 6; ++i) pass(seconds(10));
  ASSERT_EQ(host.stalls, 1);
  ack(1, false);
  EXPECT_TRUE(pump.next_deadline() <= host.now() + seconds(60));
  for (int i = 0; i < 6; ++i) pass(seconds(10));
  EXPECT_EQ(host.closes, 1) << "what it could not store comes again with the next connection";
}

TEST_F(PumpTest, AMessageThatIsRefusedWhileOthersAreStoredIsSuspected) {
  start(0);
  live(message(1));
  live(message(2));
  ack(1, false);
  ack(2);
  pump.on_pong(1);
  for (int i = 0; i < 6; ++i) {
    pass(seconds(10));
    pump.on_pong(1);
  }
  EXPECT_EQ(host.closes, 1);
  EXPECT_EQ(host.poisons, Numbers{1});
}

}  // namespace
}  // namespace chat::testing
