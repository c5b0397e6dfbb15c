#pragma once
// PendingSurvey: makes restante_pending_messages complete after a start.
//
// The lane counts what waits for a user when it first loads that user (pending_ledger.hpp); users whom nobody writes to
// and who stay away would be missing until then. The survey walks all accounts once, on a thread of its own, and makes
// the lane load those for whom something waits: a few at a time, the next ones when these are counted, so that the
// lane's real work is never held up by more than one such command.

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "chat/ports/store.hpp"
#include "chat/services/commit_lane.hpp"

namespace chat {

class PendingSurvey {
 public:
  /// Starts at once; both must outlive it, and the lane must run.
  PendingSurvey(CommandQueue& lane, const Store& store);
  /// Gives up what is not done, and joins. Before the lane is stopped.
  ~PendingSurvey();
  PendingSurvey(const PendingSurvey&) = delete;
  PendingSurvey& operator=(const PendingSurvey&) = delete;

  /// True when everybody is counted, or the store could not be read to its end.
  bool wait_for(std::chrono::milliseconds at_most);

 private:
  /// Shared with the command under way, which the lane may still hold when the survey is gone.
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    bool counting = false;
    bool stopping = false;
    bool done = false;
  };

  void walk();
  [[nodiscard]] bool waits(const UserId& user) const;
  /// False: it is time to stop.
  bool count(const std::vector<UserId>& users);

  CommandQueue& lane_;
  const Store& store_;
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
  std::thread thread_;
};

}  // namespace chat
