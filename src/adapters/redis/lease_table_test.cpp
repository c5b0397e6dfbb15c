#include "adapters/redis/lease_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "base/random.hpp"

namespace adapters::redis {
namespace {

using Effect = LeaseTable::Effect;

const chat::DeviceId kPhone{"phone"};

chat::UserId user(std::uint64_t n) {
  chat::UserId id;
  id.bytes.back() = static_cast<std::uint8_t>(n);
  return id;
}

TEST(LeaseTable, SaysWhenAUserComesAndGoes) {
  LeaseTable table;
  EXPECT_EQ(table.add(user(1), chat::ConnectionId(1), kPhone), Effect::kUser);
  EXPECT_EQ(table.add(user(1), chat::ConnectionId(1), kPhone), Effect::kNothing);
  EXPECT_EQ(table.add(user(1), chat::ConnectionId(2), kPhone), Effect::kConnections);
  EXPECT_EQ(table.add(user(1), chat::ConnectionId(2), kPhone), Effect::kNothing);
  EXPECT_EQ(table.remove(user(1), chat::ConnectionId(1)), Effect::kConnections);
  EXPECT_EQ(table.remove(user(1), chat::ConnectionId(1)), Effect::kNothing) << "late, and already gone";
  EXPECT_TRUE(table.contains(user(1)));
  EXPECT_EQ(table.remove(user(1), chat::ConnectionId(2)), Effect::kUser);
  EXPECT_EQ(table.remove(user(1), chat::ConnectionId(2)), Effect::kNothing);
  EXPECT_EQ(table.size(), 0u);
}

TEST(LeaseTable, AgreesWithASetOfConnectionsOverRandomHistories) {
  base::SeededRandom random(11);
  LeaseTable table;
  std::map<std::uint64_t, std::set<std::uint64_t>> expected;
  for (int step = 0; step < 20'000; ++step) {
    const auto who = random.next() % 40;
    const auto connection = random.next() % 5;
    auto& held = expected[who];
    const auto before = held.size();
    Effect effect{};
    if (random.next() % 2 == 0) {
      held.insert(connection);
      effect = table.add(user(who), chat::ConnectionId(connection), kPhone);
    } else {
      held.erase(connection);
      effect = table.remove(user(who), chat::ConnectionId(connection));
    }
    ASSERT_EQ(effect != Effect::kNothing, held.size() != before);
    ASSERT_EQ(effect == Effect::kUser, (before == 0) != held.empty());
    std::set<std::uint64_t> seen;
    for (const auto& each : table.connections(user(who))) ASSERT_TRUE(seen.insert(each.id.value).second);
    ASSERT_EQ(seen, held);
  }
  std::set<chat::UserId> listed;
  for (std::size_t slice = 0; slice < LeaseTable::kSlices; ++slice) {
    for (const auto& id : table.users(slice)) ASSERT_TRUE(listed.insert(id).second);
  }
  EXPECT_EQ(listed.size(), table.size());
  for (const auto& [who, held] : expected) EXPECT_EQ(listed.contains(user(who)), !held.empty());
}

}  // namespace
}  // namespace adapters::redis
