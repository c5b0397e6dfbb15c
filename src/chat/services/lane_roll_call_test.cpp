// Which devices of a user make room where presence does not answer: the nodes are asked through the log.

#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class RollCall : public LaneTest {
 protected:
  RollCall() {
    store.among_others = true;
    options.limits.devices_per_user = 2;
    start();
  }
  BatchDigest& other() { return store.others.batches.emplace_back(); }
  /// Time enough for a look at the log.
  void look() {
    clock.advance(std::chrono::seconds(2));
    run();
  }
  /// What a session of bob's on another node has left in the log.
  Ending claim(const std::string& device) {
    Ending claim;
    claim.user = bob;
    claim.device = DeviceId{device};
    claim.handshake = clock.wall_now();
    claim.reason = EndReason::kReplaced;
    return claim;
  }
  /// Bob has as many devices as he may; answers the login of another one. Presence knows nothing.
  LoginId fill() {
    leave(join(bob, "old"));
    clock.advance(std::chrono::seconds(1));
    leave(join(bob, "recent"));
    presence.answers = false;
    return login(bob, "new");
  }
  std::set<std::string> devices_of_bob() {
    std::set<std::string> ids;
    const auto devices = store.devices(bob).value();
    for (const auto& device : devices) ids.insert(device.id.value);
    return ids;
  }

  UserId bob = person("bob");
};

TEST_F(RollCall, WhatNoNodeNamesWhenAllAreAskedMakesRoomWithoutPresence) {
  const auto by = fill();
  EXPECT_EQ(join(bob, "new", by).refusal().code, ErrorCode::kRetry);
  EXPECT_EQ(store.roll_calls, std::vector{bob});
  other().endings.push_back(claim("old"));
  look();
  EXPECT_EQ(join(bob, "new", by).refusal().code, ErrorCode::kRetry) << "others may still answer";
  EXPECT_EQ(store.roll_calls.size(), 1u) << "they were asked once";
  clock.advance(std::chrono::seconds(5));
  EXPECT_TRUE(std::holds_alternative<Attached>(join(bob, "new", by).answer));
  EXPECT_EQ(devices_of_bob(), (std::set<std::string>{"new", "old"})) << "which was used less recently";
}

TEST_F(RollCall, WhoConnectsElsewhereAfterAllWereAskedDoesNotMakeRoom) {
  const auto by = fill();
  EXPECT_EQ(join(bob, "new", by).refusal().code, ErrorCode::kRetry);
  clock.advance(std::chrono::seconds(6));
  for (const char* const device : {"old", "recent"}) other().endings.push_back(claim(device));
  EXPECT_EQ(join(bob, "new", by).refusal().code, ErrorCode::kRetry);
  EXPECT_EQ(devices_of_bob(), (std::set<std::string>{"old", "recent"}));
  EXPECT_EQ(store.roll_calls.size(), 2u) << "they may leave again";
}

TEST_F(RollCall, AQuestionThatWasNotCommittedHasNoAnswer) {
  const auto by = fill();
  store.fail_commit(1, StoreError::kFull);
  EXPECT_TRUE(std::holds_alternative<Refusal>(join(bob, "new", by).answer));
  clock.advance(std::chrono::seconds(6));
  EXPECT_EQ(join(bob, "new", by).refusal().code, ErrorCode::kRetry);
  EXPECT_EQ(store.roll_calls, std::vector{bob});
  EXPECT_EQ(devices_of_bob(), (std::set<std::string>{"old", "recent"}));
}

TEST_F(RollCall, ANodeThatIsAskedNamesItsSessionsAsOftenAsItTakes) {
  const auto phone = join(bob, "phone");
  const auto gone = join(bob, "laptop");
  leave(gone);
  clock.advance(std::chrono::seconds(6));
  run();
  store.endings.clear();
  store.fail_commit(1, StoreError::kUnavailable);
  other().roll_calls.push_back(bob);
  look();
  EXPECT_TRUE(store.endings.empty());
  clock.advance(std::chrono::milliseconds(250));
  run();
  ASSERT_EQ(store.endings.size(), 1u);
  EXPECT_EQ(store.endings[0].user, bob);
  EXPECT_EQ(store.endings[0].device, phone.device);
  EXPECT_EQ(store.endings[0].reason, EndReason::kReplaced);
  EXPECT_TRUE(phone.session->ends.empty());
  clock.advance(std::chrono::seconds(1));
  run();
  EXPECT_EQ(store.endings.size(), 1u) << "once";
}

}  // namespace
}  // namespace chat::testing
