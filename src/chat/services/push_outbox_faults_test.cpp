#include <future>

#include "chat/services/push_fixture.hpp"

namespace chat::testing {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class OutboxFaults : public PushTest {
 protected:
  Joined alice = join(alice_id, "desk");
};

TEST_F(OutboxFaults, AFullLaneIsTriedAgainAndNothingIsAskedTwice) {
  options.queue_limit = 0;
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  class Full final : public CommandQueue {
   public:
    explicit Full(CommandQueue& to) : to_(to) {}
    bool submit(std::unique_ptr<LaneCommand>& command) override { return !full && to_.submit(command); }
    bool full = true;

   private:
    CommandQueue& to_;
  } queue(*lane);
  outbox = std::make_unique<PushOutbox>(PushOutboxParts{store, queue, cipher, clock, outbox_random, push_metrics},
                                        outbox_options);
  outbox->add_provider(fcm);
  pass(seconds(10));
  EXPECT_EQ(fcm.sent.size(), 1u);
  EXPECT_TRUE(job(bob_id, "phone"));
  EXPECT_LE(outbox->next_deadline(), clock.steady_now() + seconds(1));
  queue.full = false;
  pass(seconds(1));
  EXPECT_FALSE(job(bob_id, "phone"));
  EXPECT_EQ(fcm.sent.size(), 1u);
}

TEST_F(OutboxFaults, AStoreThatCannotAnswerCostsTimeOnly) {
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  clock.advance(seconds(10));
  for (std::uint64_t nth = 1; nth < 12; ++nth) {
    store.fail_read(nth);
    settle();
    clock.advance(minutes(2));
  }
  store.reopen(random);
  settle();
  EXPECT_EQ(fcm.sent.size(), 1u);
  EXPECT_FALSE(job(bob_id, "phone"));
}

TEST_F(OutboxFaults, RemovingTheDeviceOrTheUserEndsEverything) {
  away(bob_id, "phone");
  send(alice, bob_id, "x");
  fcm.slow = true;
  pass(seconds(10));
  CommitBatch batch;
  batch.erased_devices.emplace_back(bob_id, DeviceId{"phone"});
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  restart();  // the lane forgets; the outbox keeps what is under way
  outbox.reset();
  start_outbox();
  fcm.answer();
  settle();
  EXPECT_TRUE(store.push_jobs(bob_id).value().empty());
  EXPECT_EQ(fcm.sent.size(), 1u);
}

class LongOutage : public OutboxFaults {
 protected:
  static constexpr int kDevices = 1000;
  static constexpr int kMessages = 50'000;

  LongOutage() {
    options.limits.messages_per_minute = 0;
    options.limits.bytes_per_second = 0;
    outbox_options.concurrency = 64;
    restart_all();
    alice = join(alice_id, "desk", alice.login);
    for (int i = 0; i < kDevices; ++i) add_person("person" + std::to_string(i));
    EXPECT_TRUE(store.commit(rows, Durability::kSynced).ok());
  }
  void add_person(const std::string& name) {
    User user;
    user.id = UserId::make(clock.wall_now(), random);
    user.username = user.email = name;
    Login by;
    by.id = LoginId::make(clock.wall_now(), random);
    by.user = user.id;
    by.device = DeviceId{"phone"};
    by.expires = clock.wall_now() + hours(24);
    Device device;
    device.user = user.id;
    device.id = by.device;
    device.login = by.id;
    device.push = PushAddress{"fcm", name};
    Relation relation;
    relation.pair = ConversationKey::of(alice_id, user.id);
    relation.friendship = Friendship::kFriends;
    people.push_back(user.id);
    rows.users.push_back(user);
    rows.logins.push_back(by);
    rows.devices.push_back(device);
    rows.relations.push_back(relation);
  }
  CommitBatch rows;
  std::vector<UserId> people;
};

TEST_F(LongOutage, OfTwoHoursCostsOnePushADeviceAndLosesNothing) {
  fcm.result = {PushOutcome::kUnavailable, std::nullopt, {}};
  constexpr int kSteps = 720;  // of ten seconds
  int sent = 0;
  for (int step = 0; step < kSteps; ++step) {
    for (; sent < kMessages * (step + 1) / kSteps; ++sent) {
      lane->send(request(alice, people[static_cast<std::size_t>(sent % kDevices)], "x"), executor, [](auto) {});
    }
    pass(seconds(10));
  }
  EXPECT_LT(fcm.sent.size(), 300u) << "a service that is down is left alone";
  EXPECT_EQ(counted(PushOutcome::kAccepted), 0u);
  EXPECT_EQ(metrics.push_jobs.value(), kDevices);

  fcm.sent.clear();
  fcm.result = {PushOutcome::kAccepted, std::nullopt, {}};
  for (int i = 0; i < 200; ++i) pass(seconds(10));
  std::map<std::string, int> pushes;
  for (const auto& push : fcm.sent) ++pushes[push.address.address];
  EXPECT_EQ(pushes.size(), static_cast<std::size_t>(kDevices));
  EXPECT_EQ(fcm.sent.size(), static_cast<std::size_t>(kDevices)) << "one push a device, not one a message";
  EXPECT_EQ(metrics.push_jobs.value(), 0);
  std::size_t messages = 0;
  for (const auto& each : people) {
    EXPECT_TRUE(address(each, "phone"));
    messages += store.history(ConversationKey::of(alice_id, each), std::nullopt, 1000).value().size();
  }
  EXPECT_EQ(messages, static_cast<std::size_t>(kMessages));
}

/// A crash after the n-th step of lane or outbox; everything in memory is gone, the store is what it is.
TEST_F(OutboxFaults, ACrashAtAnyPointLosesNoWakeUpAndRepeatsItAtMostOnce) {
  const auto phone = away(bob_id, "phone");
  int steps = 0;
  bool ended = false;
  for (int crash_at = 0; !ended; ++crash_at) {
    fcm.sent.clear();
    steps = 0;
    bool crashed = false;
    const auto bob = join(bob_id, "phone", phone.login);
    const auto before = bob.attached().head;
    const auto step = [&](auto&& what) {
      if (!crashed) what();
      if (!crashed && steps++ == crash_at) {
        restart_all();
        crashed = true;
      }
    };
    lane->send(request(alice, bob_id, "x"), executor, [](auto) {});
    step([&] { lane->run_once(); });
    if (!crashed) lane->detach(bob_id, bob.device, bob.connection, MailboxSeq());
    step([&] { lane->run_once(); });
    clock.advance(seconds(10));
    for (int i = 0; i < 3; ++i) {
      step([&] { outbox->run_once(); });
      step([&] { lane->run_once(); });
    }
    ended = !crashed;
    settle();
    pass(seconds(10));
    EXPECT_GE(fcm.sent.size(), 1u) << "crash at " << crash_at;
    EXPECT_LE(fcm.sent.size(), 2u) << "crash at " << crash_at;
    EXPECT_FALSE(job(bob_id, "phone")) << "crash at " << crash_at;
    EXPECT_EQ(store.mailbox_bounds(bob_id).value().head, before.next());
    executor.run();
    alice = join(alice_id, "desk", alice.login);
  }
  EXPECT_GE(steps, 8);
}

TEST_F(OutboxFaults, ACommitThatFailsAnywhereLosesNoWakeUp) {
  const auto phone = away(bob_id, "phone");
  for (std::uint64_t nth = 1; nth <= 4; ++nth) {
    for (const bool written : {false, true}) {
      fcm.sent.clear();
      const auto bob = join(bob_id, "phone", phone.login);
      ASSERT_TRUE(std::holds_alternative<SendAnswer>(send(alice, bob_id, "x")));
      store.fail_commit(nth, written ? StoreError::kUnknown : StoreError::kUnavailable, written);
      leave(bob);
      for (int i = 0; i < 30; ++i) pass(seconds(1));
      EXPECT_GE(fcm.sent.size(), 1u) << nth;
      EXPECT_LE(fcm.sent.size(), 2u) << nth;
      EXPECT_FALSE(job(bob_id, "phone")) << nth;
      store.reopen(random);
    }
  }
}

/// Keeps the first request for whoever waits for it.
class PromisingProvider final : public PushProvider {
 public:
  std::string_view kind() const override { return "fcm"; }
  void send(PushRequest request, base::Function<void(PushResult)> done) override {
    sent.set_value(std::move(request));
    done({PushOutcome::kAccepted, std::nullopt, {}});
  }
  std::promise<PushRequest> sent;
};

/// The real threads, woken by the lane's signal and by the provider.
TEST_F(OutboxFaults, TheThreadSendsWhatTheLaneSignalsAndStopsCleanly) {
  constexpr seconds kLong(60);  // far more than a loaded machine needs
  away(bob_id, "phone");
  outbox.reset();
  lane.reset();
  // From here on the real clock, which is years ahead of the manual one: logins of today are needed.
  const base::SystemClock now;
  CommitBatch batch;
  const auto logins = store.logins(alice_id);
  batch.logins = logins.value();
  const auto others = store.logins(bob_id);
  batch.logins.insert(batch.logins.end(), others->begin(), others->end());
  for (auto& each : batch.logins) each.expires = now.wall_now() + hours(24);
  ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());

  PromisingProvider provider;
  options.push_grace = {};
  Lane threaded({store, cipher, presence, now, random, metrics}, options);
  PushOutbox thread({store, threaded, cipher, now, outbox_random, push_metrics}, outbox_options);
  thread.add_provider(provider);
  threaded.wake_pushes(thread.signal());
  threaded.start();
  thread.start();
  auto sent = provider.sent.get_future();
  auto send = request(alice, bob_id, "x");
  send.connection = ConnectionId(0);
  threaded.send(std::move(send), executor, [](auto) {});
  ASSERT_EQ(sent.wait_for(kLong), std::future_status::ready);
  EXPECT_EQ(sent.get().address.address, "token");
  thread.stop();
  EXPECT_FALSE(job(bob_id, "phone")) << "stop() waits until the lane has taken the answer";
  threaded.stop();
}

}  // namespace
}  // namespace chat::testing
