#pragma once
// A lane and an outbox driven by hand, with a provider that answers as it is told. Test code only.

#include "chat/services/lane_fixture.hpp"
#include "chat/services/push_address.hpp"
#include "chat/services/push_outbox.hpp"

namespace chat::testing {

class FakeProvider final : public PushProvider {
 public:
  explicit FakeProvider(std::string kind = "fcm") : kind_(std::move(kind)) {}
  std::string_view kind() const override { return kind_; }
  std::string part(const PushAddress& address) const override {
    return address.address.substr(0, address.address.find('/') + 1);  // "mozilla/abc"; none: one service
  }
  void send(PushRequest request, base::Function<void(PushResult)> done) override {
    sent.push_back(std::move(request));
    if (slow) {
      waiting.push_back(std::move(done));
    } else {
      done(answer_to(sent.back()));
    }
  }
  /// Answers what is outstanding.
  void answer() {
    for (auto& done : std::exchange(waiting, {})) done(result);
  }
  std::vector<PushRequest> sent;
  std::vector<base::Function<void(PushResult)>> waiting;
  bool slow = false;
  PushResult result{PushOutcome::kAccepted, std::nullopt, {}};
  std::map<std::string, PushResult> results;  // by part, instead

 private:
  PushResult answer_to(const PushRequest& request) const {
    const auto found = results.find(part(request.address));
    return found == results.end() ? result : found->second;
  }
  std::string kind_;
};

/// What PUT and DELETE /devices/{id}/push do.
class SetAddress final : public LaneCommand {
 public:
  SetAddress(UserId user, DeviceId device, std::optional<PushAddress> address)
      : user_(user), device_(std::move(device)), address_(std::move(address)) {}
  void stage(LaneContext& context) override {
    const auto rows = context.store().devices(user_);
    for (const auto& row : rows.value()) {
      if (row.id != device_) continue;
      EXPECT_FALSE(put_push_address(context, row, address_));
    }
  }
  void finish(LaneContext& /*context*/, std::optional<StoreError> failed) override { EXPECT_FALSE(failed); }

 private:
  UserId user_;
  DeviceId device_;
  std::optional<PushAddress> address_;
};

class PushTest : public LaneTest {
 protected:
  PushTest() {
    befriend(alice_id, bob_id);
    start_outbox();
  }

  void start_outbox() {
    outbox = std::make_unique<PushOutbox>(PushOutboxParts{store, *lane, cipher, clock, outbox_random, push_metrics},
                                          outbox_options);
    outbox->add_provider(fcm);
    outbox->add_provider(webpush);
  }
  void restart_all() {
    outbox.reset();
    restart();
    start_outbox();
  }
  /// Everything that can happen without time passing.
  void settle() {
    for (bool busy = true; busy;) {
      busy = lane->run_once();
      executor.run();
      busy |= outbox->run_once();
    }
  }
  void pass(std::chrono::milliseconds time) {
    clock.advance(time);
    settle();
  }

  void set_address(const UserId& user, const std::string& device, std::optional<PushAddress> address) {
    std::unique_ptr<LaneCommand> command = std::make_unique<SetAddress>(user, DeviceId{device}, std::move(address));
    ASSERT_TRUE(lane->submit(command));
    run();
  }
  /// A device of the user with an address, disconnected.
  Joined away(const UserId& user, const std::string& device, const std::string& address = "token",
              const std::string& kind = "fcm") {
    const auto joined = join(user, device);
    set_address(user, device, PushAddress{kind, address});
    leave(joined);
    return joined;
  }
  std::optional<PushJob> job(const UserId& user, const std::string& device) {
    const auto jobs = store.push_jobs(user);
    for (const auto& each : jobs.value()) {
      if (each.device == DeviceId{device}) return each;
    }
    return std::nullopt;
  }
  DeviceTrace trace(const UserId& user, const std::string& device) {
    return store.device_trace(user, DeviceId{device}).value();
  }
  std::optional<PushAddress> address(const UserId& user, const std::string& device) {
    const auto devices = store.devices(user);
    for (const auto& each : devices.value()) {
      if (each.id == DeviceId{device}) return each.push;
    }
    return std::nullopt;
  }
  std::uint64_t counted(PushOutcome outcome, const char* provider = "fcm") {
    return push_metrics.lane(provider).outcomes[static_cast<std::size_t>(outcome)]->value();
  }
  void previews(const UserId& user) {
    CommitBatch batch;
    batch.users.push_back(*store.user(user).value());
    batch.users.back().push_previews = true;
    ASSERT_TRUE(store.commit(batch, Durability::kSynced).ok());
  }

  UserId alice_id = person("alice");
  UserId bob_id = person("bob");
  base::SeededRandom outbox_random{11};
  PushMetrics push_metrics{registry};
  PushOutboxOptions outbox_options = [] {
    PushOutboxOptions made;
    made.concurrency = 4;
    made.pseudonym_key = {7, 7, 7};
    return made;
  }();
  FakeProvider fcm{"fcm"};
  FakeProvider webpush{"webpush"};
  std::unique_ptr<PushOutbox> outbox;
};

}  // namespace chat::testing
