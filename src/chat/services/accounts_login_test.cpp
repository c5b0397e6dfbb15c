#include <gtest/gtest.h>

#include "chat/services/accounts_fixture.hpp"

namespace {

using chat::EndReason;
using chat::Refusal;
using chat::testing::AccountWorld;
using chat::testing::code_of;
using chat::testing::Ending;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

template <class T>
Refusal refusal_in(const chat::Outcome<T>& outcome) {
  return std::get<Refusal>(outcome);
}

TEST(Register, MakesAUserADeviceAndWorkingTokens) {
  AccountWorld world;
  const auto grant = world.registered("Alice");
  EXPECT_EQ(grant.user.username, "Alice");
  EXPECT_EQ(grant.expires_in, minutes(15));
  const auto caller = world.caller(grant);
  EXPECT_EQ(caller.user, grant.user.id);
  EXPECT_EQ(caller.device, grant.device);
  EXPECT_EQ(code_of(world.try_refresh(grant.refresh_token)), "ok");
  const auto stored = world.store.user(grant.user.id).value();
  ASSERT_TRUE(stored);
  EXPECT_NE(stored->password_hash, "password-of-Alice");
}

TEST(Register, RefusesTakenNamesAndAddressesWithoutRegardToCase) {
  AccountWorld world;
  world.registered("alice");
  auto again = AccountWorld::credentials("ALICE");
  again.email = "other@example.org";
  const auto name = refusal_in(world.try_register(again));
  EXPECT_EQ(name.code, chat::ErrorCode::kConflict);
  EXPECT_EQ(name.field, "username");
  auto email = AccountWorld::credentials("bob");
  email.email = "Alice@Example.ORG";
  EXPECT_EQ(refusal_in(world.try_register(email)).field, "email");
}

TEST(Register, NamesTheFieldThatIsWrong) {
  AccountWorld world;
  auto credentials = AccountWorld::credentials("al");
  EXPECT_EQ(refusal_in(world.try_register(credentials)).field, "username");
  credentials = AccountWorld::credentials("alice");
  credentials.email = "nonsense";
  EXPECT_EQ(refusal_in(world.try_register(credentials)).field, "email");
  credentials = AccountWorld::credentials("alice");
  credentials.password = "short";
  const auto refusal = refusal_in(world.try_register(credentials));
  EXPECT_EQ(refusal.field, "password");
  EXPECT_EQ(refusal.code, chat::ErrorCode::kInvalid);
}

TEST(Register, IsLimitedPerAddressUnlessItIsTrusted) {
  AccountWorld world;
  for (int i = 0; i < 30; ++i) world.registered("user" + std::to_string(i));
  const auto refusal = refusal_in(world.try_register(AccountWorld::credentials("late")));
  EXPECT_EQ(refusal.code, chat::ErrorCode::kRateLimited);
  EXPECT_GE(refusal.retry_after_seconds, 1u);
  auto trusted = AccountWorld::credentials("late");
  trusted.trusted_address = true;
  EXPECT_EQ(code_of(world.try_register(trusted)), "ok");
}

TEST(Register, IsAnsweredOverloadedWhenHashingIsBusyOrTheLaneIsFull) {
  AccountWorld world;
  world.passwords_full = true;
  const auto refusal = refusal_in(world.try_register(AccountWorld::credentials("alice")));
  EXPECT_EQ(refusal.code, chat::ErrorCode::kOverloaded);
  EXPECT_GE(refusal.retry_after_seconds, 1u);
  world.passwords_full = false;
  world.lane.full = true;
  EXPECT_EQ(code_of(world.try_register(AccountWorld::credentials("alice"))), "overloaded");
  world.lane.full = false;
  EXPECT_EQ(code_of(world.try_register(AccountWorld::credentials("alice"))), "ok");
}

TEST(Register, IsAnsweredRetryWhenTheOutcomeIsUnknown) {
  AccountWorld world;
  world.store.fail_commit(1, chat::StoreError::kUnknown);
  EXPECT_EQ(code_of(world.try_register(AccountWorld::credentials("alice"))), "retry");
  world.store.fail_commit(1, chat::StoreError::kFull);
  EXPECT_EQ(code_of(world.try_register(AccountWorld::credentials("alice"))), "storage_full");
}

// Fails each store read in turn: always an answer, never a half-made account.
TEST(Register, SurvivesTheFailureOfAnyRead) {
  AccountWorld clean;
  const auto before = clean.store.reads();
  clean.registered("alice");
  const auto reads = clean.store.reads() - before;
  for (std::uint64_t nth = 1; nth <= reads; ++nth) {
    AccountWorld world;
    world.store.fail_read(nth);
    EXPECT_EQ(code_of(world.try_register(AccountWorld::credentials("alice"))), "retry") << nth;
    EXPECT_FALSE(world.store.has_users().value()) << nth;
    EXPECT_EQ(code_of(world.try_register(AccountWorld::credentials("alice"))), "ok") << nth;
  }
}

TEST(Login, FailsAlikeForAWrongPasswordAndAnUnknownUser) {
  AccountWorld world;
  world.registered("alice");
  auto wrong = AccountWorld::credentials("alice");
  wrong.password = "not-her-password";
  const auto first = refusal_in(world.try_log_in(wrong));
  const int work = world.hasher.verified;
  const auto second = refusal_in(world.try_log_in(AccountWorld::credentials("nobody")));
  EXPECT_EQ(first.code, chat::ErrorCode::kUnauthorized);
  EXPECT_EQ(first.code, second.code);
  EXPECT_EQ(first.message, second.message);
  EXPECT_EQ(world.hasher.verified, work + 1) << "an unknown user costs a hash too";
}

TEST(Login, FailsForABannedUserLikeForAnUnknownOne) {
  AccountWorld world;
  auto user = world.registered("alice").user;
  user.deactivated = true;
  chat::CommitBatch batch;
  batch.users.push_back(user);
  ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice"))), "unauthorized");
}

TEST(Login, IsThrottledPerAccountAfterFiveFailuresAndRecovers) {
  AccountWorld world;
  world.registered("alice");
  auto wrong = AccountWorld::credentials("alice");
  wrong.password = "not-her-password";
  for (int i = 0; i < 5; ++i) EXPECT_EQ(code_of(world.try_log_in(wrong)), "unauthorized");
  const auto refusal = refusal_in(world.try_log_in(AccountWorld::credentials("alice")));
  EXPECT_EQ(refusal.code, chat::ErrorCode::kRateLimited);
  world.clock.advance(seconds(refusal.retry_after_seconds));
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice"))), "ok");
  EXPECT_EQ(code_of(world.try_log_in(wrong)), "unauthorized") << "success forgives";
}

/// What so many log-ins of alice that come at once are answered, in order of the answers.
std::vector<std::string> at_once(AccountWorld& world, int count, const chat::Credentials& credentials) {
  std::vector<std::string> answers;
  world.passwords_held = true;
  for (int i = 0; i < count; ++i) {
    auto each = credentials;
    each.device = chat::DeviceId{"device" + std::to_string(i)};
    world.accounts.log_in(std::move(each), world.on, [&answers](const chat::Outcome<chat::Grant>& outcome) {
      answers.push_back(code_of(outcome));
    });
  }
  world.run_passwords();
  return answers;
}

TEST(Login, OfManyDevicesAtOnceIsNoGuessing) {
  for (const int count : {6, 8, 16}) {
    AccountWorld world;
    world.registered("alice");
    EXPECT_EQ(at_once(world, count, AccountWorld::credentials("alice")),
              std::vector<std::string>(static_cast<std::size_t>(count), "ok"));
  }
}

TEST(Login, JudgesFiveOfAHundredGuessesAtOnce) {
  AccountWorld world;
  world.registered("alice");
  auto wrong = AccountWorld::credentials("alice");
  wrong.password = "not-her-password";
  wrong.trusted_address = true;
  const auto answers = at_once(world, 100, wrong);
  EXPECT_EQ(world.hasher.verified, 5);
  EXPECT_EQ(std::count(answers.begin(), answers.end(), "unauthorized"), 5);
  EXPECT_EQ(std::count(answers.begin(), answers.end(), "rate_limited"), 95);
}

TEST(ChangePassword, AtOnceIsJudgedInTurnToo) {
  AccountWorld world;
  const auto caller = world.caller(world.registered("alice"));
  world.passwords_held = true;
  std::vector<std::string> answers;
  for (int i = 0; i < 20; ++i) {
    world.accounts.change_password(
        caller, "not-her-password", "another password", world.on,
        [&answers](const chat::Outcome<std::monostate>& outcome) { answers.push_back(code_of(outcome)); });
  }
  EXPECT_EQ(world.run_passwords(), 5);
  EXPECT_EQ(std::count(answers.begin(), answers.end(), "unauthorized"), 5);
  EXPECT_EQ(answers.size(), 20u);
}

TEST(Login, IsLimitedPerAddress) {
  AccountWorld world;
  world.registered("alice");
  for (int i = 0; i < 30; ++i) EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice", "phone"))), "ok");
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice"))), "rate_limited");
  auto trusted = AccountWorld::credentials("alice");
  trusted.trusted_address = true;
  EXPECT_EQ(code_of(world.try_log_in(trusted)), "ok");
  world.clock.advance(minutes(2));
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice"))), "ok");
}

TEST(Login, RenewsAnOutdatedHash) {
  AccountWorld world;
  const auto user = world.registered("alice").user;
  world.hasher.version = 2;
  world.logged_in("alice");
  EXPECT_EQ(world.store.user(user.id).value()->password_hash, "v2:password-of-alice");
}

TEST(Login, OnAKnownDeviceReplacesItsSessionAndKeepsItsPosition) {
  AccountWorld world;
  const auto first = world.registered("alice", "phone");
  const auto old_login = world.caller(first).login;
  const auto second = world.logged_in("alice", "phone");
  EXPECT_EQ(code_of(world.try_authenticate(first.access_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_refresh(first.refresh_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_authenticate(second.access_token)), "ok");
  EXPECT_EQ(world.lane.endings, (std::vector<Ending>{{"device phone", EndReason::kReplaced},
                                                     {"login " + old_login.hex(), EndReason::kReplaced}}));
  EXPECT_EQ(world.store.devices(first.user.id).value().size(), 1u);
}

TEST(Login, StartsANewDeviceAtTheHighestConfirmedPosition) {
  AccountWorld world;
  const auto user = world.registered("alice", "phone").user.id;
  chat::CommitBatch batch;
  batch.positions.push_back({user, *chat::DeviceId::parse("phone"), chat::MailboxSeq(17)});
  ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));
  world.logged_in("alice", "tablet");
  const auto devices = world.store.devices(user).value();
  for (const auto& device : devices) {
    EXPECT_EQ(device.start.value, device.id.value == "tablet" ? 17u : 0u);
  }
}

TEST(Login, StartsANewDeviceWhereOneStartsThatHasConfirmedNothingYet) {
  AccountWorld world;
  const auto user = world.registered("alice", "phone").user.id;
  chat::CommitBatch batch;
  batch.positions.push_back({user, *chat::DeviceId::parse("phone"), chat::MailboxSeq(5)});
  ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));
  const auto laptop = world.caller(world.logged_in("alice", "laptop"));
  const auto removed = world.ask<std::monostate>([&](auto reply) {
    world.accounts.remove_device(laptop, *chat::DeviceId::parse("phone"), world.on, std::move(reply));
  });
  ASSERT_TRUE(std::holds_alternative<std::monostate>(removed));
  world.logged_in("alice", "tablet");
  const auto devices = world.store.devices(user).value();
  ASSERT_EQ(devices.size(), 2u);
  for (const auto& device : devices) EXPECT_EQ(device.start, chat::MailboxSeq(5)) << device.id.value;
}

TEST(Login, AboveTheDeviceLimitDropsTheLeastRecentlyUsedOfflineDevice) {
  chat::AccountOptions options;
  options.limits.devices_per_user = 2;
  AccountWorld world(options);
  const auto phone = world.registered("alice", "phone");
  world.clock.advance(seconds(1));
  const auto tablet = world.logged_in("alice", "tablet");
  world.lane.live.insert({phone.user.id, phone.device});
  world.logged_in("alice", "laptop");
  EXPECT_EQ(code_of(world.try_authenticate(tablet.access_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_authenticate(phone.access_token)), "ok");
  world.lane.live.insert({phone.user.id, *chat::DeviceId::parse("laptop")});
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice", "watch"))), "conflict");
}

TEST(Login, AboveTheDeviceLimitDropsNothingThatMayBeOnline) {
  chat::AccountOptions options;
  options.limits.devices_per_user = 2;
  AccountWorld world(options);
  const auto phone = world.registered("alice", "phone");
  world.clock.advance(seconds(1));
  const auto tablet = world.logged_in("alice", "tablet");
  world.lane.presence_answers = false;
  const auto refused = world.try_log_in(AccountWorld::credentials("alice", "laptop"));
  EXPECT_EQ(code_of(refused), "retry");
  EXPECT_GT(refusal_in(refused).retry_after_seconds, 0u);
  EXPECT_EQ(code_of(world.try_authenticate(phone.access_token)), "ok");
  EXPECT_EQ(code_of(world.try_authenticate(tablet.access_token)), "ok");
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice", "phone"))), "ok") << "it needs no room";
  world.lane.presence_answers = true;
  EXPECT_EQ(code_of(world.try_log_in(AccountWorld::credentials("alice", "laptop"))), "ok");
}

TEST(Authenticate, TellsExpiredFromInvalidFromRevoked) {
  AccountWorld world;
  const auto grant = world.registered("alice");
  EXPECT_EQ(refusal_in(world.try_authenticate("nonsense")).reason, "invalid");
  const auto caller = world.caller(grant);
  world.ask<std::monostate>([&](auto reply) { world.accounts.log_out(caller, world.on, std::move(reply)); });
  EXPECT_EQ(refusal_in(world.try_authenticate(grant.access_token)).reason, "revoked");
  world.clock.advance(minutes(15));
  EXPECT_EQ(refusal_in(world.try_authenticate(grant.access_token)).reason, "expired");
}

// --- refresh tokens: who may present what, and what it does to the others ---

TEST(Refresh, RotatesAndLetsTheParentBeRepeatedUntilAChildIsUsed) {
  AccountWorld world;
  const auto parent = world.registered("alice").refresh_token;
  const auto lost = std::get<chat::Grant>(world.try_refresh(parent));
  const auto child = std::get<chat::Grant>(world.try_refresh(parent));
  EXPECT_NE(lost.refresh_token, child.refresh_token);
  EXPECT_EQ(code_of(world.try_authenticate(child.access_token)), "ok");
  EXPECT_EQ(code_of(world.try_refresh(child.refresh_token)), "ok");
  EXPECT_TRUE(world.lane.endings.empty());
}

TEST(Refresh, OfTheParentAfterAChildWasUsedRevokesTheFamily) {
  AccountWorld world;
  const auto parent = world.registered("alice");
  const auto login = world.caller(parent).login;
  const auto child = std::get<chat::Grant>(world.try_refresh(parent.refresh_token));
  const auto grandchild = std::get<chat::Grant>(world.try_refresh(child.refresh_token));
  EXPECT_EQ(code_of(world.try_refresh(parent.refresh_token)), "unauthorized");
  EXPECT_EQ(world.lane.endings, (std::vector<Ending>{{"login " + login.hex(), EndReason::kRevoked}}));
  EXPECT_EQ(code_of(world.try_refresh(grandchild.refresh_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_authenticate(grandchild.access_token)), "unauthorized");
}

TEST(Refresh, OfTheOtherChildAfterOneWasUsedRevokesTheFamily) {
  AccountWorld world;
  const auto parent = world.registered("alice").refresh_token;
  const auto one = std::get<chat::Grant>(world.try_refresh(parent));
  const auto other = std::get<chat::Grant>(world.try_refresh(parent));
  const auto next = std::get<chat::Grant>(world.try_refresh(one.refresh_token));
  EXPECT_EQ(code_of(world.try_refresh(other.refresh_token)), "unauthorized");
  EXPECT_EQ(code_of(world.try_refresh(next.refresh_token)), "unauthorized");
}

TEST(Refresh, OfAForgedTokenHarmsNobody) {
  AccountWorld world;
  const auto grant = world.registered("alice");
  EXPECT_EQ(code_of(world.try_refresh("forged")), "unauthorized");
  EXPECT_EQ(code_of(world.try_refresh(grant.refresh_token)), "ok");
}

TEST(Refresh, EndsThirtyDaysAfterTheLastChildWasUsedHoweverOftenTheParentComes) {
  AccountWorld world;
  const auto parent = world.registered("alice").refresh_token;
  world.clock.advance(hours(24 * 29));
  EXPECT_EQ(code_of(world.try_refresh(parent)), "ok");
  world.clock.advance(hours(24));
  EXPECT_EQ(code_of(world.try_refresh(parent)), "unauthorized");
}

TEST(Refresh, IsProlongedByUsingAChild) {
  AccountWorld world;
  const auto parent = world.registered("alice").refresh_token;
  world.clock.advance(hours(24 * 29));
  const auto child = std::get<chat::Grant>(world.try_refresh(parent));
  const auto next = std::get<chat::Grant>(world.try_refresh(child.refresh_token));
  world.clock.advance(hours(24 * 29));
  EXPECT_EQ(code_of(world.try_refresh(next.refresh_token)), "ok");
}

TEST(Refresh, OftenEnoughToHoldUpEverybodyIsRefusedBeforeTheLane) {
  AccountWorld world;
  const auto phone = world.registered("alice", "phone").refresh_token;
  const auto tablet = world.logged_in("alice", "tablet").refresh_token;
  for (int i = 0; i < chat::kRefreshesPerMinute; ++i) EXPECT_EQ(code_of(world.try_refresh(phone)), "ok");
  world.lane.full = true;
  const auto refusal = refusal_in(world.try_refresh(phone));
  EXPECT_EQ(refusal.code, chat::ErrorCode::kRateLimited);
  EXPECT_GE(refusal.retry_after_seconds, 1u);
  world.lane.full = false;
  EXPECT_EQ(code_of(world.try_refresh(tablet)), "ok") << "each session has a share";
  world.clock.advance(seconds(refusal.retry_after_seconds));
  EXPECT_EQ(code_of(world.try_refresh(phone)), "ok");
  EXPECT_EQ(world.accounts.refused_refreshes(), 1u);
}

TEST(Refresh, IsNotLimitedWhereChangesAreNot) {
  chat::AccountOptions options;
  options.limits.events_per_second = 0;
  AccountWorld world(options);
  const auto parent = world.registered("alice").refresh_token;
  for (int i = 0; i <= chat::kRefreshesPerMinute; ++i) EXPECT_EQ(code_of(world.try_refresh(parent)), "ok");
}

TEST(Refresh, LeavesEveryChildValidHoweverOftenTheParentComesAndTheRowBounded) {
  for (const bool oldest : {true, false}) {
    AccountWorld world;
    const auto grant = world.registered("alice");
    const auto login = world.caller(grant).login;
    std::vector<std::string> children;
    for (std::size_t i = 0; i < 3 * chat::kMaxRefreshChildren; ++i) {
      world.clock.advance(seconds(3));
      children.push_back(std::get<chat::Grant>(world.try_refresh(grant.refresh_token)).refresh_token);
    }
    EXPECT_EQ(world.store.login(login).value()->children.size(), chat::kMaxRefreshChildren);
    const auto used = oldest ? children.front() : children.back();
    const auto next = std::get<chat::Grant>(world.try_refresh(used)).refresh_token;
    EXPECT_EQ(code_of(world.try_refresh(next)), "ok");
    EXPECT_EQ(code_of(world.try_refresh(oldest ? children.back() : children.front())), "unauthorized") << "re-use";
  }
}

}  // namespace
