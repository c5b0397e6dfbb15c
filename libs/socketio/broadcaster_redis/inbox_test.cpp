#include "socketio/broadcaster_redis/inbox.hpp"

#include <gtest/gtest.h>

namespace broadcaster_redis {
namespace {

using redis::SubscriptionKind;

TEST(Inbox, GivesWhatCameInTheOrderInWhichItCame) {
  Inbox inbox(10'000);
  EXPECT_TRUE(inbox.empty());
  EXPECT_TRUE(inbox.push({SubscriptionKind::kPattern, "p*", "pc", "first"}));
  EXPECT_TRUE(inbox.push({SubscriptionKind::kChannel, "", "c", "second"}));
  const auto first = inbox.pop();
  EXPECT_EQ(first.message().kind, SubscriptionKind::kPattern);
  EXPECT_EQ(first.message().pattern, "p*");
  EXPECT_EQ(first.message().channel, "pc");
  EXPECT_EQ(first.message().payload, "first");
  EXPECT_EQ(inbox.pop().message().payload, "second");
  EXPECT_TRUE(inbox.empty());
  EXPECT_EQ(inbox.bytes(), 0u);
}

TEST(Inbox, HoldsNoMoreThanItsBytesAndHasRoomAgainAfterwards) {
  Inbox inbox(10'000);
  const std::string payload(3'000, 'x');
  const redis::Message message{SubscriptionKind::kChannel, "", "c", payload};
  EXPECT_TRUE(inbox.push(message));
  EXPECT_TRUE(inbox.push(message));
  EXPECT_TRUE(inbox.push(message));
  EXPECT_FALSE(inbox.push(message));
  EXPECT_LE(inbox.bytes(), 10'000u);
  inbox.pop();
  EXPECT_TRUE(inbox.push(message));
}

TEST(Inbox, AMessageWithoutPayloadCountsToo) {
  Inbox inbox(10'000);
  std::size_t pushed = 0;
  while (inbox.push({SubscriptionKind::kChannel, "", "", ""})) ++pushed;
  EXPECT_LT(pushed, 1'000u);
}

}  // namespace
}  // namespace broadcaster_redis
