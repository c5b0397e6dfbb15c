#pragma once
// A push provider with moods, and devices that register addresses with it. It keeps what it accepted: the outside that
// the oracle judges pushes by.

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "chat/ports/push_provider.hpp"
#include "chat/services/push_address.hpp"
#include "sim_client.hpp"

namespace simulation {

class SimProvider final : public chat::PushProvider {
 public:
  using Random = std::function<std::uint64_t(std::uint64_t below)>;
  explicit SimProvider(Random random) : random_(std::move(random)) {}

  /// An address that leads back to its device whatever its number.
  static chat::PushAddress address_of(const Client& client, std::uint64_t number) {
    return {"fcm", name_of(client) + '#' + std::to_string(number)};
  }
  static std::string name_of(const Client& client) { return client.user.hex() + client.device.value; }

  std::string_view kind() const override { return "fcm"; }
  void send(chat::PushRequest request, base::Function<void(chat::PushResult)> done) override {
    waiting_.push_back({std::move(request), std::move(done)});
    if (on_sent) on_sent(waiting_.back().request);
  }
  /// False: nobody waits.
  bool answer_one() {
    if (waiting_.empty()) return false;
    const auto at = static_cast<std::ptrdiff_t>(random_(waiting_.size()));
    auto asked = std::move(waiting_[static_cast<std::size_t>(at)]);
    waiting_.erase(waiting_.begin() + at);
    const auto outcome = healthy ? chat::PushOutcome::kAccepted : mood(asked.request);
    if (outcome == chat::PushOutcome::kAccepted) note(asked.request);
    asked.done({outcome, std::nullopt, {}});
    return true;
  }
  /// The server is gone: some of its pushes had been taken, and nobody heard of it.
  void lose_the_server() {
    for (const auto& asked : waiting_) {
      if (random_(2) == 0) note(asked.request);
    }
    waiting_.clear();
  }
  [[nodiscard]] bool accepted(const std::string& device, const std::string& mark) const {
    const auto found = accepted_.find(device);
    return found != accepted_.end() && found->second.contains(mark);
  }
  /// What tells one push from another: the message's id, or the opaque name that stands for it.
  static std::string mark_of(const chat::PushRequest& request) { return request.data.back().second; }
  static std::string device_of(const chat::PushRequest& request) {
    return request.address.address.substr(0, request.address.address.find('#'));
  }

  bool healthy = false;
  std::function<void(const chat::PushRequest&)> on_sent;

 private:
  struct Asked {
    chat::PushRequest request;
    base::Function<void(chat::PushResult)> done;
  };
  void note(const chat::PushRequest& request) { accepted_[device_of(request)].insert(mark_of(request)); }
  chat::PushOutcome mood(const chat::PushRequest& request) {
    auto& errors = errors_[device_of(request)];
    const auto drawn = random_(16);
    // Five in a row would give the job up, which is right and would leave nothing to judge.
    if (drawn == 0 && errors < 3) {
      ++errors;
      return chat::PushOutcome::kServerError;
    }
    if (drawn >= 5) errors = 0;
    if (drawn == 1 || drawn == 2) return chat::PushOutcome::kUnavailable;
    if (drawn == 3) return chat::PushOutcome::kThrottled;
    if (drawn == 4) return random_(4) == 0 ? chat::PushOutcome::kLaneStopped : chat::PushOutcome::kThrottled;
    if (drawn == 5) return chat::PushOutcome::kAddressDead;
    return chat::PushOutcome::kAccepted;
  }

  Random random_;
  std::vector<Asked> waiting_;
  std::map<std::string, int> errors_;
  std::map<std::string, std::set<std::string>> accepted_;
};

/// Registers an address (or takes it away) as the API does, and notes from where on the device is owed pushes.
class SetAddress final : public chat::LaneCommand {
 public:
  SetAddress(Client& client, std::optional<chat::PushAddress> address)
      : client_(client), address_(std::move(address)) {}
  void stage(chat::LaneContext& context) override {
    const auto devices = context.store().devices(client_.user);
    for (const auto& row : devices.value()) {
      if (row.id != client_.device) continue;
      if (!row.push) client_.pushed_after = context.head(client_.user);
      static_cast<void>(chat::put_push_address(context, row, address_));
    }
  }
  void finish(chat::LaneContext& /*context*/, std::optional<chat::StoreError> /*failed*/) override {}

 private:
  Client& client_;
  std::optional<chat::PushAddress> address_;
};

}  // namespace simulation
