#include "adapters/local/local_presence.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <thread>

#include "base/random.hpp"

namespace adapters::local {
namespace {

using chat::ConnectionId;

const chat::DeviceId kPhone{"phone"};
const chat::DeviceId kLaptop{"laptop"};

chat::UserId user(std::uint32_t n) {
  chat::UserId id;
  for (std::size_t i = 0; i < 4; ++i) id.bytes[8 + i] = static_cast<std::uint8_t>(n >> (24 - 8 * i));
  return id;
}

TEST(LocalPresence, KnowsNobodyAtFirst) {
  LocalPresence presence;
  EXPECT_FALSE(presence.is_online(user(1)));
  presence.clear(user(1), ConnectionId(1));
  EXPECT_EQ(presence.online_users(), 0u);
}

TEST(LocalPresence, ALateDisconnectOfAnOlderSocketChangesNothing) {
  LocalPresence presence;
  presence.set_online(user(1), ConnectionId(1), kPhone);
  presence.set_online(user(1), ConnectionId(2), kPhone);
  presence.clear(user(1), ConnectionId(1));
  EXPECT_TRUE(presence.is_online(user(1)));
  presence.clear(user(1), ConnectionId(1));
  EXPECT_TRUE(presence.is_online(user(1)));
  presence.clear(user(1), ConnectionId(2));
  EXPECT_FALSE(presence.is_online(user(1)));
}

TEST(LocalPresence, SettingAConnectionTwiceCountsOnce) {
  LocalPresence presence;
  for (int i = 0; i < 2; ++i) presence.set_online(user(1), ConnectionId(1), kPhone);
  for (int i = 0; i < 2; ++i) presence.set_online(user(1), ConnectionId(2), kPhone);
  presence.clear(user(1), ConnectionId(1));
  presence.clear(user(1), ConnectionId(2));
  EXPECT_FALSE(presence.is_online(user(1)));
}

TEST(LocalPresence, ADeviceIsOnlineWhileAConnectionOfItIs) {
  LocalPresence presence;
  const chat::DeviceId devices[] = {kLaptop, kPhone};
  const auto online = [&] {
    const auto found = presence.look_up_devices(user(1), devices);
    EXPECT_TRUE(found.size() == 2 && found[0].hit && found[1].hit);
    return std::pair(found[0].online, found[1].online);
  };
  EXPECT_EQ(online(), std::pair(false, false));
  presence.set_online(user(1), ConnectionId(1), kPhone);
  presence.set_online(user(2), ConnectionId(2), kLaptop);
  EXPECT_EQ(online(), std::pair(false, true));
  presence.set_online(user(1), ConnectionId(3), kLaptop);
  presence.set_online(user(1), ConnectionId(4), kPhone);
  EXPECT_EQ(online(), std::pair(true, true));
  presence.clear(user(1), ConnectionId(1));
  EXPECT_EQ(online(), std::pair(true, true)) << "the phone has come back meanwhile";
  presence.clear(user(1), ConnectionId(4));
  EXPECT_EQ(online(), std::pair(true, false));
  presence.clear(user(1), ConnectionId(3));
  EXPECT_EQ(online(), std::pair(false, false));
}

TEST(LocalPresence, AgreesWithASetOfConnectionsOverRandomHistories) {
  base::SeededRandom random(7);
  LocalPresence presence;
  std::map<std::uint32_t, std::set<std::uint64_t>> expected;
  for (int step = 0; step < 20'000; ++step) {
    const auto who = static_cast<std::uint32_t>(random.next() % 20);
    const std::uint64_t connection = random.next() % 5;
    if (random.next() % 2 == 0) {
      presence.set_online(user(who), ConnectionId(connection), kPhone);
      expected[who].insert(connection);
    } else {
      presence.clear(user(who), ConnectionId(connection));
      expected[who].erase(connection);
    }
    ASSERT_EQ(presence.is_online(user(who)), !expected[who].empty());
  }
  std::size_t online = 0;
  for (const auto& [who, connections] : expected) online += connections.empty() ? 0u : 1u;
  EXPECT_EQ(presence.online_users(), online);
}

TEST(LocalPresence, MayBeUsedFromManyThreads) {
  LocalPresence presence;
  std::vector<std::thread> threads;
  for (std::uint64_t t = 0; t < 4; ++t) {
    threads.emplace_back([&presence, t] {
      for (std::uint32_t n = 0; n < 2000; ++n) {
        presence.set_online(user(n), ConnectionId(t), kPhone);
        if (n % 2 == 0) presence.clear(user(n), ConnectionId(t));
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(presence.online_users(), 1000u);
}

}  // namespace
}  // namespace adapters::local
