#include "chat/services/push_fixture.hpp"

namespace chat::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class Outbox : public PushTest {
 protected:
  Joined alice = join(alice_id, "desk");
};

TEST_F(Outbox, AnOfflineDeviceGetsOneGenericPushAfterTheGrace) {
  away(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "secret"));
  send(alice, bob_id, "secret too");
  pass(seconds(9));
  EXPECT_TRUE(fcm.sent.empty());
  pass(seconds(1));
  ASSERT_EQ(fcm.sent.size(), 1u);
  const auto& push = fcm.sent[0];
  EXPECT_EQ(push.address.address, "token");
  EXPECT_EQ(push.title, "New message");
  EXPECT_EQ(push.body, "");
  EXPECT_TRUE(push.visible);
  EXPECT_EQ(push.badge, 2u);
  EXPECT_EQ(push.ttl, hours(24 * 28)) << "no provider takes longer";
  EXPECT_EQ(push.collapse_key.size(), 22u);
  ASSERT_EQ(push.data.size(), 2u);
  EXPECT_EQ(push.data[0], (std::pair<std::string, std::string>("t", "m")));
  EXPECT_EQ(push.data[1].first, "n");
  for (const auto& text : {push.collapse_key, push.data[1].second}) {
    EXPECT_EQ(text.find(bob_id.hex()), std::string::npos);
    EXPECT_EQ(text.find(sent.id.hex()), std::string::npos);
  }
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_EQ(trace(bob_id, "phone").outcome, PushOutcome::kAccepted);
  EXPECT_EQ(trace(bob_id, "phone").pushed, MailboxSeq(2));
  EXPECT_EQ(counted(PushOutcome::kAccepted), 1u);
  EXPECT_EQ(push_metrics.lane("fcm").seconds->count(), 1u);
  pass(hours(1));
  EXPECT_EQ(fcm.sent.size(), 1u);
  EXPECT_EQ(outbox->under_way(), 0u);
}

TEST_F(Outbox, PushesOfADeviceCollapseAndThoseOfOthersDoNot) {
  away(bob_id, "phone", "a");
  away(bob_id, "tablet", "b");
  send(alice, bob_id, "1");
  pass(seconds(10));
  send(alice, bob_id, "2");
  pass(seconds(10));
  ASSERT_EQ(fcm.sent.size(), 4u);
  std::map<std::string, std::set<std::string>> keys;
  std::set<std::string> notes;
  for (const auto& push : fcm.sent) {
    keys[push.address.address].insert(push.collapse_key);
    notes.insert(push.data[1].second);
  }
  EXPECT_EQ(keys["a"].size(), 1u);
  EXPECT_EQ(keys["b"].size(), 1u);
  EXPECT_NE(keys["a"], keys["b"]);
  EXPECT_EQ(notes.size(), 4u);
}

TEST_F(Outbox, WhoAskedForPreviewsSeesNameAndBeginning) {
  previews(bob_id);
  away(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, std::string(99, 'a') + "üx"));
  pass(seconds(10));
  ASSERT_EQ(fcm.sent.size(), 1u);
  EXPECT_EQ(fcm.sent[0].title, "alice");
  EXPECT_EQ(fcm.sent[0].body, std::string(99, 'a') + "ü");
  const std::vector<std::pair<std::string, std::string>> data = {
      {"type", "new_message"}, {"senderId", alice_id.hex()}, {"messageId", sent.id.hex()}};
  EXPECT_EQ(fcm.sent[0].data, data);
}

TEST_F(Outbox, AnUnreadableTextIsPushedWithoutIt) {
  previews(bob_id);
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  cipher.unreadable = true;
  pass(seconds(10));
  ASSERT_EQ(fcm.sent.size(), 1u);
  EXPECT_EQ(fcm.sent[0].title, "New message");
}

TEST_F(Outbox, ATextThatThisNodeHasNoKeyForIsPushedWithoutIt) {
  previews(bob_id);
  away(bob_id, "phone");
  cipher.foreign.insert(message(send(alice, bob_id, "x")).id);
  pass(seconds(10));
  ASSERT_EQ(fcm.sent.size(), 1u);
  EXPECT_EQ(fcm.sent[0].title, "New message");
}

TEST_F(Outbox, DataOnlyIsInvisible) {
  outbox_options.data_only = true;
  start_outbox();
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  pass(seconds(10));
  ASSERT_EQ(fcm.sent.size(), 1u);
  EXPECT_FALSE(fcm.sent[0].visible);
}

TEST_F(Outbox, ReadOnTheLaptopWithinTheGraceLeadsToNone) {
  away(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  send(alice, bob_id, "1");
  send(alice, bob_id, "2");
  read(laptop, alice_id, 2);
  pass(seconds(10));
  EXPECT_TRUE(fcm.sent.empty());
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_EQ(counted(PushOutcome::kNotNeeded), 1u);
}

TEST_F(Outbox, HalfReadIsNotReadAndTheBadgeCountsTheRest) {
  const auto carol = person("carol");
  befriend(carol, bob_id);
  away(bob_id, "phone");
  const auto laptop = join(bob_id, "laptop");
  const auto caroline = join(carol, "phone");
  send(caroline, bob_id, "unread");
  send(alice, bob_id, "read");
  read(laptop, alice_id, 1);
  pass(seconds(10));
  ASSERT_EQ(fcm.sent.size(), 1u) << "the newest is read, an older one is not";
  EXPECT_EQ(fcm.sent[0].badge, 1u);
}

TEST_F(Outbox, ConfirmedMeanwhileLeadsToNone) {
  const auto phone = away(bob_id, "phone");
  const auto sent = message(send(alice, bob_id, "x"));
  clock.advance(seconds(5));
  const auto bob = join(bob_id, "phone", phone.login);
  confirm(bob, 1, {receipt(sent)});
  leave(bob);
  pass(seconds(60));
  EXPECT_TRUE(fcm.sent.empty());
}

TEST_F(Outbox, AConnectedDeviceIsPushedOnlyOnceItIsSilent) {
  const auto phone = away(bob_id, "phone");
  const auto bob = join(bob_id, "phone", phone.login);
  send(alice, bob_id, "x");
  pass(minutes(5));
  EXPECT_TRUE(fcm.sent.empty());
  lane->set_silent(bob_id, bob.connection, true, MailboxSeq(1));
  settle();
  EXPECT_EQ(fcm.sent.size(), 1u);
}

TEST_F(Outbox, NobodyIsWokenForWhatHasExpiredOrFailedOrAfterTheEndOfTheSession) {
  const auto phone = away(bob_id, "phone");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kUnavailable, std::nullopt, {}};
  pass(seconds(10));
  ASSERT_EQ(fcm.sent.size(), 1u);
  fcm.result = {PushOutcome::kAccepted, std::nullopt, {}};
  pass(hours(23) + minutes(59));
  EXPECT_EQ(fcm.sent.size(), 2u);
  send(alice, bob_id, "y");
  pass(hours(1));
  EXPECT_EQ(fcm.sent.size(), 2u) << "the login is over by now";
  EXPECT_FALSE(job(bob_id, "phone"));
}

TEST_F(Outbox, AMessageThatCameWhileItsPushWasUnderWayGetsItsOwn) {
  away(bob_id, "phone");
  send(alice, bob_id, "1");
  fcm.slow = true;
  pass(seconds(10));
  ASSERT_EQ(fcm.waiting.size(), 1u);
  send(alice, bob_id, "2");
  settle();
  EXPECT_EQ(fcm.sent.size(), 1u) << "one at a time for a device";
  fcm.answer();
  settle();
  ASSERT_TRUE(job(bob_id, "phone"));
  EXPECT_EQ(job(bob_id, "phone")->due, clock.wall_now() + seconds(10));
  pass(seconds(10));
  fcm.answer();
  settle();
  EXPECT_EQ(fcm.sent.size(), 2u);
  EXPECT_FALSE(job(bob_id, "phone"));
}

TEST_F(Outbox, ThrottledComesBackWhenAskedTo) {
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kThrottled, seconds(200), "QUOTA_EXCEEDED"};
  pass(seconds(10));
  EXPECT_EQ(job(bob_id, "phone")->attempts, 1u);
  EXPECT_GE(job(bob_id, "phone")->due, clock.wall_now() + seconds(200));
  EXPECT_EQ(trace(bob_id, "phone").detail, "QUOTA_EXCEEDED");
  fcm.result = {PushOutcome::kAccepted, std::nullopt, {}};
  pass(seconds(199));
  EXPECT_EQ(fcm.sent.size(), 1u);
  pass(seconds(101));
  EXPECT_EQ(fcm.sent.size(), 2u);
  EXPECT_FALSE(job(bob_id, "phone"));
}

TEST_F(Outbox, AThrottledDeviceThatCameAndWentIsNotAskedForEarlier) {
  const auto phone = away(bob_id, "phone");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kThrottled, seconds(200), {}};
  pass(seconds(10));
  leave(join(bob_id, "phone", phone.login));
  EXPECT_GE(job(bob_id, "phone")->due, clock.wall_now() + seconds(200));
}

TEST_F(Outbox, AServerErrorIsTriedFiveTimesAndThenGivenUp) {
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kServerError, std::nullopt, "INTERNAL"};
  for (int i = 0; i < 100; ++i) pass(minutes(1));
  EXPECT_EQ(fcm.sent.size(), 5u);
  EXPECT_EQ(counted(PushOutcome::kServerError), 5u);
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_TRUE(address(bob_id, "phone"));
}

TEST_F(Outbox, ARefusedPayloadIsDroppedAndTheAddressStays) {
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kPayloadRefused, std::nullopt, "INVALID_ARGUMENT"};
  pass(seconds(10));
  pass(hours(1));
  EXPECT_EQ(fcm.sent.size(), 1u);
  EXPECT_EQ(counted(PushOutcome::kPayloadRefused), 1u);
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_TRUE(address(bob_id, "phone"));
}

TEST_F(Outbox, ADeadAddressGoesWithItsJob) {
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kAddressDead, std::nullopt, "UNREGISTERED"};
  pass(seconds(10));
  EXPECT_FALSE(address(bob_id, "phone"));
  EXPECT_FALSE(job(bob_id, "phone"));
  send(alice, bob_id, "y");
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_EQ(metrics.push_jobs.value(), 0);
}

TEST_F(Outbox, AnAddressThatChangedMeanwhileStaysAndIsAsked) {
  away(bob_id, "phone", "old");
  send(alice, bob_id, "x");
  fcm.slow = true;
  fcm.result = {PushOutcome::kAddressDead, std::nullopt, "UNREGISTERED"};
  pass(seconds(10));
  set_address(bob_id, "phone", PushAddress{"fcm", "new"});
  fcm.answer();
  fcm.result = {PushOutcome::kAccepted, std::nullopt, {}};
  settle();
  ASSERT_TRUE(address(bob_id, "phone"));
  EXPECT_EQ(address(bob_id, "phone")->address, "new");
  ASSERT_EQ(fcm.sent.size(), 2u);
  EXPECT_EQ(fcm.sent[1].address.address, "new");
  fcm.answer();
  settle();
  EXPECT_FALSE(job(bob_id, "phone"));
}

TEST_F(Outbox, AProviderThatRefusesTheServerIsLeftAloneAndJobsAndAddressesStay) {
  away(bob_id, "phone");
  away(bob_id, "tablet", "other");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kLaneStopped, std::nullopt, "PERMISSION_DENIED"};
  outbox_options.concurrency = 1;
  start_outbox();
  pass(seconds(10));
  pass(minutes(9));
  EXPECT_EQ(fcm.sent.size(), 1u) << "the whole lane stops";
  EXPECT_EQ(push_metrics.lane("fcm").stopped->value(), 1);
  EXPECT_TRUE(job(bob_id, "phone"));
  EXPECT_TRUE(job(bob_id, "tablet"));
  EXPECT_TRUE(address(bob_id, "phone"));
  fcm.result = {PushOutcome::kAccepted, std::nullopt, {}};
  pass(minutes(10));
  EXPECT_EQ(push_metrics.lane("fcm").stopped->value(), 0);
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_FALSE(job(bob_id, "tablet"));
}

TEST_F(Outbox, OneProvidersTroubleIsNotTheOthers) {
  away(bob_id, "phone");
  away(bob_id, "browser", "https", "webpush");
  send(alice, bob_id, "x");
  fcm.result = {PushOutcome::kUnavailable, std::nullopt, {}};
  pass(seconds(10));
  EXPECT_EQ(webpush.sent.size(), 1u);
  EXPECT_FALSE(job(bob_id, "browser"));
  EXPECT_TRUE(job(bob_id, "phone"));
}

TEST_F(Outbox, OneServicesTroubleIsNotThatOfTheOthersOfItsProvider) {
  for (const char* device : {"1", "2", "3"}) away(bob_id, device, std::string("broken/") + device, "webpush");
  for (const char* device : {"4", "5", "6"}) away(bob_id, device, std::string("sound/") + device, "webpush");
  webpush.results["broken/"] = {PushOutcome::kUnavailable, std::nullopt, {}};
  send(alice, bob_id, "x");
  pass(seconds(10));
  for (const char* device : {"1", "2", "3"}) EXPECT_TRUE(job(bob_id, device)) << device;
  for (const char* device : {"4", "5", "6"}) EXPECT_FALSE(job(bob_id, device)) << device;
  webpush.results.clear();
  for (int i = 0; i < 60; ++i) pass(seconds(1));
  for (const char* device : {"1", "2", "3"}) EXPECT_FALSE(job(bob_id, device)) << device;
  EXPECT_EQ(counted(PushOutcome::kAccepted, "webpush"), 6u);
}

TEST_F(Outbox, NoMoreThanAgreedAreUnderWayAtAProvider) {
  for (int i = 0; i < 10; ++i) away(bob_id, "d" + std::to_string(i), std::to_string(i));
  send(alice, bob_id, "x");
  fcm.slow = true;
  pass(seconds(10));
  EXPECT_EQ(fcm.waiting.size(), 4u);
  for (int i = 0; i < 5; ++i) {
    fcm.answer();
    settle();
    EXPECT_LE(fcm.waiting.size(), 4u);
  }
  EXPECT_EQ(fcm.sent.size(), 10u);
  EXPECT_TRUE(store.push_jobs(bob_id).value().empty());
}

}  // namespace
}  // namespace chat::testing
