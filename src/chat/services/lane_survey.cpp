#include "chat/services/lane_survey.hpp"

#include <algorithm>

#include "chat/services/lane_commands.hpp"

namespace chat {
namespace {

constexpr std::size_t kUsersAtOnce = 256;  // ids of one page
constexpr std::size_t kCountedAtOnce = 8;  // users of one command: each may cost the lane a few milliseconds
constexpr std::chrono::milliseconds kWhenBusy{20};

}  // namespace

PendingSurvey::PendingSurvey(CommandQueue& lane, const Store& store) : lane_(lane), store_(store) {
  thread_ = std::thread([this] {
    walk();
    const std::lock_guard lock(progress_->mutex);
    progress_->done = true;
    progress_->changed.notify_all();
  });
}

PendingSurvey::~PendingSurvey() {
  {
    const std::lock_guard lock(progress_->mutex);
    progress_->stopping = true;
    progress_->changed.notify_all();
  }
  thread_.join();
}

bool PendingSurvey::wait_for(std::chrono::milliseconds at_most) {
  std::unique_lock lock(progress_->mutex);
  return progress_->changed.wait_for(lock, at_most, [this] { return progress_->done; });
}

void PendingSurvey::walk() {
  UserId last{};
  std::vector<UserId> waiting;
  for (;;) {
    const auto page = store_.users_after(last, kUsersAtOnce);
    if (!page || page->empty()) break;
    last = page->back();
    for (const auto& user : *page) {
      if (waits(user)) waiting.push_back(user);
      if (waiting.size() == kCountedAtOnce) {
        if (!count(waiting)) return;
        waiting.clear();
      }
    }
    const std::lock_guard lock(progress_->mutex);
    if (progress_->stopping) return;
  }
  if (!waiting.empty()) count(waiting);
}

bool PendingSurvey::waits(const UserId& user) const {
  const auto bounds = store_.mailbox_bounds(user);
  if (!bounds || bounds->head.value == 0) return false;
  const auto positions = store_.positions(user);
  if (!positions) return false;
  // A device that never confirmed has no position yet; the lane then looks at where it started.
  return std::none_of(positions->begin(), positions->end(),
                      [&](const DevicePosition& each) { return each.position >= bounds->head; });
}

bool PendingSurvey::count(const std::vector<UserId>& users) {
  std::unique_lock lock(progress_->mutex);
  while (!progress_->stopping) {
    progress_->counting = true;
    std::unique_ptr<LaneCommand> command =
        std::make_unique<DirectoryCommand>([users, progress = progress_](LaneDesk& desk) {
          for (const auto& user : users) static_cast<void>(desk.undamaged_user(user));
          const std::lock_guard counted(progress->mutex);
          progress->counting = false;
          progress->changed.notify_all();
        });
    lock.unlock();
    const bool taken = lane_.submit(command);
    lock.lock();
    if (taken) {
      progress_->changed.wait(lock, [this] { return !progress_->counting || progress_->stopping; });
      return !progress_->stopping;
    }
    progress_->changed.wait_for(lock, kWhenBusy, [this] { return progress_->stopping; });
  }
  return false;
}

}  // namespace chat
