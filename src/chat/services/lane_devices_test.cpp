// Devices that are logged in, connected and removed, on a real lane: what the lane knows of them and the store does not
// yet, and what is left of one that went.

#include "chat/services/accounts_fixture.hpp"
#include "chat/services/expiry.hpp"
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
  void remove(const Caller& by, const std::string& device) {
    ask<std::monostate>([&](auto reply) { accounts->remove_device(by, DeviceId{device}, executor, std::move(reply)); });
  }
  std::set<std::string> devices() {
    std::set<std::string> ids;
    const auto rows = store.devices(bob_id).value();
    for (const auto& each : rows) ids.insert(each.id.value);
    return ids;
  }
  /// A message of alice, whom bob blocks then: its confirmation is told to nobody.
  MessageView send_and_block() {
    auto sent = message(send(alice, bob_id, "x"));
    befriend(alice_id, bob_id, true);
    lane.reset();
    start();
    serve();
    return sent;
  }
  /// As the server sweeps, a message's life later: what is ordered to fail.
  ExpiryOrder look_for_old() {
    clock.advance(std::chrono::hours(2));
    ExpirySweep sweep(store);
    sweep.begin({.old = clock.wall_now() - std::chrono::hours(1), .now = clock.wall_now()});
    return sweep.look(bob_id);
  }
  void carry_out(ExpiryOrder order) {
    auto command = expire_command(std::move(order), [](bool committed) { EXPECT_TRUE(committed); });
    ASSERT_TRUE(lane->submit(command));
    run();
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

TEST_F(LaneDevices, WhatARemovedDeviceHadIsNotSentToANewOne) {
  const auto first = connect(phone);
  for (int i = 0; i < 3; ++i) send(alice, bob_id, "x");
  confirm(first, 3);
  remove(phone, "phone");
  EXPECT_TRUE(devices().empty());
  EXPECT_EQ(connect(log_in("tablet")).attached().position, MailboxSeq(3));
  EXPECT_EQ(metrics.pending_messages.value(), 0);
}

TEST_F(LaneDevices, WhatARemovedDeviceHadOutlivesTheNextOnesAndARestart) {
  const auto first = connect(phone);
  for (int i = 0; i < 3; ++i) send(alice, bob_id, "x");
  confirm(first, 2);
  remove(phone, "phone");
  const auto tablet = log_in("tablet");
  remove(tablet, "tablet");
  allow_devices(10);
  const auto laptop = connect(log_in("laptop"));
  EXPECT_EQ(laptop.attached().position, MailboxSeq(2));
  confirm(laptop, 3);
  remove(caller(bob_id, "laptop"), "laptop");
  EXPECT_EQ(connect(log_in("watch")).attached().position, MailboxSeq(3));
}

TEST_F(LaneDevices, WhatTheDeviceHadThatMadeRoomIsNotSentToALaterOne) {
  allow_devices(1);
  const auto first = connect(phone);
  for (int i = 0; i < 2; ++i) send(alice, bob_id, "x");
  confirm(first, 2);
  leave(first);
  clock.advance(std::chrono::seconds(1));
  const auto tablet = join(bob_id, "tablet");
  ASSERT_EQ(devices(), (std::set<std::string>{"tablet"}));
  leave(tablet);
  remove({bob_id, tablet.login, tablet.device}, "tablet");
  EXPECT_EQ(connect(log_in("watch")).attached().position, MailboxSeq(2));
}

TEST_F(LaneDevices, WhatARemovedDeviceHadDoesNotExpire) {
  const auto laptop = log_in("laptop");
  const auto sent = send_and_block();
  confirm(connect(phone), 1, {receipt(sent)});
  ASSERT_FALSE(delivered(alice_id, bob_id)) << "across a block nothing is told";
  remove(laptop, "phone");
  EXPECT_EQ(devices(), (std::set<std::string>{"laptop"}));
  auto order = look_for_old();
  EXPECT_TRUE(order.entries.empty());
  carry_out(std::move(order));
  EXPECT_FALSE(store.message(sent.id).value()->failure);
}

TEST_F(LaneDevices, WhatARemovedDeviceHadDoesNotExpireThoughItWasOrderedBefore) {
  const auto laptop = log_in("laptop");
  const auto sent = send_and_block();
  auto order = look_for_old();
  ASSERT_EQ(order.entries.size(), 1u);
  confirm(connect(phone), 1, {receipt(sent)});
  remove(laptop, "phone");
  carry_out(std::move(order));
  EXPECT_FALSE(store.message(sent.id).value()->failure);
}

TEST_F(LaneDevices, WhatARemovedDeviceHadIsNotMarkedForTheOneThatSkipsIt) {
  const auto laptop = log_in("laptop");
  const auto sent = send_and_block();
  confirm(connect(phone), 1, {receipt(sent)});
  remove(laptop, "phone");
  const auto left = connect(laptop);
  give_up(left, 1);
  EXPECT_EQ(position(left), MailboxSeq(1));
  EXPECT_FALSE(store.message(sent.id).value()->failure);
}

/// What is kept of those that went is no device: the mailbox is kept for those that are left, and goes with them alone.
TEST_F(LaneDevices, ThatWentHoldNothingBackAndAreListedNowhere) {
  options.trim_tail = 2;
  options.trim_step = 4;
  allow_devices(2);
  const auto laptop = log_in("laptop");
  const auto first = connect(phone);
  const auto second = connect(laptop);
  for (int i = 0; i < 20; ++i) send(alice, bob_id, "x");
  confirm(first, 1);
  confirm(second, 3);
  remove(laptop, "phone");
  confirm(second, 20);
  EXPECT_EQ(store.mailbox_bounds(bob_id).value().first, MailboxSeq(18)) << "the phone at 1 waits for nothing";
  const auto views =
      ask<std::vector<DeviceView>>([&](auto reply) { accounts->devices(laptop, executor, std::move(reply)); });
  ASSERT_EQ(views.size(), 1u);
  EXPECT_EQ(views[0].device.id, laptop.device);
  log_in("tablet");
  EXPECT_EQ(devices(), (std::set<std::string>{"laptop", "tablet"})) << "nobody had to make room";
}

TEST_F(LaneDevices, ThatHaveConfirmedNothingLeaveNothing) {
  const auto laptop = log_in("laptop");
  remove(laptop, "phone");
  EXPECT_TRUE(store.positions(bob_id).value().empty());
}

}  // namespace
}  // namespace chat::testing
