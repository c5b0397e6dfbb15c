// Devices that are logged in and connected, on a real lane: what the lane knows of them and the store does not yet.

#include "chat/services/accounts_fixture.hpp"
#include "chat/services/lane_fixture.hpp"

namespace chat::testing {
namespace {

class LaneDevices : public LaneTest {
 protected:
  LaneDevices() {
    serve();
    bob_id = ask<Grant>([&](auto reply) { accounts->register_user(bob("phone"), executor, std::move(reply)); }).user.id;
    phone = caller(bob_id, "phone");
    befriend(alice_id, bob_id);
    alice = join(alice_id, "phone");
  }

  void serve() {
    const Offload at_once = [](base::Task task) {
      task();
      return true;
    };
    AccountOptions account_options;
    account_options.limits = options.limits;
    accounts.emplace(
        AccountParts{*lane, store, hasher, access_tokens, refresh_tokens, clock, at_once, at_once, presence},
        account_options);
  }
  /// Of all that come from now on.
  void allow_devices(std::uint32_t count) {
    accounts.reset();
    options.limits.devices_per_user = count;
    restart();
    serve();
    alice = join(alice_id, "phone", alice.login);
  }
  template <class T, class Call>
  T ask(Call&& call) {
    std::optional<Outcome<T>> outcome;
    call(Reply<T>([&outcome](Outcome<T> answered) { outcome.emplace(std::move(answered)); }));
    run();
    return std::get<T>(std::move(outcome.value()));
  }
  static Credentials bob(const std::string& device) {
    return {"bobby", "bobby@example.org", "password-of-bob", DeviceId{device}, "192.0.2.1", true};
  }
  Caller caller(const UserId& user, const std::string& device) {
    const auto logins = store.logins(user).value();
    for (const auto& each : logins) {
      if (each.device.value == device) return {user, each.id, each.device};
    }
    ADD_FAILURE() << "no session of " << device;
    return {};
  }
  Caller log_in(const std::string& device) {
    ask<Grant>([&](auto reply) { accounts->log_in(bob(device), executor, std::move(reply)); });
    return caller(bob_id, device);
  }
  Joined connect(const Caller& who) { return join(who.user, who.device.value, who.login); }
  std::set<std::string> devices() {
    std::set<std::string> ids;
    const auto rows = store.devices(bob_id).value();
    for (const auto& each : rows) ids.insert(each.id.value);
    return ids;
  }

  PlainHasher hasher;
  NumberedAccessTokens access_tokens;
  NumberedRefreshTokens refresh_tokens;
  std::optional<AccountService> accounts;
  UserId alice_id = person("alice");
  UserId bob_id;
  Caller phone;
  Joined alice;
};

TEST_F(LaneDevices, WhatALoginTakesForLeastRecentlyUsedWasNotConnectedAMomentAgo) {
  allow_devices(2);
  clock.advance(std::chrono::seconds(1));
  log_in("laptop");
  clock.advance(std::chrono::seconds(1));
  leave(connect(phone));
  clock.advance(std::chrono::seconds(1));
  log_in("tablet");
  EXPECT_EQ(devices(), (std::set<std::string>{"phone", "tablet"}));
}

}  // namespace
}  // namespace chat::testing
