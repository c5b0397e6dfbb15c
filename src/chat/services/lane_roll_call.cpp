// Who has which devices of a user, asked of the nodes themselves where presence does not answer: by the log of commits,
// which all of them read and which does not lose anything. The question is a row of a batch; a node answers with what
// its sessions left there when they attached, and whoever attaches meanwhile leaves the same. So after a while those
// that nobody has named are connected to no node.

#include <algorithm>
#include <iterator>

#include "chat/services/lane_desk.hpp"

namespace chat {
namespace {

// As long as a node may be silent before it counts as dead. A look into the log takes a second at most.
constexpr std::chrono::seconds kRollCallTakes{5};
constexpr std::chrono::seconds kRollCallKept{60};  // beyond that: what attaches in between is followed in the log
constexpr std::size_t kMostRollCalls = 1024;
constexpr std::chrono::milliseconds kAnswerAgain{250};

}  // namespace

Ending LaneDesk::claim_of(const UserId& user, const DeviceId& device, base::SteadyTime handshake) const {
  return {.login = {},
          .user = user,
          .device = device,
          .except = {},
          .handshake = wall_time_of(handshake),
          .reason = EndReason::kReplaced};
}

std::vector<DeviceId> LaneDesk::unclaimed_devices(const UserId& user, std::span<const DeviceId> devices) {
  const auto known = roll_calls_.find(user);
  if (known != roll_calls_.end() && known->second.asked && steady_now() < known->second.over + kRollCallKept) {
    if (steady_now() < known->second.over) return {};
    std::vector<DeviceId> unclaimed;
    const auto& silent = known->second.silent;
    std::copy_if(devices.begin(), devices.end(), std::back_inserter(unclaimed),
                 [&](const DeviceId& each) { return std::find(silent.begin(), silent.end(), each) != silent.end(); });
    if (!unclaimed.empty()) return unclaimed;  // else those that were named may have gone since
  }
  if (known == roll_calls_.end() && roll_calls_.size() >= kMostRollCalls) {
    erase_if(roll_calls_, [&](const auto& each) { return each.second.over + kRollCallKept <= steady_now(); });
    if (roll_calls_.size() >= kMostRollCalls) return {};
  }
  roll_calls_[user] = {
      .asked = false, .over = steady_now(), .silent = std::vector<DeviceId>(devices.begin(), devices.end())};
  batch_.roll_calls.push_back(user);
  return {};
}

/// The batch is committed: only now has anybody been asked.
void LaneDesk::roll_calls_committed() {
  for (const auto& user : batch_.roll_calls) {
    const auto call = roll_calls_.find(user);
    if (call == roll_calls_.end()) continue;
    call->second.asked = true;
    call->second.over = steady_now() + kRollCallTakes;
  }
}

void LaneDesk::learn_claim(const Ending& ending) {
  if (!ending.user || !ending.device) return;
  const auto call = roll_calls_.find(*ending.user);
  if (call != roll_calls_.end()) std::erase(call->second.silent, *ending.device);
}

void LaneDesk::learn_roll_call(const UserId& user) {
  const auto* const state = users_.find(user);
  if (state != nullptr && !state->live.empty()) roll_called_.push_back(user);
}

/// A batch of its own, in a turn: a device that has gone to another node since is named by that one.
bool LaneDesk::answer_roll_calls() {
  if (!staged_.empty() || roll_called_.empty() || steady_now() < answer_again_) return false;
  failed_.reset();  // as in flush_last_seen()
  if (open_turn()) {
    for (const auto& user : roll_called_) {
      const auto* const state = users_.find(user);
      if (state == nullptr) continue;
      for (const auto& record : state->live) batch_.endings.push_back(claim_of(user, record.device, record.handshake));
    }
  }
  if (!commit_aside()) {
    answer_again_ = steady_now() + kAnswerAgain;
    return false;
  }
  roll_called_.clear();
  return true;
}

}  // namespace chat
