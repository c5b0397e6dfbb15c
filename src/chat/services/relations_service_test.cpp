#include "chat/services/relations_service.hpp"

#include <gtest/gtest.h>

#include "chat/services/accounts_fixture.hpp"

namespace {

using chat::Caller;
using chat::RelationEvent;
using chat::testing::AccountWorld;
using chat::testing::code_of;

/// Answers when a test says so.
class UnsurePresence final : public chat::Presence {
 public:
  bool answers = true;
  void set_online(const chat::UserId&, chat::ConnectionId, const chat::DeviceId&) override {}
  void clear(const chat::UserId&, chat::ConnectionId) override {}
  [[nodiscard]] bool is_online(const chat::UserId&) const override { return false; }
  [[nodiscard]] std::vector<Found> look_up(std::span<const chat::UserId> users) const override {
    return std::vector<Found>(users.size(), Found{.online = false, .hit = answers});
  }
  [[nodiscard]] std::vector<Found> look_up_devices(const chat::UserId&,
                                                   std::span<const chat::DeviceId> devices) const override {
    return std::vector<Found>(devices.size());
  }
};

class Relations : public ::testing::Test {
 protected:
  AccountWorld world;
  Caller alice = world.caller(world.registered("alice"));
  Caller bob = world.caller(world.registered("bob1"));

  using Verb = void (chat::Relations::*)(const Caller&, chat::UserId, base::Executor&, chat::Reply<std::monostate>);
  std::string run(Verb verb, const Caller& actor, const chat::UserId& peer) {
    return code_of(world.ask<std::monostate>(
        [&](auto reply) { (world.relations.*verb)(actor, peer, world.on, std::move(reply)); }));
  }
  std::string request(const Caller& from, std::variant<chat::UserId, std::string> to) {
    return code_of(world.ask<std::monostate>(
        [&](auto reply) { world.relations.request(from, std::move(to), world.on, std::move(reply)); }));
  }
  std::vector<RelationEvent> events(const Caller& owner) {
    std::vector<RelationEvent> found;
    const auto rows = world.store.read_mailbox(owner.user, {}, {}).value().rows;
    for (const auto& row : rows) {
      found.push_back(row.entry.relation);
    }
    return found;
  }
  std::size_t friends_of(const Caller& who) {
    const auto listed = world.ask<std::vector<chat::FriendView>>(
        [&](auto reply) { world.relations.friends(who, world.on, std::move(reply)); });
    return std::get<0>(listed).size();
  }
  chat::Requests requests_of(const Caller& who) {
    return std::get<0>(
        world.ask<chat::Requests>([&](auto reply) { world.relations.requests(who, world.on, std::move(reply)); }));
  }
  void befriend() {
    request(alice, bob.user);
    run(&chat::Relations::accept, bob, alice.user);
  }
};

TEST_F(Relations, ARequestReachesTheRecipientsMailboxAndItsAcceptanceBoth) {
  EXPECT_EQ(request(alice, std::string("BOB1")), "ok");
  EXPECT_EQ(events(bob), std::vector{RelationEvent::kFriendRequest});
  EXPECT_TRUE(events(alice).empty());
  EXPECT_EQ(requests_of(alice).outgoing.size(), 1u);
  EXPECT_EQ(requests_of(bob).incoming.size(), 1u);
  EXPECT_EQ(requests_of(bob).incoming[0].user.username, "alice");
  EXPECT_EQ(run(&chat::Relations::accept, bob, alice.user), "ok");
  EXPECT_EQ(events(alice), std::vector{RelationEvent::kFriendAccepted});
  EXPECT_EQ(events(bob), (std::vector{RelationEvent::kFriendRequest, RelationEvent::kFriendAccepted}));
  EXPECT_EQ(friends_of(alice), 1u);
  EXPECT_TRUE(requests_of(bob).incoming.empty());
  EXPECT_EQ(world.lane.friendship_changes.back().second, true);
}

TEST_F(Relations, ARepeatedRequestIsToldOnce) {
  request(alice, bob.user);
  EXPECT_EQ(request(alice, bob.user), "ok");
  EXPECT_EQ(events(bob).size(), 1u);
}

TEST_F(Relations, CrossingRequestsAcceptEachOther) {
  request(alice, bob.user);
  EXPECT_EQ(request(bob, alice.user), "ok");
  EXPECT_EQ(friends_of(bob), 1u);
}

TEST_F(Relations, UnknownBlockingAndSelfAnswerAlike) {
  run(&chat::Relations::block, bob, alice.user);
  EXPECT_EQ(request(alice, bob.user), "ok");
  EXPECT_EQ(request(alice, std::string("nobody")), "ok");
  EXPECT_EQ(request(alice, chat::UserId{}), "ok");
  EXPECT_EQ(request(alice, alice.user), "ok");
  EXPECT_TRUE(events(bob).empty());
  EXPECT_TRUE(requests_of(alice).outgoing.empty());
}

TEST_F(Relations, AcceptWithoutARequestIsNotFoundAndRepeatedIsFine) {
  EXPECT_EQ(run(&chat::Relations::accept, bob, alice.user), "not_found");
  befriend();
  EXPECT_EQ(run(&chat::Relations::accept, bob, alice.user), "ok");
  EXPECT_EQ(events(alice).size(), 1u);
}

TEST_F(Relations, ADeclinedRequestIsGoneWithoutAWord) {
  request(alice, bob.user);
  EXPECT_EQ(run(&chat::Relations::decline, bob, alice.user), "ok");
  EXPECT_EQ(run(&chat::Relations::decline, bob, alice.user), "ok");
  EXPECT_TRUE(events(alice).empty());
  EXPECT_TRUE(requests_of(alice).outgoing.empty());
}

TEST_F(Relations, RemovalIsToldToBothOnce) {
  befriend();
  EXPECT_EQ(run(&chat::Relations::remove, alice, bob.user), "ok");
  EXPECT_EQ(run(&chat::Relations::remove, alice, bob.user), "ok");
  EXPECT_EQ(events(alice), (std::vector{RelationEvent::kFriendAccepted, RelationEvent::kFriendRemoved}));
  EXPECT_EQ(events(bob).back(), RelationEvent::kFriendRemoved);
  EXPECT_EQ(world.lane.friendship_changes.back().second, false);
}

TEST_F(Relations, ABlockIsNeverToldSuspendsAndCanBeTakenBack) {
  befriend();
  const auto told = events(bob).size();
  EXPECT_EQ(run(&chat::Relations::block, alice, bob.user), "ok");
  EXPECT_EQ(run(&chat::Relations::block, alice, bob.user), "ok");
  EXPECT_EQ(events(bob).size(), told);
  EXPECT_EQ(friends_of(alice), 0u);
  EXPECT_EQ(friends_of(bob), 0u);
  EXPECT_EQ(run(&chat::Relations::unblock, alice, bob.user), "ok");
  EXPECT_EQ(friends_of(alice), 1u);
  EXPECT_EQ(events(bob).size(), told);
}

TEST_F(Relations, WhatIsSoAlreadyIsNotCommittedAgain) {
  for (const Verb verb : {&chat::Relations::block, &chat::Relations::unblock}) {
    EXPECT_EQ(run(verb, alice, bob.user), "ok");
    EXPECT_FALSE(world.lane.batch().empty());
    EXPECT_EQ(run(verb, alice, bob.user), "ok");
    EXPECT_TRUE(world.lane.batch().empty());
  }
}

TEST_F(Relations, ABlockOfNobodyIsNotFoundAndOfOneselfInvalid) {
  EXPECT_EQ(run(&chat::Relations::block, alice, chat::UserId{}), "not_found");
  EXPECT_EQ(run(&chat::Relations::block, alice, alice.user), "invalid");
  EXPECT_EQ(run(&chat::Relations::unblock, alice, chat::UserId{}), "ok");
  EXPECT_TRUE(world.store.relations(alice.user).value().empty());
}

TEST_F(Relations, BlockedListsOnlyOnesOwnBlocks) {
  run(&chat::Relations::block, alice, bob.user);
  const auto list = [&](const Caller& who) {
    return std::get<0>(world.ask<std::vector<chat::User>>(
        [&](auto reply) { world.relations.blocked(who, world.on, std::move(reply)); }));
  };
  EXPECT_EQ(list(alice).size(), 1u);
  EXPECT_TRUE(list(bob).empty());
}

TEST_F(Relations, FriendsCarryTheirPresence) {
  befriend();
  const auto bob_is_online = [&] {
    const auto listed = world.ask<std::vector<chat::FriendView>>(
        [&](auto reply) { world.relations.friends(alice, world.on, std::move(reply)); });
    return std::get<0>(listed)[0].online;
  };
  EXPECT_FALSE(bob_is_online());
  world.presence.online.insert(bob.user);
  EXPECT_TRUE(bob_is_online());
  EXPECT_TRUE(world.shown_online.empty()) << "this node knows itself when he goes";
  world.presence.online.erase(bob.user);
  world.presence.elsewhere.insert(bob.user);
  EXPECT_TRUE(bob_is_online());
  EXPECT_EQ(world.shown_online, std::vector{bob.user});
}

TEST_F(Relations, FriendsCarryADepartureThatIsNotWrittenYet) {
  befriend();
  chat::OwedLastSeen owed;
  chat::RelationService relations(
      {world.lane, world.store, world.presence, world.clock, AccountWorld::pool(world.reads_full), nullptr, {}, &owed},
      {});
  const auto bob_was_seen = [&] {
    const auto listed = world.ask<std::vector<chat::FriendView>>(
        [&](auto reply) { relations.friends(alice, world.on, std::move(reply)); });
    return std::get<0>(listed)[0].user.last_seen;
  };
  const auto stored = world.store.user(bob.user).value()->last_seen;
  EXPECT_EQ(bob_was_seen(), stored);
  owed.left(bob.user, stored + std::chrono::hours(1));
  EXPECT_EQ(bob_was_seen(), stored + std::chrono::hours(1));
  owed.left(bob.user, stored - std::chrono::hours(1));
  EXPECT_EQ(bob_was_seen(), stored) << "another node has seen him since";
}

TEST_F(Relations, FriendsAreCountedAsLookUps) {
  befriend();
  base::Registry registry;
  chat::LaneMetrics metrics(registry);
  UnsurePresence presence;
  chat::RelationService relations({world.lane,
                                   world.store,
                                   presence,
                                   world.clock,
                                   AccountWorld::pool(world.reads_full),
                                   nullptr,
                                   {},
                                   nullptr,
                                   &metrics},
                                  {});
  const auto look = [&] {
    world.ask<std::vector<chat::FriendView>>([&](auto reply) { relations.friends(alice, world.on, std::move(reply)); });
  };
  look();
  EXPECT_EQ(metrics.presence_hits.value(), 1u);
  presence.answers = false;
  look();
  EXPECT_EQ(metrics.presence_hits.value(), 1u);
  EXPECT_EQ(metrics.presence_misses.value(), 1u);
}

TEST_F(Relations, RequestsAreLimitedPerDay) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(request(alice, std::string("nobody")), "ok");
  EXPECT_EQ(request(alice, bob.user), "rate_limited");
  world.clock.advance(std::chrono::hours(48));
  alice = world.caller(world.logged_in("alice"));
  EXPECT_EQ(request(alice, bob.user), "ok");
}

// The n-th commit fails: the answer says so, and nothing of the step is visible.
TEST_F(Relations, AFailedCommitIsNotToldAsSuccess) {
  world.store.fail_commit(1, chat::StoreError::kUnknown);
  EXPECT_EQ(request(alice, bob.user), "retry");
  EXPECT_TRUE(events(bob).empty());
  EXPECT_EQ(request(alice, bob.user), "ok");
  EXPECT_EQ(events(bob).size(), 1u);
}

}  // namespace
