// PUSH, the lane's part: a job comes with its message, is held while its device confirms, falls due when it falls
// silent or goes, and ends with the confirmation or with a provider's answer (push_outbox.hpp).

#include <algorithm>

#include "base/log.hpp"
#include "chat/rules/push_backoff.hpp"
#include "chat/services/lane_commands.hpp"
#include "chat/services/lane_desk.hpp"
#include "chat/services/push_done.hpp"

namespace chat {
namespace {

constexpr std::size_t kRearmedAtOnce = 1024;  // jobs of one page and of one batch

class PushDoneCommand final : public LaneCommand {
 public:
  PushDoneCommand(PushDone done, base::Task settled) : done_(std::move(done)), settled_(std::move(settled)) {}
  /// Deleting an address reads and writes the device's row, which other commands of a batch may have staged.
  [[nodiscard]] bool exclusive() const override { return done_.result.outcome == PushOutcome::kAddressDead; }
  void stage(LaneContext& context) override { static_cast<LaneDesk&>(context).settle_push(done_); }
  void finish(LaneContext& /*context*/, std::optional<StoreError> /*failed*/) override { settled_(); }
  /// The provider is not asked a second time what it has answered.
  [[nodiscard]] bool stage_again() const override { return true; }

 private:
  PushDone done_;
  base::Task settled_;
};

bool same_address(const PushAddress& a, const PushAddress& b) {
  return a.kind == b.kind && a.address == b.address;
}

bool belongs_to(const std::vector<std::pair<UserId, DeviceId>>& rows, const PushJob& job) {
  return std::find(rows.begin(), rows.end(), std::pair(job.user, job.device)) != rows.end();
}

}  // namespace

std::unique_ptr<LaneCommand> push_done_command(PushDone done, base::Task settled) {
  return std::make_unique<PushDoneCommand>(std::move(done), std::move(settled));
}

void LaneDesk::load_push(DeviceState& state, const Device& row) {
  if (!row.push) return state.push.reset();
  if (!state.push) state.push = std::make_unique<PushState>();
  state.push->kind = row.push->kind;
  state.push->job.reset();
}

void LaneDesk::load_push_jobs(UserState& user) {
  const auto& devices = user.devices;
  if (std::none_of(devices.begin(), devices.end(), [](const DeviceState& each) { return each.push != nullptr; }))
    return;
  for (auto& job : take(store().push_jobs(user.key))) {
    auto* const device = user.device(job.device);
    if (device != nullptr && device->push) device->push->job = std::move(job);
  }
}

/// Nobody is connected when the lane begins: nothing can be held.
void LaneDesk::rearm_held_jobs() {
  const auto due = now() + options_.push_grace;
  std::int64_t jobs = 0;
  UserId user;
  DeviceId device;
  for (;;) {
    const auto page = store().push_jobs_after(user, device, kRearmedAtOnce);
    if (!page) base::log::warning("push jobs could not be read at the start", {});
    if (!page || page->empty()) break;
    jobs += static_cast<std::int64_t>(page->size());
    user = page->back().user;
    device = page->back().device;
    for (auto job : page.value()) {
      if (job.due != kPushHeld) continue;
      touched_.push_back({job.user, job.device, due, {}});
      job.due = due;
      put_job(job);
    }
    // Refused: it is done as if their sessions had just ended.
    if (batch_.empty() || parts_.store.commit(batch_, Durability::kBuffered)) touched_.clear();
    batch_.clear();
    if (!touched_.empty()) break;
  }
  parts_.metrics.push_jobs.set(jobs);
}

void LaneDesk::owe_pushes(UserState& user, const Message& message, MailboxSeq position) {
  for (auto& device : user.devices) {
    if (!device.push) continue;
    auto& job = device.push->job;
    if (!job) {
      job.emplace();
      job->user = user.key;
      job->device = device.id;
      job->kind = device.push->kind;
      const auto due = std::max(now() + options_.push_grace, device.push->not_before);
      job->due = user.confirms(device.id) ? kPushHeld : due;
      ++job_change_;
    }
    job->position = position;
    job->message = message.id;
    job->expires = options_.message_life.count() == 0 ? kPushHeld : message.timestamp + options_.message_life;
    put_job(*job);
  }
}

void LaneDesk::erase_job(const UserState& user, DeviceState& device) {
  // Erasures of a batch come before its puts.
  std::erase_if(batch_.push_jobs, [&](const PushJob& job) { return job.user == user.key && job.device == device.id; });
  batch_.erased_push_jobs.emplace_back(user.key, device.id);
  if (!device.push || !device.push->job) return;
  device.push->job.reset();
  --job_change_;
}

void LaneDesk::erase_push_job(const PushJob& job) {
  batch_.erased_push_jobs.emplace_back(job.user, job.device);
  --job_change_;
}

void LaneDesk::drop_confirmed_job(const UserState& user, DeviceState& device) {
  if (device.push && device.push->job && device.push->job->position <= device.position) erase_job(user, device);
}

void LaneDesk::touch_push(UserState& user, const DeviceId& id, std::chrono::milliseconds grace, MailboxSeq written) {
  const auto* const device = user.device(id);
  const bool nothing =
      user.loaded && device != nullptr && (!device->push || !device->push->job) && written <= device->position;
  if (!nothing) touched_.push_back({user.key, id, now() + grace, written});
}

/// False: there is nothing to commit.
bool LaneDesk::stage_touched() {
  if (touched_.empty() || !staged_.empty()) return false;
  std::swap(touched_, touches_staged_);
  for (const auto& touch : touches_staged_) {
    auto* const state = undamaged_user(touch.user);
    if (failed()) return true;
    auto* const device = state == nullptr ? nullptr : state->device(touch.device);
    if (device == nullptr) continue;
    if (touch.written > device->position) {
      auto& row = trace(touch.user, touch.device);
      row.written = touch.written;
      row.written_at = now();
    }
    if (!device->push || !device->push->job) continue;
    auto& job = *device->push->job;
    const bool confirms = state->confirms(touch.device);
    if (confirms == (job.due == kPushHeld)) continue;
    job.due = confirms ? kPushHeld : std::max(touch.due, device->push->not_before);
    put_job(job);
  }
  if (!batch_.empty() || failed()) return true;
  touches_staged_.clear();
  return false;
}

/// The row as this batch leaves it.
DeviceTrace& LaneDesk::trace(const UserId& user, const DeviceId& device) {
  auto& rows = batch_.device_traces;
  const auto staged = std::find_if(rows.begin(), rows.end(),
                                   [&](const DeviceTrace& each) { return each.user == user && each.device == device; });
  if (staged != rows.end()) return *staged;
  auto row = take_undamaged(store().device_trace(user, device));
  row.user = user;
  row.device = device;
  rows.push_back(std::move(row));
  return rows.back();
}

void LaneDesk::settle_push(const PushDone& done) {
  auto* const known = undamaged_user(done.job.user);
  auto* const device = known == nullptr ? nullptr : known->device(done.job.device);
  if (failed()) return;
  // A job that stayed would be pushed again and again, so it goes also where the device cannot be read.
  if (known == nullptr) --job_change_;
  if (device == nullptr || !device->push) {
    batch_.erased_push_jobs.emplace_back(done.job.user, done.job.device);
    return;
  }
  auto& state = *known;
  const auto& result = done.result;
  std::uint32_t in_a_row = 1;
  auto& job = device->push->job;
  if (result.outcome != PushOutcome::kNone) {
    auto& row = trace(state.key, device->id);
    if (job && row.outcome == result.outcome) in_a_row = job->attempts + 1;
    row.pushed = done.job.position;
    row.pushed_at = now();
    row.outcome = result.outcome;
    row.detail = result.detail;
  }
  // Confirmed meanwhile, or another provider's by now.
  const bool mine = job && job->kind == done.job.kind;
  const auto step = after_push(result.outcome, in_a_row, result.retry_after, random().next());
  if (step.next == PushNext::kDeleteAddress) return drop_dead_address(state, *device, done);
  // The store would hold one that the lane knows nothing of only by a mistake: it must not come back for ever.
  if (!job) return static_cast<void>(batch_.erased_push_jobs.emplace_back(state.key, device->id));
  if (!mine || step.next == PushNext::kKeep) return;
  const bool postponed = result.outcome == PushOutcome::kNone;
  if (!postponed && step.next != PushNext::kRetry && job->position <= done.job.position) {
    return erase_job(state, *device);
  }
  auto due = std::max(job->due, done.not_before);
  if (!postponed) {
    const bool again = step.next == PushNext::kRetry;
    job->attempts = again ? in_a_row : 0;
    device->push->not_before = again ? now() + step.after : WallTime{};
    // A newer message came while this one's push was under way: it has its own grace.
    due = now() + (again ? step.after : options_.push_grace);
  }
  if (job->due != kPushHeld) job->due = due;
  put_job(*job);
}

/// Compare-and-delete: the app may have registered a new address while the old one was being refused.
void LaneDesk::drop_dead_address(UserState& user, DeviceState& device, const PushDone& done) {
  auto rows = store().devices(user.key);
  if (!rows && rows.error() == StoreError::kCorrupt) return erase_job(user, device);  // it would come back for ever
  for (auto& row : take(std::move(rows))) {
    if (row.id != device.id || !row.push) continue;
    if (same_address(*row.push, done.address)) {
      row.push.reset();
      batch_.devices.push_back(std::move(row));
      erase_job(user, device);
      device.push.reset();
      return;
    }
    if (!device.push->job || device.push->job->due == kPushHeld) return;
    device.push->not_before = {};
    device.push->job->attempts = 0;
    device.push->job->due = now();
    return put_job(*device.push->job);
  }
}

/// Jobs that go with the devices and users of this batch: cold commands do not go by the cache.
std::int64_t LaneDesk::jobs_of_erased_rows() {
  if (batch_.erased_devices.empty() && batch_.erased_users.empty()) return 0;
  std::int64_t jobs = 0;
  for (const auto& user : batch_.erased_users) {
    jobs += static_cast<std::int64_t>(take_undamaged(store().push_jobs(user)).size());
  }
  for (const auto& [user, device] : batch_.erased_devices) {
    for (const auto& job : take_undamaged(store().push_jobs(user))) {
      jobs += job.device == device && !belongs_to(batch_.erased_push_jobs, job) ? 1 : 0;
    }
  }
  return jobs;
}

void LaneDesk::pushes_committed(std::int64_t erased) {
  if (job_change_ != erased) parts_.metrics.push_jobs.add(job_change_ - erased);
  if (!push_signal_) return;
  auto earliest = kPushHeld;
  for (const auto& job : batch_.push_jobs) earliest = std::min(earliest, job.due);
  if (earliest != kPushHeld) push_signal_->due_at(earliest);
}

}  // namespace chat
