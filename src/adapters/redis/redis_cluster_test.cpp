// Nodes on a real Redis Cluster, whose masters die, forget and hand over slots.

#include <gtest/gtest.h>

#include <algorithm>
#include <future>
#include <mutex>

#include "adapters/redis/lease_keys.hpp"
#include "adapters/redis/redis_bus.hpp"
#include "adapters/redis/redis_cluster_testing.hpp"
#include "adapters/redis/redis_presence.hpp"
#include "adapters/redis/redis_throttle.hpp"

namespace adapters::redis {
namespace {

using chat::ConnectionId;
using chat::NodeNote;
using namespace std::chrono_literals;

const chat::DeviceId kPhone{"phone"};
constexpr std::uint8_t kUsers = 64;  // one for each mark: they are on all masters
constexpr std::size_t kReplicaOfOne = RedisCluster::kMasters + 1;

chat::UserId user(std::uint8_t n) {
  chat::UserId id;
  id.bytes.back() = n;
  return id;
}
std::string key_of(std::uint8_t n) {
  return LeaseKeys(true).user_key(user(n));
}
std::uint8_t user_on(std::size_t master) {
  std::uint8_t n = 0;
  while (RedisCluster::master_of(key_of(n)) != master) ++n;
  return n;
}

TEST(LeaseKeys, ALeaseAndItsMarkAreInOneSlot) {
  const LeaseKeys keys(true);
  std::vector<int> on_master(RedisCluster::kMasters);
  for (int n = 0; n < 256; ++n) {
    const auto whom = user(static_cast<std::uint8_t>(n));
    const auto mark = keys.mark_key(keys.mark_of(whom));
    EXPECT_EQ(::redis::key_slot(keys.user_key(whom)), ::redis::key_slot(mark));
    ++on_master[RedisCluster::master_of(mark)];
  }
  for (const int count : on_master) EXPECT_GT(count, 256 / 6) << "each master has its share";
}

TEST(LeaseKeys, ASingleServerKeepsTheNamesItHad) {
  const LeaseKeys keys(false);
  EXPECT_EQ(keys.marks(), 1u);
  EXPECT_EQ(keys.user_key(user(1)), "online:000000000000000000000001");
  EXPECT_EQ(keys.mark_key(keys.mark_of(user(200))), "restante:presence");
}

class RedisClusterTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = RedisServer::missing()) GTEST_SKIP() << *missing;
    if (!cluster_) cluster_ = std::make_unique<RedisCluster>();
  }
  void TearDown() override {
    if (spoilt_) cluster_.reset();
  }
  static void TearDownTestSuite() { cluster_.reset(); }
  ::redis::Options server() {
    auto options = cluster_->options();
    options.reconnect_first = 1ms;
    options.reconnect_last = 50ms;
    return options;
  }
  PresenceOptions options(const std::string& node) {
    PresenceOptions options;
    options.node = node;
    options.server = server();
    options.lease = 10min;  // nothing here is waited for to run out
    options.renew_every = 500ms;
    options.settle = 100ms;
    options.answer_within = 10s;  // a loaded machine is not what is tested
    options.farewell = 5s;
    return options;
  }
  static std::unique_ptr<RedisPresence> start(const PresenceOptions& options) {
    auto made = std::make_unique<RedisPresence>(options, nullptr);
    EXPECT_TRUE(eventually([&] { return made->up(); }));
    return made;
  }
  static chat::Presence::Found find(const RedisPresence& presence, std::uint8_t n) {
    const chat::UserId users[] = {user(n)};
    return presence.look_up(users).front();
  }
  static bool online(const RedisPresence& presence, std::uint8_t n) {
    const auto found = find(presence, n);
    return found.hit && found.online;
  }
  static bool absent(const RedisPresence& presence, std::uint8_t n) {
    const auto found = find(presence, n);
    return found.hit && !found.online;
  }
  static bool all_online(const RedisPresence& presence) {
    std::vector<chat::UserId> users;
    for (std::uint8_t n = 0; n < kUsers; ++n) users.push_back(user(n));
    const auto found = presence.look_up(users);
    return std::all_of(found.begin(), found.end(), [](const auto& each) { return each.hit && each.online; });
  }
  static void connect_all(RedisPresence& presence) {
    for (std::uint8_t n = 0; n < kUsers; ++n) presence.set_online(user(n), ConnectionId(n + 1u), kPhone);
  }

  static std::unique_ptr<RedisCluster> cluster_;  // takes a moment to come about
  bool spoilt_ = true;                            // the next test needs another one
};
std::unique_ptr<RedisCluster> RedisClusterTest::cluster_;

TEST_F(RedisClusterTest, KeysAreWhereRedisSaysTheyAre) {
  spoilt_ = false;
  for (int i = 0; i < 300; ++i) {
    const std::string key = "k" + std::to_string(i * i) + (i % 3 == 0 ? "{" : "") + "t" + (i % 2 == 0 ? "}" : "") + "x";
    EXPECT_EQ(::redis::key_slot(key), cluster_->node(0).number({"CLUSTER", "KEYSLOT", key})) << key;
  }
}

TEST_F(RedisClusterTest, TwoNodesSeeEachOthersUsersOnAllMasters) {
  spoilt_ = false;
  const auto a = start(options("a")), b = start(options("b"));
  connect_all(*a);
  EXPECT_TRUE(eventually([&] { return all_online(*b); }));
  for (std::size_t master = 0; master < RedisCluster::kMasters; ++master) {
    EXPECT_GT(cluster_->node(master).number({"DBSIZE"}), 1) << "it has its share";
    EXPECT_TRUE(eventually([&] { return absent(*b, static_cast<std::uint8_t>(user_on(master) + kUsers)); }));
  }
  a->clear(user(1), ConnectionId(2));
  EXPECT_TRUE(eventually([&] { return absent(*b, 1); }));
  EXPECT_EQ(a->renewals_failed(), 0u);
}

TEST_F(RedisClusterTest, OneMasterThatForgetsIsNoticedAndFilledAgain) {
  spoilt_ = false;
  auto careful = options("b");
  careful.settle = 1h;
  const auto a = start(options("a")), b = start(careful);
  connect_all(*a);
  ASSERT_TRUE(eventually([&] { return all_online(*b); }));
  for (std::size_t master = 0; master < RedisCluster::kMasters; ++master) {
    cluster_->node(master).run({"FLUSHALL"});
    bool ever_absent = false;
    EXPECT_TRUE(eventually([&] {
      ever_absent = ever_absent || absent(*b, user_on(master));
      return all_online(*b);
    }));
    EXPECT_FALSE(ever_absent) << "until all have written their leases again, absent is no answer";
  }
}

TEST_F(RedisClusterTest, ASlotThatMovesTakesItsLeasesAlong) {
  const auto a = start(options("a")), b = start(options("b"));
  const auto staying = user_on(0), coming = static_cast<std::uint8_t>(staying + LeaseKeys::kMarks);  // in one slot
  a->set_online(user(staying), ConnectionId(1), kPhone);
  ASSERT_TRUE(eventually([&] { return online(*b, staying) && absent(*b, coming); }));
  const auto slot = std::to_string(::redis::key_slot(key_of(staying)));
  auto &from = cluster_->node(0), &to = cluster_->node(1);
  to.run({"CLUSTER", "SETSLOT", slot, "IMPORTING", cluster_->id(0)});
  from.run({"CLUSTER", "SETSLOT", slot, "MIGRATING", cluster_->id(1)});
  a->set_online(user(coming), ConnectionId(2), kPhone);  // the key is not there: ASK
  EXPECT_TRUE(eventually([&] { return online(*b, coming); }));
  EXPECT_TRUE(online(*b, staying));
  EXPECT_EQ(from.text({"TYPE", key_of(staying)}), "hash");
  EXPECT_TRUE(from.text({"EXISTS", key_of(coming)}).starts_with("ASK "));
  const auto mark = LeaseKeys(true).mark_key(LeaseKeys(true).mark_of(user(staying)));
  from.run({"MIGRATE", "127.0.0.1", cluster_->port(1), "", "0", "5000", "KEYS", key_of(staying), mark});
  EXPECT_TRUE(online(*b, staying));
  for (const std::size_t each : {1u, 0u, 2u}) {
    cluster_->node(each).run({"CLUSTER", "SETSLOT", slot, "NODE", cluster_->id(1)});
  }
  EXPECT_TRUE(online(*b, staying) && online(*b, coming));
  a->clear(user(staying), ConnectionId(1));
  EXPECT_TRUE(eventually([&] { return absent(*b, staying); }));
  EXPECT_TRUE(online(*b, coming));
}

TEST_F(RedisClusterTest, AMasterThatComesBackEmptyIsFilledAgain) {
  const auto a = start(options("a")), b = start(options("b"));
  connect_all(*a);
  ASSERT_TRUE(eventually([&] { return all_online(*b); }));
  cluster_->node(kReplicaOfOne).kill();
  cluster_->node(1).kill();
  const auto fallen_back = user_on(1);
  EXPECT_TRUE(eventually([&] { return !find(*b, fallen_back).hit; }));
  ASSERT_TRUE(cluster_->node(1).start());
  EXPECT_TRUE(eventually([&] { return all_online(*b); }));
  EXPECT_TRUE(eventually([&] { return absent(*b, static_cast<std::uint8_t>(fallen_back + kUsers)); }));
}

TEST_F(RedisClusterTest, AReplicaTakesOverAndWhatHappenedMeanwhileIsTold) {
  const auto a = start(options("a")), b = start(options("b"));
  connect_all(*a);
  ASSERT_TRUE(eventually([&] { return all_online(*b); }));
  const auto leaving = user_on(0), coming = static_cast<std::uint8_t>(leaving + kUsers);
  cluster_->node(0).kill();
  a->clear(user(leaving), ConnectionId(leaving + 1u));
  a->set_online(user(coming), ConnectionId(1'000), kPhone);
  EXPECT_TRUE(eventually([&] { return cluster_->is_master(RedisCluster::kMasters); }));
  EXPECT_TRUE(eventually([&] { return absent(*b, leaving) && online(*b, coming); }));
  a->set_online(user(leaving), ConnectionId(2'000), kPhone);
  EXPECT_TRUE(eventually([&] { return all_online(*b); }));
}

TEST_F(RedisClusterTest, AMasterThatHandsOverIsLeftWithoutALoss) {
  spoilt_ = false;
  const auto a = start(options("a")), b = start(options("b"));
  connect_all(*a);
  ASSERT_TRUE(eventually([&] { return all_online(*b); }));
  cluster_->node(RedisCluster::kMasters).run({"CLUSTER", "FAILOVER"});
  EXPECT_TRUE(eventually([&] { return !cluster_->is_master(0); }));
  EXPECT_TRUE(eventually([&] { return all_online(*b); }));
  a->clear(user(user_on(0)), ConnectionId(user_on(0) + 1u));
  EXPECT_TRUE(eventually([&] { return absent(*b, user_on(0)); }));
}

/// Counts what it hears.
struct Listener {
  Listener(const ::redis::Options& server, const std::string& name) : bus(options(server, name)) {
    bus.listen([this](const NodeNote& note) {
      const std::lock_guard lock(mutex);
      ++(note.kind == NodeNote::Kind::kTyping ? typing : commits);
    });
  }
  static BusOptions options(const ::redis::Options& server, const std::string& name) {
    BusOptions options;
    options.node = name;
    options.server = server;
    return options;
  }
  int heard(const int Listener::* what) {
    const std::lock_guard lock(mutex);
    return this->*what;
  }
  std::mutex mutex;
  int typing = 0;
  int commits = 0;
  RedisBus bus;  // its thread ends first
};

TEST_F(RedisClusterTest, NotesCrossTheClusterAndTheBusMovesToAnotherNodeWhenItsOwnDies) {
  auto elsewhere = server();
  std::reverse(elsewhere.endpoint.seeds.begin(), elsewhere.endpoint.seeds.end());
  Listener a(server(), "a"), b(elsewhere, "b");
  ASSERT_TRUE(eventually([&] { return a.bus.up() && b.bus.up(); }));
  NodeNote typing;
  typing.kind = NodeNote::Kind::kTyping;
  EXPECT_TRUE(eventually([&] {
    a.bus.publish(typing);
    b.bus.publish(typing);
    return b.heard(&Listener::typing) > 0 && a.heard(&Listener::typing) > 0;
  }));
  const int commits = a.heard(&Listener::commits);
  cluster_->node(0).kill();  // where a listens
  EXPECT_TRUE(eventually([&] { return a.heard(&Listener::commits) > commits; })) << "some may have been missed";
  EXPECT_TRUE(eventually([&] { return a.bus.up(); }));
  const int before = a.heard(&Listener::typing);
  EXPECT_TRUE(eventually([&] {
    b.bus.publish(typing);
    return a.heard(&Listener::typing) > before;
  }));
}

TEST_F(RedisClusterTest, LimitsAreCountedTogetherWhicheverMasterHasTheKey) {
  constexpr int kKeys = 24;
  constexpr chat::FailurePolicy kGuessing{
      .free = 5, .first_wait = 5s, .longest_wait = 15 * 60s, .forget_after = 60 * 60s};
  constexpr chat::WindowPolicy kTwoAnHour{.limit = 2, .window = 3600s};
  ThrottleOptions options;
  options.server = server();
  options.name_of = [](const chat::ThrottleKey& key) { return std::string(key.subject) + "-" + key.who; };
  options.answer_within = 30s;  // a loaded machine is not what is tested
  RedisThrottle one(options), two(options);
  ASSERT_TRUE(eventually([&] { return one.up() && two.up(); }));
  const auto failures = [&](RedisThrottle& node, const std::string& who) {
    std::promise<std::uint32_t> said;
    node.begin({"guess", who}, kGuessing, [&](const auto& answer) { said.set_value(answer ? answer->failures : 0); });
    return said.get_future().get();
  };
  const auto admitted = [&](RedisThrottle& node, const std::string& who) {
    std::promise<bool> said;
    node.admit({"lookup", who}, kTwoAnHour,
               [&](const auto& answer) { said.set_value(answer && answer->wait_seconds == 0); });
    return said.get_future().get();
  };
  // A master learns a script with the first key, whose question others may overtake.
  for (int i = 0; i < kKeys; ++i) {
    two.withdrawn({"guess", "other" + std::to_string(i)});
    EXPECT_EQ(failures(two, "another" + std::to_string(i)), 1u);
  }
  std::vector<int> on_master(RedisCluster::kMasters);
  for (int i = 0; i < kKeys; ++i) {
    const auto who = std::to_string(i);
    ++on_master[RedisCluster::master_of("restante:limit:{guess-" + who + "}")];
    EXPECT_EQ(failures(one, who), 1u) << who;
    EXPECT_EQ(failures(two, who), 2u) << who;
    two.withdrawn({"guess", who});
    EXPECT_EQ(failures(two, who), 2u) << who;
    two.succeeded({"guess", who});
    EXPECT_EQ(failures(two, who), 1u) << who;
    EXPECT_EQ(failures(one, who), 2u) << who;
    EXPECT_TRUE(admitted(one, who) && admitted(two, who)) << who;
    EXPECT_FALSE(admitted(one, who)) << who;
  }
  for (const int count : on_master) EXPECT_GT(count, 0) << "each master has its share";
  EXPECT_EQ(one.unanswered() + two.unanswered(), 0u);
}

}  // namespace
}  // namespace adapters::redis
