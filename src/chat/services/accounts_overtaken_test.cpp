// A hash that becomes another one between its verification and the commit.

#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "chat/services/accounts_fixture.hpp"

namespace {

using chat::testing::AccountWorld;
using chat::testing::code_of;

/// Whatever happens while it verifies.
class OvertakenHasher final : public chat::PasswordHasher {
 public:
  explicit OvertakenHasher(chat::testing::PlainHasher& real) : real_(real) {}
  std::deque<std::function<void()>> meanwhile;
  std::string hash(std::string_view password) override { return real_.hash(password); }
  bool verify(std::string_view password, std::string_view phc) override {
    const bool matches = real_.verify(password, phc);
    if (!meanwhile.empty()) {
      const auto next = std::move(meanwhile.front());
      meanwhile.pop_front();
      next();
    }
    return matches;
  }
  [[nodiscard]] bool outdated(std::string_view phc) const override { return real_.outdated(phc); }

 private:
  chat::testing::PlainHasher& real_;
};

class Overtaken : public ::testing::Test {
 protected:
  void hash_becomes(std::string hash) {
    auto user = *world.store.user(phone.user.id).value();
    user.password_hash = std::move(hash);
    chat::CommitBatch batch;
    batch.users.push_back(std::move(user));
    ASSERT_TRUE(world.store.commit(batch, chat::Durability::kSynced));
  }
  void then(std::string hash) {
    hasher.meanwhile.push_back([this, hash = std::move(hash)] { hash_becomes(hash); });
  }
  std::string log_in() {
    return code_of(world.ask<chat::Grant>(
        [&](auto reply) { accounts.log_in(AccountWorld::credentials("alice"), world.on, std::move(reply)); }));
  }
  std::string change_password() {
    return code_of(world.ask<std::monostate>([&](auto reply) {
      accounts.change_password(caller, "password-of-alice", "a-new-password", world.on, std::move(reply));
    }));
  }
  std::string stored_hash() { return world.store.user(phone.user.id).value()->password_hash; }

  AccountWorld world;
  chat::Grant phone = world.registered("alice", "phone");
  chat::Caller caller = world.caller(phone);
  OvertakenHasher hasher{world.hasher};
  chat::AccountService accounts{
      {world.lane, world.store, hasher, world.access_tokens, world.refresh_tokens, world.clock,
       AccountWorld::pool(world.reads_full), world.password_pool(), world.presence},
      {}};
};

TEST_F(Overtaken, ByALoginThatHashesAnewARightPasswordStaysRight) {
  world.hasher.version = 2;
  hasher.meanwhile.emplace_back([this] { world.logged_in("alice", "tablet"); });
  EXPECT_EQ(log_in(), "ok");
  EXPECT_EQ(stored_hash(), "v2:password-of-alice");
  world.hasher.version = 3;
  hasher.meanwhile.emplace_back([this] { world.logged_in("alice", "tablet"); });
  EXPECT_EQ(change_password(), "ok");
  EXPECT_EQ(stored_hash(), "v3:a-new-password");
}

TEST_F(Overtaken, ByANewPasswordTheOldOneIsWrong) {
  then("v1:a-newer-password");
  EXPECT_EQ(log_in(), "unauthorized");
  hash_becomes("v1:password-of-alice");
  then("v1:a-newer-password");
  EXPECT_EQ(change_password(), "unauthorized");
  EXPECT_EQ(stored_hash(), "v1:a-newer-password");
}

TEST_F(Overtaken, AgainAndAgainItIsNotCalledWrongButToBeRepeated) {
  for (const int version : {2, 3}) then("v" + std::to_string(version) + ":password-of-alice");
  EXPECT_EQ(log_in(), "ok");
  for (const int version : {4, 5, 6}) then("v" + std::to_string(version) + ":password-of-alice");
  EXPECT_EQ(log_in(), "retry");
  for (const int version : {7, 8, 9}) then("v" + std::to_string(version) + ":password-of-alice");
  EXPECT_EQ(change_password(), "retry");
  EXPECT_TRUE(hasher.meanwhile.empty());
}

TEST_F(Overtaken, WhileThePoolIsFullItIsToBeRepeatedToo) {
  hasher.meanwhile.emplace_back([this] {
    hash_becomes("v2:password-of-alice");
    world.passwords_full = true;
  });
  EXPECT_EQ(log_in(), "overloaded");
}

}  // namespace
