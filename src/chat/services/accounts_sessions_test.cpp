#include <gtest/gtest.h>

#include <set>

#include "chat/services/accounts_fixture.hpp"

namespace {

using chat::EndReason;
using chat::testing::AccountWorld;
using chat::testing::code_of;
using chat::testing::Ending;

chat::Outcome<std::monostate> change_password(AccountWorld& world, const chat::Caller& caller, const std::string& from,
                                              const std::string& to) {
  return world.ask<std::monostate>(
      [&](auto reply) { world.accounts.change_password(caller, from, to, world.on, std::move(reply)); });
}

chat::Outcome<std::monostate> erase(AccountWorld& world, const chat::Caller& caller) {
  return world.ask<std::monostate>([&](auto reply) { world.accounts.erase(caller, world.on, std::move(reply)); });
}

void befriend(AccountWorld& world, const chat::Caller& a, const chat::Caller& b) {
  for (const auto& [from, to] : {std::pair(a, b), std::pair(b, a)}) {
    world.ask<std::monostate>(
        [&, f = from, t = to](auto reply) { world.relations.request(f, t.user, world.on, std::move(reply)); });
  }
}

TEST(Password, ChangeEndsAllOtherSessions) {
  AccountWorld world;
  const auto phone = world.registered("alice", "phone");
  const auto tablet = world.logged_in("alice", "tablet");
  const auto caller = world.caller(phone);
  EXPECT_EQ(code_of(change_password(world, caller, "wrong-password", "a-new-password")), "unauthorized");
  EXPECT_EQ(code_of(change_password(world, caller, "password-of-alice", "short")), "invalid");
  EXPECT_EQ(code_of(change_password(world, caller, "password-of-alice", "a-new-password")), "ok");
  EXPECT_EQ(code_of(world.try_authenticate(phone.access_token)), "ok");
  EXPECT_EQ(code_of(world.try_authenticate(tablet.access_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_refresh(tablet.refresh_token)), "unauthorized");
  EXPECT_EQ(world.lane.endings.back(),
            (Ending{"user " + caller.user.hex() + " but " + caller.login.hex(), EndReason::kPasswordChanged}));
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice"))), "unauthorized");
}

TEST(Sessions, ShowALoginThatHasRunOutWhileASocketOfItLives) {
  AccountWorld world;
  const auto phone = world.caller(world.registered("alice", "phone"));
  const auto tablet = world.caller(world.logged_in("alice", "tablet"));
  world.clock.advance(std::chrono::hours(24 * 31));
  const auto laptop = world.caller(world.logged_in("alice", "laptop"));
  const auto shown = [&] {
    const auto logins = std::get<std::vector<chat::Login>>(world.ask<std::vector<chat::Login>>(
        [&](auto reply) { world.accounts.logins(laptop, world.on, std::move(reply)); }));
    std::set<std::string> devices;
    for (const auto& login : logins) devices.insert(login.device.value);
    return devices;
  };
  EXPECT_EQ(shown(), (std::set<std::string>{"laptop"}));
  world.presence.devices.insert({tablet.user, tablet.device});
  EXPECT_EQ(shown(), (std::set<std::string>{"laptop", "tablet"})) << "it works on, so it can be chosen and ended";
  world.ask<std::monostate>(
      [&](auto reply) { world.accounts.revoke_login(laptop, tablet.login, world.on, std::move(reply)); });
  EXPECT_EQ(world.lane.endings, (std::vector<Ending>{{"login " + tablet.login.hex(), EndReason::kRevoked}}));
  EXPECT_EQ(shown(), (std::set<std::string>{"laptop"}));
  EXPECT_NE(phone.login, tablet.login);
}

TEST(Logout, EndsThisSessionAloneAndStopsItsPushes) {
  AccountWorld world;
  const auto phone = world.registered("alice", "phone");
  const auto tablet = world.logged_in("alice", "tablet");
  const auto caller = world.caller(phone);
  const auto set = world.ask<std::monostate>([&](auto reply) {
    world.accounts.set_push(caller, phone.device, chat::PushAddress{"fcm", "{}"}, world.on, std::move(reply));
  });
  EXPECT_EQ(code_of(set), "ok");
  world.ask<std::monostate>([&](auto reply) { world.accounts.log_out(caller, world.on, std::move(reply)); });
  EXPECT_EQ(world.lane.endings, (std::vector<Ending>{{"login " + caller.login.hex(), EndReason::kLogout}}));
  EXPECT_EQ(code_of(world.try_refresh(phone.refresh_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_authenticate(tablet.access_token)), "ok");
  const auto devices = world.store.devices(phone.user.id).value();
  for (const auto& device : devices) EXPECT_FALSE(device.push);
}

/// Alice's devices, by name: does the device have an address, and is it owed a push?
struct Addresses {
  explicit Addresses(AccountWorld& of) : world(of) {}
  void put(const chat::Grant& grant) {
    const chat::DeviceId device = grant.device;
    EXPECT_EQ(code_of(world.ask<std::monostate>([&](auto reply) {
                world.accounts.set_push(world.caller(grant), device, chat::PushAddress{"fcm", "{}"}, world.on,
                                        std::move(reply));
              })),
              "ok");
    chat::CommitBatch batch;
    batch.push_jobs.emplace_back();
    batch.push_jobs.back().user = grant.user.id;
    batch.push_jobs.back().device = device;
    batch.push_jobs.back().kind = "fcm";
    ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));
  }
  std::set<std::string> of(const chat::UserId& user) {
    std::set<std::string> names;
    const auto devices = world.store.devices(user).value();
    for (const auto& each : devices) {
      if (each.push) names.insert(each.id.value);
    }
    std::set<std::string> owed;
    const auto jobs = world.store.push_jobs(user).value();
    for (const auto& each : jobs) owed.insert(each.device.value);
    EXPECT_EQ(owed, names);
    return names;
  }
  /// A connection of this session has brought the device along.
  void bind(const chat::Caller& to, const std::string& name) {
    chat::CommitBatch batch;
    batch.devices.emplace_back();
    batch.devices.back().user = to.user;
    batch.devices.back().id = chat::DeviceId{name};
    batch.devices.back().login = to.login;
    batch.devices.back().push = chat::PushAddress{"fcm", "{}"};
    batch.push_jobs.emplace_back();
    batch.push_jobs.back().user = to.user;
    batch.push_jobs.back().device = chat::DeviceId{name};
    batch.push_jobs.back().kind = "fcm";
    ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));
  }
  AccountWorld& world;
};
using Names = std::set<std::string>;

TEST(PushAddress, GoesWithTheSessionsThatAChangedPasswordEnds) {
  AccountWorld world;
  Addresses addresses(world);
  const auto phone = world.registered("alice", "phone");
  const auto tablet = world.logged_in("alice", "tablet");
  addresses.put(phone);
  addresses.put(tablet);
  ASSERT_EQ(code_of(change_password(world, world.caller(phone), "password-of-alice", "a-new-password")), "ok");
  EXPECT_EQ(addresses.of(phone.user.id), Names{"phone"});
}

TEST(PushAddress, GoesWithTheFamilyWhoseTokenWasUsedTwice) {
  AccountWorld world;
  Addresses addresses(world);
  const auto phone = world.registered("alice", "phone");
  addresses.put(phone);
  const auto second = std::get<chat::Grant>(world.try_refresh(phone.refresh_token));
  const auto third = std::get<chat::Grant>(world.try_refresh(second.refresh_token));
  EXPECT_EQ(addresses.of(phone.user.id), Names{"phone"}) << "the same session goes on";
  EXPECT_EQ(code_of(world.try_refresh(phone.refresh_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_refresh(third.refresh_token)), "unauthorized");
  EXPECT_EQ(addresses.of(phone.user.id), Names{});
}

TEST(PushAddress, DoesNotPassToTheNextSessionOfItsDevice) {
  AccountWorld world;
  Addresses addresses(world);
  const auto stolen = world.registered("alice", "phone");
  addresses.put(stolen);
  world.logged_in("alice", "phone");
  EXPECT_EQ(addresses.of(stolen.user.id), Names{});
}

TEST(PushAddress, IsPutByTheSessionOfItsDeviceAndTakenBackByAny) {
  AccountWorld world;
  Addresses addresses(world);
  const auto phone = world.registered("alice", "phone");
  const auto tablet = world.caller(world.logged_in("alice", "tablet"));
  addresses.put(phone);
  const auto set = [&](std::optional<chat::PushAddress> address) {
    return code_of(world.ask<std::monostate>([&](auto reply) {
      world.accounts.set_push(tablet, phone.device, std::move(address), world.on, std::move(reply));
    }));
  };
  EXPECT_EQ(set(chat::PushAddress{"fcm", "another"}), "not_found");
  EXPECT_EQ(world.store.devices(phone.user.id).value().front().push->address, "{}");
  EXPECT_EQ(set(std::nullopt), "ok");
  EXPECT_EQ(addresses.of(phone.user.id), Names{});
}

TEST(PushAddress, OfADeviceThatAnotherSessionBroughtAlongGoesWhenItIsTakenOver) {
  AccountWorld world;
  Addresses addresses(world);
  const auto phone = world.registered("alice", "phone");
  addresses.put(phone);
  addresses.bind(world.caller(phone), "watch");
  world.logged_in("alice", "watch");
  EXPECT_EQ(addresses.of(phone.user.id), Names{"phone"});
  EXPECT_EQ(code_of(world.try_authenticate(phone.access_token)), "ok");
}

TEST(PushAddress, OfADeviceWhoseSessionGoesWithAnotherDeviceGoesToo) {
  AccountWorld world;
  Addresses addresses(world);
  const auto phone = world.registered("alice", "phone");
  const auto tablet = world.logged_in("alice", "tablet");
  addresses.put(tablet);
  addresses.bind(world.caller(phone), "watch");
  world.ask<std::monostate>([&](auto reply) {
    world.accounts.remove_device(world.caller(tablet), phone.device, world.on, std::move(reply));
  });
  EXPECT_EQ(addresses.of(phone.user.id), Names{"tablet"});
}

TEST(PushAddress, ThatIsTakenBackDoesNotBringBackADeviceThatMakesRoom) {
  chat::AccountOptions options;
  options.limits.devices_per_user = 2;
  AccountWorld world(options);
  Addresses addresses(world);
  const auto phone = world.registered("alice", "phone");
  const auto caller = world.caller(phone);
  world.clock.advance(std::chrono::seconds(1));
  world.logged_in("alice", "tablet");
  addresses.bind(caller, "watch");  // from before the limit; seen last in 1970
  world.logged_in("alice", "laptop");
  Names left;
  const auto devices = world.store.devices(phone.user.id).value();
  for (const auto& each : devices) left.insert(each.id.value);
  EXPECT_EQ(left, (Names{"laptop", "tablet"}));
  EXPECT_EQ(addresses.of(phone.user.id), Names{});
}

TEST(PushAddress, ThatCannotBeTakenBackLeavesTheSession) {
  AccountWorld world;
  Addresses addresses(world);
  const auto phone = world.registered("alice", "phone");
  addresses.put(phone);
  world.store.fail_commit(1, chat::StoreError::kUnknown);
  const auto caller = world.caller(phone);
  EXPECT_EQ(code_of(world.ask<std::monostate>(
                [&](auto reply) { world.accounts.log_out(caller, world.on, std::move(reply)); })),
            "retry");
  EXPECT_EQ(addresses.of(phone.user.id), Names{"phone"});
}

/// Every row and every socket of a session that goes, or none: whichever read of the store fails.
TEST(Sessions, EndWhollyOrNotAtAll) {
  const auto attempt = [](AccountWorld& world, int what, const chat::Caller& phone, const chat::Caller& tablet) {
    return world.ask<std::monostate>([&](auto reply) {
      if (what == 0) world.accounts.remove_device(phone, tablet.device, world.on, std::move(reply));
      if (what == 1) world.accounts.revoke_login(phone, tablet.login, world.on, std::move(reply));
      if (what == 2) world.accounts.log_out(tablet, world.on, std::move(reply));
      if (what == 3)
        world.accounts.change_password(phone, "password-of-alice", "a-new-password", world.on, std::move(reply));
    });
  };
  for (int what = 0; what < 4; ++what) {
    bool done = false;
    for (std::uint64_t nth = 1; !done; ++nth) {
      AccountWorld world;
      Addresses addresses(world);
      const auto phone = world.registered("alice", "phone");
      const auto tablet = world.logged_in("alice", "tablet");
      addresses.put(tablet);
      world.lane.endings.clear();
      const auto rows = [&] {
        return std::tuple(world.store.devices(phone.user.id).value().size(),
                          world.store.logins(phone.user.id).value().size(), addresses.of(phone.user.id).size());
      };
      const auto before = rows();
      const auto by_phone = world.caller(phone);
      const auto by_tablet = world.caller(tablet);
      world.store.fail_read(nth);
      const auto answered = code_of(attempt(world, what, by_phone, by_tablet));
      world.store.fail_read(0);  // no other
      done = answered == "ok";
      ASSERT_TRUE(done || answered == "retry") << answered;
      ASSERT_LT(nth, 50u);
      EXPECT_EQ(rows() == before, !done) << "what " << what << ", read " << nth;
      EXPECT_EQ(world.lane.endings.empty(), !done) << "what " << what << ", read " << nth;
    }
  }
}

TEST(Sessions, OfOthersCanNeitherBeSeenNorEnded) {
  AccountWorld world;
  const auto alice = world.caller(world.registered("alice"));
  const auto bob = world.caller(world.registered("bob1"));
  const auto ended = world.ask<std::monostate>(
      [&](auto reply) { world.accounts.revoke_login(bob, alice.login, world.on, std::move(reply)); });
  EXPECT_EQ(code_of(ended), "not_found");
  const auto listed =
      world.ask<std::vector<chat::Login>>([&](auto reply) { world.accounts.logins(bob, world.on, std::move(reply)); });
  ASSERT_EQ(std::get<0>(listed).size(), 1u);
  EXPECT_EQ(std::get<0>(listed)[0].id, bob.login);
}

TEST(Devices, RemovalEndsTheSessionWhoseOwnDeviceItIs) {
  AccountWorld world;
  const auto phone = world.registered("alice", "phone");
  const auto tablet = world.logged_in("alice", "tablet");
  const auto caller = world.caller(phone);
  const auto tablet_login = world.caller(tablet).login;
  const auto removed = world.ask<std::monostate>(
      [&](auto reply) { world.accounts.remove_device(caller, tablet.device, world.on, std::move(reply)); });
  EXPECT_EQ(code_of(removed), "ok");
  EXPECT_EQ(world.lane.endings, (std::vector<Ending>{{"device tablet", EndReason::kDeviceRemoved},
                                                     {"login " + tablet_login.hex(), EndReason::kDeviceRemoved}}));
  EXPECT_EQ(code_of(world.try_authenticate(tablet.access_token)), "unauthorized");
  const auto again = world.ask<std::monostate>(
      [&](auto reply) { world.accounts.remove_device(caller, tablet.device, world.on, std::move(reply)); });
  EXPECT_EQ(code_of(again), "not_found");
}

TEST(Devices, AreListedWithPositionAndPresence) {
  AccountWorld world;
  const auto phone = world.registered("alice", "phone");
  const auto caller = world.caller(phone);
  world.presence.devices.insert({phone.user.id, phone.device});
  world.logged_in("alice", "tablet");
  chat::CommitBatch batch;
  batch.positions.push_back({phone.user.id, phone.device, chat::MailboxSeq(3)});
  ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));
  const auto listed = world.ask<std::vector<chat::DeviceView>>(
      [&](auto reply) { world.accounts.devices(caller, world.on, std::move(reply)); });
  const auto& views = std::get<0>(listed);
  ASSERT_EQ(views.size(), 2u);
  const auto& first = views[views[0].device.id == phone.device ? 0 : 1];
  const auto& second = views[views[0].device.id == phone.device ? 1 : 0];
  EXPECT_EQ(first.position, chat::MailboxSeq(3));
  EXPECT_TRUE(first.online);
  EXPECT_FALSE(second.online);
  world.reads_full = true;  // presence may have to ask: not on the lane's thread
  EXPECT_EQ(code_of(world.ask<std::vector<chat::DeviceView>>(
                [&](auto reply) { world.accounts.devices(caller, world.on, std::move(reply)); })),
            "overloaded");
}

TEST(Profile, ChangesNameAndAddressUnlessTheyAreTaken) {
  AccountWorld world;
  const auto alice = world.caller(world.registered("alice"));
  world.registered("bob1");
  const auto update = [&](std::optional<std::string> name, std::optional<std::string> email) {
    return world.ask<chat::User>([&](auto reply) {
      world.accounts.update_me(alice, {std::move(name), std::move(email), {}}, world.on, std::move(reply));
    });
  };
  EXPECT_EQ(code_of(update("Bob1", std::nullopt)), "conflict");
  EXPECT_EQ(code_of(update(std::nullopt, "bob1@example.org")), "conflict");
  EXPECT_EQ(code_of(update("ALICE", std::nullopt)), "ok") << "one's own name in other letters";
  EXPECT_EQ(code_of(update("carol", "carol@example.org")), "ok");
  EXPECT_FALSE(world.store.user_by_name("alice").value());
  EXPECT_TRUE(world.store.user_by_name("carol").value());
}

TEST(Profile, TellsWhatIsTakenAsOftenAsALookUpMay) {
  AccountWorld world;
  const auto alice = world.caller(world.registered("alice"));
  world.registered("bob1");
  const auto update = [&](chat::AccountChange change) {
    return code_of(world.ask<chat::User>(
        [&](auto reply) { world.accounts.update_me(alice, std::move(change), world.on, std::move(reply)); }));
  };
  const auto most = chat::Limits{}.lookups_per_minute;
  for (std::uint32_t i = 0; i < 2 * most; ++i) EXPECT_EQ(update({{}, {}, i % 2 == 0}), "ok");
  for (std::uint32_t i = 0; i < most; i += 2) {
    EXPECT_EQ(update({"bob1", {}, {}}), "conflict");
    EXPECT_EQ(update({{}, "bob1@example.org", {}}), "conflict");
  }
  EXPECT_EQ(update({"bob1", {}, {}}), "rate_limited");
  EXPECT_EQ(update({"free", {}, {}}), "rate_limited") << "which says nothing of the name";
  EXPECT_EQ(update({{}, {}, true}), "ok");
  EXPECT_EQ(world.accounts.refused_lookups(), 2u);
  world.clock.advance(std::chrono::minutes(2));
  EXPECT_EQ(update({"bob1", {}, {}}), "conflict");
}

TEST(Profile, CommitsNothingThatIsSoAlready) {
  AccountWorld world;
  const auto alice = world.caller(world.registered("alice"));
  const auto writes = [&](chat::AccountChange change) {
    const auto outcome = world.ask<chat::User>(
        [&](auto reply) { world.accounts.update_me(alice, std::move(change), world.on, std::move(reply)); });
    EXPECT_EQ(code_of(outcome), "ok");
    return !world.lane.batch().empty();
  };
  EXPECT_TRUE(writes({{}, {}, true}));
  EXPECT_FALSE(writes({{}, {}, true}));
  EXPECT_FALSE(writes({"alice", "alice@example.org", true}));
  EXPECT_FALSE(writes({}));
  EXPECT_TRUE(writes({"Alice", {}, {}})) << "letter case is shown";
}

TEST(Profile, RemembersWhetherPushesMayShowTheText) {
  AccountWorld world;
  const auto alice = world.caller(world.registered("alice"));
  const auto update = [&](std::optional<bool> previews) {
    const auto changed = world.ask<chat::User>(
        [&](auto reply) { world.accounts.update_me(alice, {{}, {}, previews}, world.on, std::move(reply)); });
    return std::get<0>(changed).push_previews;
  };
  EXPECT_FALSE(update(std::nullopt)) << "off until somebody asks for it";
  EXPECT_TRUE(update(true));
  EXPECT_TRUE(update(std::nullopt)) << "absent fields stay";
  EXPECT_TRUE(world.store.user_by_name("alice").value()->push_previews);
  EXPECT_FALSE(update(false));
}

TEST(Erase, RemovesEverythingAndTellsFriendsOnly) {
  AccountWorld world;
  const auto alice_grant = world.registered("alice");
  const auto alice = world.caller(alice_grant);
  const auto bob = world.caller(world.registered("bob1"));
  const auto carol = world.caller(world.registered("carol"));
  befriend(world, alice, bob);
  befriend(world, alice, carol);
  world.ask<std::monostate>([&](auto reply) { world.relations.block(alice, carol.user, world.on, std::move(reply)); });
  const auto carol_head = world.store.mailbox_bounds(carol.user).value().head;
  chat::CommitBatch batch;
  chat::Message message;
  message.id = chat::MessageId::make(world.clock.wall_now(), world.random);
  message.sender = alice.user;
  message.recipient = bob.user;
  message.seq = chat::ConversationSeq(1);
  batch.messages.push_back(message);
  ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));

  EXPECT_EQ(code_of(erase(world, alice)), "ok");
  EXPECT_FALSE(world.store.user(alice.user).value());
  EXPECT_FALSE(world.store.user_by_name("alice").value());
  EXPECT_TRUE(world.store.logins(alice.user).value().empty());
  EXPECT_FALSE(world.store.message(message.id).value());
  EXPECT_TRUE(world.store.relations(bob.user).value().empty());
  EXPECT_EQ(code_of(world.try_authenticate(alice_grant.access_token)), "unauthorized");
  EXPECT_EQ(world.lane.endings.back(), (Ending{"user " + alice.user.hex(), EndReason::kRevoked}));
  const auto entries = world.store.read_mailbox(bob.user, {}, {}).value().rows;
  EXPECT_EQ(entries.back().entry.relation, chat::RelationEvent::kFriendRemoved);
  EXPECT_EQ(world.store.mailbox_bounds(carol.user).value().head, carol_head) << "a blocked friend hears nothing";
  EXPECT_EQ(code_of(world.try_register(AccountWorld::credentials("alice"))), "ok") << "the name is free again";
}

TEST(Commands, OfACallerWhoseSessionJustEndedChangeNothing) {
  AccountWorld world;
  const auto alice = world.caller(world.registered("alice"));
  const auto bob = world.caller(world.registered("bob1"));
  world.ask<std::monostate>([&](auto reply) { world.accounts.log_out(alice, world.on, std::move(reply)); });
  EXPECT_EQ(code_of(erase(world, alice)), "unauthorized");
  const auto asked = world.ask<std::monostate>(
      [&](auto reply) { world.relations.request(alice, bob.user, world.on, std::move(reply)); });
  EXPECT_EQ(code_of(asked), "unauthorized");
  EXPECT_EQ(world.store.mailbox_bounds(bob.user).value().head, chat::MailboxSeq(0));
}

TEST(FindUser, IsExactAndLimitedPerUser) {
  AccountWorld world;
  const auto alice = world.caller(world.registered("alice"));
  world.registered("bob1");
  const auto find = [&](const std::string& name) {
    return world.ask<chat::User>(
        [&](auto reply) { world.accounts.find_user(alice, name, world.on, std::move(reply)); });
  };
  EXPECT_EQ(code_of(find("bob1")), "ok");
  EXPECT_EQ(code_of(find("bob")), "not_found");
  for (int i = 0; i < 28; ++i) find("bob1");
  EXPECT_EQ(code_of(find("bob1")), "rate_limited");
}

}  // namespace
