#include "chat/services/push_address.hpp"

namespace chat {

std::optional<StoreError> put_push_address(LaneContext& context, Device device, std::optional<PushAddress> address) {
  auto jobs = context.store().push_jobs(device.user);
  // An address goes all the same: the outbox ends a job that finds none.
  if (!jobs && !address && jobs.error() == StoreError::kCorrupt) jobs = std::vector<PushJob>();
  if (!jobs) return jobs.error();
  for (auto job : jobs.value()) {
    if (job.device != device.id) continue;
    if (!address) {
      context.erase_push_job(job);
      continue;
    }
    job.kind = address->kind;
    job.attempts = 0;
    if (job.due != kPushHeld) job.due = context.now();
    context.batch().push_jobs.push_back(std::move(job));
  }
  device.push = std::move(address);
  context.forget_user(device.user);
  context.batch().devices.push_back(std::move(device));
  return std::nullopt;
}

}  // namespace chat
