#pragma once
// Expiry (I14): a message that no device of its recipient confirms within its life fails: the author hears
// `message_status {failed, expired}`, the recipient's mailbox names the gap with `message_removed {expired}`.
//
//   sweep: accounts -> mailbox beyond the highest confirmed position -> what is old, 64 at a time ──> lane: confirmed,
//   read or failed meanwhile? -> row marked, both told, one batch
//
// The sweep only proposes, out of settled rows and without a lock; the lane decides at the commit, so a confirmation
// that was committed before wins, and one that comes later finds the message failed: it stays failed, the confirmation
// moves the position and makes no receipt for it (lane_confirm.cpp). A pump that has read the message already drops it
// when it hears of the removal; what is on the wire by then is followed by `message_removed`.
//
// Age is the believed time (expiry_time.hpp) minus the second in which the message's id was made, so that neither a
// jump of the clock nor one node's wrong clock makes anything old. Messages stamped later than the believed time wait
// until it has come there.
//
// A sweep reads two small rows for a user who has everything, and one page for a user who has not: what was decided is
// remembered until the next sweep. It also finds the oldest message that waits (restante_undelivered_age_seconds),
// which is why it goes on when nothing ever expires.

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/metrics.hpp"
#include "chat/ports/store.hpp"
#include "chat/services/commit_lane.hpp"
#include "chat/services/expiry_time.hpp"

namespace chat {

/// Message entries of one mailbox that are to fail, ascending.
struct ExpiryOrder {
  UserId recipient;
  std::vector<MailboxEntry> entries;
  MailboxSeq through;  // everything up to here is decided once this order is
};

/// `done` runs on the lane's thread after the commit; it is destroyed unrun when the lane ends before. False: nothing
/// was written.
[[nodiscard]] std::unique_ptr<LaneCommand> expire_command(ExpiryOrder order, base::Function<void(bool committed)> done);

/// The reading half: which messages of a mailbox are old. One thread; the store's reads may block.
class ExpirySweep {
 public:
  static constexpr std::size_t kOrderEntries = 64;  // of one batch: about a millisecond of the lane's time
  /// A sweep that was just begun. nullopt for `old`: nothing expires.
  struct Bounds {
    std::optional<WallTime> old;  // made then or before: old
    WallTime now;                 // made later than that: not yet to be judged
  };

  explicit ExpirySweep(const Store& store) : store_(store) {}

  void begin(Bounds bounds);
  /// What is old in this mailbox; call again after settled() until it is empty.
  [[nodiscard]] ExpiryOrder look(const UserId& recipient);
  /// The lane has decided about this order.
  void settled(const ExpiryOrder& order);
  /// When the oldest message was made that still waits, of all mailboxes looked at since begin().
  [[nodiscard]] std::optional<WallTime> oldest() const { return oldest_; }

 private:
  struct Seen;
  [[nodiscard]] bool ended(const Message& message, Seen& seen) const;

  const Store& store_;
  Bounds bounds_{};
  std::optional<WallTime> oldest_;
  // Everything up to here is decided. Only for users for whom something waits; what a sweep does not touch goes.
  std::unordered_map<UserId, MailboxSeq> decided_;
  std::unordered_map<UserId, MailboxSeq> decided_before_;
};

/// Sweeps on a thread of its own. Its owner destroys it before it stops the lane.
class Expiry {
 public:
  struct Options {
    std::chrono::seconds life{30 * 86'400};  // 0: nothing expires
  };
  struct Parts {
    CommandQueue& lane;
    const Store& store;
    const base::Clock& clock;
    WitnessStore& witness;
    base::Registry& registry;
    const SharedClock* shared_clock = nullptr;  // null: nobody else has the store
  };
  /// Starts at once, and the lane must run. All parts must outlive it, the registry's reader too.
  Expiry(Parts parts, Options options);
  ~Expiry();
  Expiry(const Expiry&) = delete;
  Expiry& operator=(const Expiry&) = delete;

  /// Between two sweeps.
  [[nodiscard]] static std::chrono::milliseconds interval(std::chrono::seconds life);

 private:
  enum class Verdict : std::uint8_t { kWaiting, kCommitted, kFailed };
  /// Shared with the command under way, which the lane may still hold when the sweeper is gone.
  struct Progress {
    std::mutex mutex;
    std::condition_variable changed;
    bool stopping = false;
    Verdict verdict = Verdict::kWaiting;
  };

  void run();
  /// False: it is time to stop.
  bool sweep();
  bool sweep_user(const UserId& user);
  Verdict hand_over(const ExpiryOrder& order);
  bool pause(std::chrono::milliseconds time);

  const Parts parts_;
  const Options options_;
  ExpirySweep reader_;
  /// Shared with the registry, which may be read when the sweeper is gone. Milliseconds since 1970; 0: nothing waits.
  const std::shared_ptr<std::atomic<std::int64_t>> oldest_ = std::make_shared<std::atomic<std::int64_t>>(0);
  const std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
  std::thread thread_;
};

}  // namespace chat
