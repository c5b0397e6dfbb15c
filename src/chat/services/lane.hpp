#pragma once
// Lane: the commit lane (its idea: commit_lane.hpp). Owner: the application; one per store. Any thread submits and
// calls Messaging; all decisions happen on the lane's own thread, in lane_desk.hpp.
//
// The queue: producers append under a short mutex and wake the lane only when it sleeps; the lane takes everything that
// is there with one swap. Requests beyond queue_limit are refused. A send that is refused for that reason is still
// queued without its text, up to kOverflow times the limit, and refused in its turn: so the sends of the same socket
// behind it are refused alike (rules/hold_back.hpp) and a repeat of a stored one is answered. What keeps account of
// sockets (confirm, detach, presence) is never refused: it is bounded by the sockets and their windows, and losing it
// would lose a receipt.
//
// start() runs the thread, stop() refuses new requests, finishes what is queued, writes every lastSeen that is owed and
// joins. Without start(), a test drives it with run_once() on one thread.

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "chat/ports/content_cipher.hpp"
#include "chat/ports/node_bus.hpp"
#include "chat/services/commit_lane.hpp"
#include "chat/services/lane_metrics.hpp"
#include "chat/services/lane_options.hpp"
#include "chat/services/messaging.hpp"
#include "chat/services/owed_last_seen.hpp"
#include "chat/services/push_signal.hpp"

namespace chat {

class LaneDesk;

struct LaneParts {
  Store& store;
  ContentCipher& cipher;
  Presence& presence;
  const base::Clock& clock;
  base::RandomSource& random;  // used on the lane's thread only
  LaneMetrics& metrics;
  NodeBus* bus = nullptr;        // to the other nodes, where there are any
  OwedLastSeen* owed = nullptr;  // told of every departure, for those who show lastSeen
};

class Lane final : public CommandQueue, public Messaging {
 public:
  Lane(LaneParts parts, LaneOptions options);
  /// stop()s.
  ~Lane() override;
  Lane(const Lane&) = delete;
  Lane& operator=(const Lane&) = delete;

  /// Tells this signal whenever a push job falls due. Before start().
  void wake_pushes(std::shared_ptr<PushSignal> signal);

  void start();
  /// Idempotent; not from the lane's thread.
  void stop();
  /// One round: everything queued is staged, committed and answered, due deadlines run. False: there was nothing to do.
  bool run_once();
  /// When run_once() has something to do without a new command; max(): never.
  [[nodiscard]] base::SteadyTime next_deadline() const;

  [[nodiscard]] bool submit(std::unique_ptr<LaneCommand>& command) override;

  void send(SendRequest request, base::Executor& on, Reply<SendAnswer> reply) override;
  void attach(AttachRequest request, base::Executor& on, Reply<Attached> reply) override;
  void detach(const UserId& user, const DeviceId& device, ConnectionId connection, MailboxSeq written) override;
  void announce(const UserId& user, ConnectionId connection) override;
  void sync(const UserId& user, const DeviceId& device, ConnectionId connection, ResumePoint point, base::Executor& on,
            Reply<SyncAnswer> reply) override;
  void confirm(Confirmation confirmation) override;
  void set_silent(const UserId& user, ConnectionId connection, bool silent, MailboxSeq written) override;
  void report_poison(const UserId& user, const DeviceId& device, MailboxSeq position) override;
  void report_unreadable(const MailboxEntry& entry) override;
  void check_head(const UserId& user, ConnectionId connection, MailboxSeq known) override;
  void mark_read(ReadRequest request, base::Executor& on, Reply<std::monostate> reply) override;
  void typing(const UserId& sender, const UserId& recipient, bool typing) override;

  /// What another node tells (ports/node_bus.hpp). Any thread.
  void hear(const NodeNote& note);
  /// A node of the cluster has died, to which these users were connected: what it held back of pushes falls due, and
  /// their friends are told when they do not come back. Any thread.
  void node_died(std::vector<UserId> users);
  /// Others have declared this node dead, yet it lives: they are told once more who is online here. Any thread.
  void announce_again();
  /// Somebody was shown that these are online: of those connected to other nodes, the end is told though their nodes do
  /// not say it. Any thread.
  void shown_online(std::vector<UserId> users);

 private:
  static constexpr std::size_t kOverflow = 8;  // some 300 bytes each
  /// kHint: nobody misses it when the queue is full.
  enum class Kind : std::uint8_t { kRequest, kOverflow, kHint, kAccount };
  bool enqueue(std::unique_ptr<LaneCommand>& command, Kind kind);
  void enqueue_always(std::unique_ptr<LaneCommand> command);
  void run();
  void wait_for_work();

  const LaneOptions options_;
  LaneMetrics& metrics_;
  const base::Clock& clock_;
  std::atomic<bool> commits_heard_{false};    // a command that looks for them is queued
  std::atomic<bool> repeat_heard_{false};     // the same of a repeat
  std::atomic<bool> presence_missed_{false};  // a command that has it said again is queued
  std::mutex mutex_;
  std::condition_variable work_;
  std::vector<std::unique_ptr<LaneCommand>> queue_;  // guarded by mutex_
  std::size_t requests_ = 0;                         // of queue_, guarded
  bool sleeping_ = false;                            // guarded
  bool stopping_ = false;                            // guarded
  std::vector<std::unique_ptr<LaneCommand>> taken_;  // queue_'s twin: the two swap
  std::unique_ptr<LaneDesk> desk_;
  std::thread thread_;
};

}  // namespace chat
