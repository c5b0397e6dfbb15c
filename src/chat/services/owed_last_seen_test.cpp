#include "chat/services/owed_last_seen.hpp"

#include <gtest/gtest.h>

#include "chat/services/accounts_fixture.hpp"

namespace chat::testing {
namespace {

using std::chrono::hours;

TEST(OwedLastSeen, IsBounded) {
  OwedLastSeen owed;
  base::SeededRandom random{7};
  const WallTime now{hours(1)};
  const auto known = UserId::make(now, random);
  owed.left(known, now);
  for (std::size_t i = 0; i < OwedLastSeen::kUsers; ++i) owed.left(UserId::make(now, random), now);
  EXPECT_EQ(owed.users(), OwedLastSeen::kUsers);
  owed.left(known, now + hours(1));
  EXPECT_EQ(owed.of_user(known), now + hours(1)) << "who is in it stays exact";
  for (std::size_t i = 0; i <= OwedLastSeen::kDevicesOfUser; ++i) owed.left(known, DeviceId{std::to_string(i)}, now);
  EXPECT_EQ(owed.of_devices(known).size(), OwedLastSeen::kDevicesOfUser);
  owed.written(known);
  EXPECT_EQ(owed.of_user(known), WallTime{});
  EXPECT_TRUE(owed.of_devices(known).empty());
}

TEST(OwedLastSeen, ShowsInWhatAUserSeesOfItself) {
  AccountWorld world;
  const auto phone = world.registered("alice", "phone");
  const auto caller = world.caller(phone);
  OwedLastSeen owed;
  AccountService accounts(
      {world.lane, world.store, world.hasher, world.access_tokens, world.refresh_tokens, world.clock,
       AccountWorld::pool(world.reads_full), world.password_pool(), world.presence, nullptr, &owed},
      {});
  const auto later = phone.user.last_seen + hours(1);
  owed.left(caller.user, later);
  owed.left(caller.user, caller.device, later);
  const auto me = world.ask<User>([&](auto reply) { accounts.me(caller, world.on, std::move(reply)); });
  EXPECT_EQ(std::get<User>(me).last_seen, later);
  const auto devices =
      world.ask<std::vector<DeviceView>>([&](auto reply) { accounts.devices(caller, world.on, std::move(reply)); });
  EXPECT_EQ(std::get<0>(devices)[0].device.last_seen, later);
  const auto changed = world.ask<User>(
      [&](auto reply) { accounts.update_me(caller, {std::string("alicia"), {}, {}}, world.on, std::move(reply)); });
  EXPECT_EQ(std::get<User>(changed).last_seen, later);
  auto again = AccountWorld::credentials("alicia", "phone");
  again.password = "password-of-alice";
  const auto grant =
      world.ask<Grant>([&](auto reply) { accounts.log_in(std::move(again), world.on, std::move(reply)); });
  EXPECT_EQ(std::get<Grant>(grant).user.last_seen, later);
  EXPECT_EQ(world.store.user(caller.user).value()->last_seen, phone.user.last_seen) << "the lane writes it";
}

}  // namespace
}  // namespace chat::testing
