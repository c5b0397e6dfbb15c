// Nodes that share a real Redis, which dies, hangs and forgets.

#include "adapters/redis/redis_presence.hpp"

#include <gtest/gtest.h>

#include "adapters/redis/redis_server_testing.hpp"

namespace adapters::redis {
namespace {

using chat::ConnectionId;
using namespace std::chrono_literals;

chat::UserId user(std::uint8_t n) {
  chat::UserId id;
  id.bytes.back() = n;
  return id;
}
const chat::DeviceId kPhone{"phone"};
const chat::DeviceId kLaptop{"laptop"};
const std::string kKey = "online:000000000000000000000001";  // of user(1)

/// Says that everybody is online: whatever comes from here is a fall-back.
class EverybodyOnline final : public chat::PresenceRecord {
 public:
  bool record(std::string_view, chat::WallTime, std::span<const chat::PresenceChange>) override { return true; }
  bool forget_node(std::string_view) override { return true; }
  bool forget_strays(std::string_view) override { return true; }
  chat::Read<std::vector<chat::UserId>> recorded_by(std::string_view) const override {
    return std::vector<chat::UserId>();
  }
  chat::Read<std::vector<bool>> recorded_online(std::span<const chat::UserId> users) const override {
    return std::vector<bool>(users.size(), true);
  }
};

class RedisPresenceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = RedisServer::missing()) GTEST_SKIP() << *missing;
    server_ = std::make_unique<RedisServer>();
  }

  PresenceOptions options(const std::string& node) {
    PresenceOptions options;
    options.node = node;
    options.server = server_->options();
    options.server.reconnect_first = 1ms;
    options.server.reconnect_last = 5ms;
    options.renew_every = 200ms;
    options.settle = 100ms;
    options.answer_within = 10s;  // a loaded machine is not what is tested
    options.farewell = 20s;
    return options;
  }
  std::unique_ptr<RedisPresence> start(const PresenceOptions& options) {
    auto made = std::make_unique<RedisPresence>(options, &record_);
    EXPECT_TRUE(eventually([&] { return made->up(); }));
    return made;
  }
  std::unique_ptr<RedisPresence> node(const std::string& name) { return start(options(name)); }

  static chat::Presence::Found find(const RedisPresence& presence, const chat::UserId& whom) {
    const chat::UserId users[] = {whom};
    return presence.look_up(users).front();
  }
  static bool online(const RedisPresence& presence, const chat::UserId& whom) {
    const auto found = find(presence, whom);
    return found.hit && found.online;
  }
  static bool absent(const RedisPresence& presence, const chat::UserId& whom) {
    const auto found = find(presence, whom);
    return found.hit && !found.online;
  }
  /// As letters, in the order laptop, phone: o(nline), a(bsent), ? (nobody answers, and it is not here).
  static std::string devices(const RedisPresence& presence, const chat::UserId& whom) {
    const chat::DeviceId both[] = {kLaptop, kPhone};
    std::string letters;
    for (const auto& found : presence.look_up_devices(whom, both)) {
      letters += found.online ? (found.hit ? 'o' : '!') : (found.hit ? 'a' : '?');
    }
    return letters;
  }
  bool redis_has(const std::string& field) { return server_->number({"HEXISTS", kKey, field}) == 1; }

  std::unique_ptr<RedisServer> server_;
  EverybodyOnline record_;
};

TEST_F(RedisPresenceTest, TwoNodesSeeEachOthersUsers) {
  const auto a = node("a"), b = node("b");
  a->set_online(user(1), ConnectionId(1), kPhone);
  b->set_online(user(2), ConnectionId(1), kPhone);
  EXPECT_TRUE(eventually([&] { return online(*b, user(1)) && online(*a, user(2)); }));
  EXPECT_TRUE(eventually([&] { return absent(*a, user(3)) && absent(*b, user(3)); }));
  EXPECT_TRUE(a->is_online(user(1)));
  EXPECT_FALSE(a->is_online(user(2))) << "not known here without asking";
  const chat::UserId all[] = {user(1), user(2), user(3)};
  const auto found = b->look_up(all);
  EXPECT_TRUE(found[0].online && found[1].online && !found[2].online);
  EXPECT_TRUE(found[0].hit && found[1].hit && found[2].hit);
  a->clear(user(1), ConnectionId(1));
  EXPECT_TRUE(eventually([&] { return absent(*b, user(1)); }));
  EXPECT_EQ(server_->number({"EXISTS", kKey}), 0);
}

TEST_F(RedisPresenceTest, AnUsersOwnNodeAsksNobody) {
  const auto a = node("a");
  a->set_online(user(1), ConnectionId(1), kPhone);
  EXPECT_TRUE(online(*a, user(1)));
  EXPECT_EQ(a->look_ups(), 0u);
  find(*a, user(2));
  EXPECT_EQ(a->look_ups(), 1u);
  EXPECT_GT(a->look_up_time().count(), 0);
}

TEST_F(RedisPresenceTest, ALateClearOfAnOlderConnectionChangesNothing) {
  const auto a = node("a"), b = node("b");
  a->set_online(user(1), ConnectionId(1), kPhone);
  a->set_online(user(1), ConnectionId(2), kPhone);
  b->set_online(user(1), ConnectionId(1), kPhone);  // a number of b's own
  ASSERT_TRUE(eventually([&] { return redis_has("a:1/phone") && redis_has("a:2/phone") && redis_has("b:1/phone"); }));
  a->clear(user(1), ConnectionId(1));
  ASSERT_TRUE(eventually([&] { return !redis_has("a:1/phone"); }));
  EXPECT_TRUE(redis_has("a:2/phone") && redis_has("b:1/phone"));
  a->clear(user(1), ConnectionId(1));
  a->set_online(user(2), ConnectionId(3), kPhone);  // written after whatever that has caused
  ASSERT_TRUE(eventually([&] { return online(*b, user(2)); }));
  EXPECT_TRUE(redis_has("a:2/phone") && redis_has("b:1/phone"));
  a->clear(user(1), ConnectionId(2));
  ASSERT_TRUE(eventually([&] { return !redis_has("a:2/phone"); }));
  EXPECT_TRUE(online(*a, user(1))) << "still at b";
}

TEST_F(RedisPresenceTest, EveryNodeKnowsWhichDevicesAreConnected) {
  const auto a = node("a"), b = node("b"), c = node("c");
  a->set_online(user(1), ConnectionId(1), kPhone);
  for (const auto* each : {&a, &b, &c}) EXPECT_TRUE(eventually([&] { return devices(**each, user(1)) == "ao"; }));
  b->set_online(user(1), ConnectionId(1), kLaptop);
  b->set_online(user(1), ConnectionId(2), kPhone);
  ASSERT_TRUE(eventually([&] { return redis_has("b:1/laptop") && redis_has("b:2/phone"); }));
  for (const auto* each : {&a, &b, &c}) EXPECT_TRUE(eventually([&] { return devices(**each, user(1)) == "oo"; }));
  a->clear(user(1), ConnectionId(1));
  ASSERT_TRUE(eventually([&] { return !redis_has("a:1/phone"); }));
  EXPECT_EQ(devices(*c, user(1)), "oo") << "the phone is at b by now";
  b->clear(user(1), ConnectionId(2));
  for (const auto* each : {&a, &b, &c}) EXPECT_TRUE(eventually([&] { return devices(**each, user(1)) == "oa"; }));
  EXPECT_EQ(devices(*a, user(2)), "aa");
  EXPECT_TRUE(a->look_up_devices(user(1), {}).empty());
}

TEST_F(RedisPresenceTest, DevicesOfThisNodeAreKnownWithoutAskingAnybody) {
  const auto a = node("a");
  a->set_online(user(1), ConnectionId(1), kPhone);
  const chat::DeviceId phone[] = {kPhone};
  EXPECT_TRUE(a->look_up_devices(user(1), phone).front().online);
  EXPECT_EQ(a->look_ups(), 0u);
  devices(*a, user(1));
  EXPECT_EQ(a->look_ups(), 1u);
}

TEST_F(RedisPresenceTest, WithoutRedisOnlyTheDevicesOfThisNodeAreOnline) {
  const auto a = node("a"), b = node("b");
  a->set_online(user(1), ConnectionId(1), kPhone);
  b->set_online(user(1), ConnectionId(1), kLaptop);
  ASSERT_TRUE(eventually([&] { return devices(*a, user(1)) == "oo"; }));
  server_->kill();
  ASSERT_TRUE(eventually([&] { return !a->up() && !b->up(); }));
  EXPECT_EQ(devices(*a, user(1)), "?o");
  EXPECT_EQ(devices(*b, user(1)), "o?");
  ASSERT_TRUE(server_->start());
  EXPECT_TRUE(eventually([&] { return devices(*a, user(1)) == "oo" && devices(*b, user(1)) == "oo"; }));
}

TEST_F(RedisPresenceTest, AfterALossOfMemoryNoDeviceIsSaidToBeAway) {
  auto careful = options("b");
  careful.settle = 1h;
  const auto a = node("a"), b = start(careful);
  a->set_online(user(1), ConnectionId(1), kPhone);
  ASSERT_TRUE(eventually([&] { return devices(*b, user(1)) == "?o"; }));
  server_->run({"FLUSHALL"});
  EXPECT_TRUE(eventually([&] {
    const auto said = devices(*b, user(1));
    EXPECT_EQ(said.find('a'), std::string::npos);
    return said == "?o";
  }));
}

TEST_F(RedisPresenceTest, AFieldOfAnEarlierVersionIsALeaseOfNoDevice) {
  const auto a = node("a");
  server_->run({"HSET", kKey, "old:1", "99999999999999", "old:2/phone", "99999999999999", "old:3/a:b", "99999999999999",
                "dead:1/laptop", "1000", "a:7", "99999999999999"});
  ASSERT_TRUE(eventually([&] { return devices(*a, user(1)) == "ao"; }));
  server_->run({"HDEL", kKey, "old:2/phone"});
  EXPECT_EQ(devices(*a, user(1)), "aa");
  EXPECT_TRUE(online(*a, user(1)));
  a->set_online(user(1), ConnectionId(1), kPhone);
  ASSERT_TRUE(eventually([&] { return redis_has("a:1/phone"); }));
  EXPECT_TRUE(redis_has("old:1")) << "others' fields stay";
  EXPECT_FALSE(redis_has("a:7")) << "of an earlier life of this node";
}

TEST_F(RedisPresenceTest, LeasesAreRenewedAndTheKeyLivesAsLongAsThey) {
  auto patient = options("a");
  patient.lease = 60s;
  const auto a = start(patient);
  a->set_online(user(1), ConnectionId(1), kPhone);
  ASSERT_TRUE(eventually([&] { return redis_has("a:1/phone"); }));
  const auto first = std::stoll(server_->text({"HGET", kKey, "a:1/phone"}));
  EXPECT_TRUE(eventually([&] { return std::stoll(server_->text({"HGET", kKey, "a:1/phone"})) >= first + 400; }));
  const auto left = server_->number({"PTTL", kKey});
  EXPECT_GT(left, 0);
  EXPECT_LE(left, 60'000);
  EXPECT_EQ(a->renewals_failed(), 0u);
}

TEST_F(RedisPresenceTest, TheLeaseOfADeadNodeRunsOut) {
  auto dying = options("a");
  dying.lease = 500ms;
  dying.renew_every = 1h;  // it never does
  const auto a = start(dying);
  const auto b = node("b");
  a->set_online(user(1), ConnectionId(1), kPhone);
  ASSERT_TRUE(eventually([&] { return redis_has("a:1/phone") || absent(*b, user(1)); }));
  EXPECT_TRUE(eventually([&] { return absent(*b, user(1)); }));
  EXPECT_TRUE(eventually([&] { return server_->number({"EXISTS", kKey}) == 0; }));
}

TEST_F(RedisPresenceTest, AnExpiredFieldIsNobodyAndGoesWithTheNextWrite) {
  const auto a = node("a"), b = node("b");
  server_->run({"HSET", kKey, "dead:1", "1000", "dead:2", "rubbish"});
  ASSERT_TRUE(eventually([&] { return absent(*b, user(1)); }));
  server_->run({"HSET", kKey, "other:1", "99999999999999"});
  ASSERT_TRUE(online(*b, user(1)));
  a->set_online(user(1), ConnectionId(1), kPhone);
  ASSERT_TRUE(eventually([&] { return redis_has("a:1/phone"); }));
  EXPECT_FALSE(redis_has("dead:1") || redis_has("dead:2"));
  EXPECT_TRUE(redis_has("other:1"));
}

TEST_F(RedisPresenceTest, AStringOfTheFoundingApplicationMakesRoom) {
  const auto a = node("a"), b = node("b");
  server_->run({"SET", kKey, "some-socket-id"});
  EXPECT_FALSE(find(*b, user(1)).hit) << "no answer, and no error";
  a->set_online(user(1), ConnectionId(1), kPhone);
  EXPECT_TRUE(eventually([&] { return online(*b, user(1)); }));
}

TEST_F(RedisPresenceTest, AMemoryThatWasLostIsNoticedAndHealed) {
  auto careful = options("b");
  careful.settle = 1h;
  const auto a = node("a"), b = start(careful);
  for (std::uint8_t n = 1; n <= 200; ++n) a->set_online(user(n), ConnectionId(n), kPhone);
  ASSERT_TRUE(eventually([&] { return online(*b, user(1)) && online(*b, user(200)); }));
  server_->run({"FLUSHALL"});
  bool ever_absent = false;
  EXPECT_TRUE(eventually([&] {
    ever_absent = ever_absent || absent(*b, user(1));
    return online(*b, user(1)) && online(*b, user(200));
  }));
  EXPECT_FALSE(ever_absent) << "until all have written their leases again, absent is no answer";
  EXPECT_EQ(server_->number({"EXISTS", "restante:presence"}), 1);
}

TEST_F(RedisPresenceTest, AbsentIsAnAnswerOnceAllHadTimeToWrite) {
  const auto a = node("a");
  server_->run({"FLUSHALL"});
  EXPECT_TRUE(eventually([&] { return absent(*a, user(1)); }));
}

TEST_F(RedisPresenceTest, ScriptsThatTheServerForgotAreLoadedAgain) {
  const auto a = node("a"), b = node("b");
  server_->run({"SCRIPT", "FLUSH"});
  a->set_online(user(1), ConnectionId(1), kPhone);
  EXPECT_TRUE(eventually([&] { return online(*b, user(1)); }));
}

TEST_F(RedisPresenceTest, WithoutRedisTheRecordAnswersAndALaterRedisIsFilledAgain) {
  const auto a = node("a"), b = node("b");
  a->set_online(user(1), ConnectionId(1), kPhone);
  a->set_online(user(2), ConnectionId(2), kPhone);
  ASSERT_TRUE(eventually([&] { return online(*b, user(1)) && online(*b, user(2)); }));
  server_->kill();
  ASSERT_TRUE(eventually([&] { return !a->up() && !b->up(); }));
  const auto fallen_back = find(*b, user(9));
  EXPECT_TRUE(fallen_back.online && !fallen_back.hit);
  EXPECT_TRUE(online(*a, user(1))) << "its own users need nobody";
  a->clear(user(2), ConnectionId(2));
  a->set_online(user(3), ConnectionId(3), kPhone);
  ASSERT_TRUE(server_->start());
  EXPECT_TRUE(eventually([&] { return online(*b, user(1)) && online(*b, user(3)); }));
  EXPECT_TRUE(eventually([&] { return absent(*b, user(2)); }));
}

TEST_F(RedisPresenceTest, AServerThatHangsIsLeftAloneForAWhile) {
  auto hasty = options("b");
  hasty.answer_within = 300ms;
  hasty.rest_after_silence = 1h;
  const auto a = node("a"), b = start(hasty);
  a->set_online(user(1), ConnectionId(1), kPhone);
  server_->freeze();
  EXPECT_FALSE(find(*b, user(9)).hit);
  EXPECT_FALSE(b->up());
  const auto before = b->look_up_time();
  EXPECT_FALSE(find(*b, user(9)).hit);
  EXPECT_LT(b->look_up_time() - before, 300ms) << "nobody waits again";
  // Both find their connection dead while it hangs, and a new one ends the rest.
  ASSERT_TRUE(eventually([&] { return !a->up(); }));
  server_->resume();
  EXPECT_TRUE(eventually([&] { return online(*b, user(1)); }));
}

TEST_F(RedisPresenceTest, AnAnswerThatComesLateEndsTheRest) {
  auto hasty = options("b");
  hasty.answer_within = 1ms;
  hasty.rest_after_silence = 1h;
  const auto b = start(hasty);
  server_->freeze();
  EXPECT_FALSE(find(*b, user(9)).hit);
  server_->resume();
  EXPECT_TRUE(eventually([&] { return b->up(); }));
}

TEST_F(RedisPresenceTest, WhoeverLeavesTakesBackWhatItSaid) {
  auto a = node("a"), b = node("b");
  for (std::uint8_t n = 1; n <= 100; ++n) a->set_online(user(n), ConnectionId(n), kPhone);
  b->set_online(user(1), ConnectionId(1), kPhone);
  ASSERT_TRUE(eventually([&] { return online(*b, user(100)) && redis_has("b:1/phone"); }));
  a.reset();
  EXPECT_FALSE(redis_has("a:1/phone"));
  EXPECT_TRUE(redis_has("b:1/phone"));
  EXPECT_EQ(server_->number({"EXISTS", "online:000000000000000000000064"}), 0);
  server_->kill();
  b.reset();  // waits for nobody who is not there
}

TEST_F(RedisPresenceTest, WithoutARecordTheTableOfThisNodeIsAllThereIs) {
  auto alone = options("a");
  server_->kill();
  RedisPresence a(alone, nullptr);
  a.set_online(user(1), ConnectionId(1), kPhone);
  EXPECT_TRUE(online(a, user(1)));
  const auto other = find(a, user(2));
  EXPECT_TRUE(!other.online && !other.hit);
  EXPECT_EQ(a.online_users(), 1u);
}

}  // namespace
}  // namespace adapters::redis
