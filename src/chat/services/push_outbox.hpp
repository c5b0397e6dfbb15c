#pragma once
// PushOutbox: takes due push jobs out of the store, asks the providers, and tells the lane what became of them.
//
//   store: due jobs ──> review: still needed? ──> provider.send … done ──> circuit, counters ──> lane: job, address,
//   trace
//
// At least once, and the lane is the only writer: a job that is under way here is passed over until what became of it
// is committed, so that one process sends each wake-up once; a crash in between repeats it. Per provider at most
// `concurrency` are under way. A service that is down or refuses this server is left alone (rules/push_circuit.hpp)
// while its jobs stay in the store; only one push asks how it is. A provider with several services (PushProvider::part)
// has a circuit for each, and jobs of a shut one are postponed, so that they stand in nobody's way.
//
// start() runs a thread that sleeps until the next due, the lane's signal or an answer. Without it a test drives
// run_once() on one thread.

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <thread>

#include "base/random.hpp"
#include "chat/rules/push_circuit.hpp"
#include "chat/services/commit_lane.hpp"
#include "chat/services/push_done.hpp"
#include "chat/services/push_metrics.hpp"
#include "chat/services/push_review.hpp"
#include "chat/services/push_signal.hpp"

namespace chat {

struct PushOutboxParts {
  const Store& store;
  CommandQueue& lane;
  ContentCipher& cipher;  // for previews
  const base::Clock& clock;
  base::RandomSource& random;  // used on the outbox's thread only
  PushMetrics& metrics;
};

struct PushOutboxOptions {
  std::size_t concurrency = 64;  // under way at one provider: answers take some 100 ms, so about 600 a second
  bool data_only = false;
  PseudonymKey pseudonym_key{};                // secret and the same after a restart, else pushes do not collapse
  std::chrono::milliseconds stop_wait{5'000};  // stop() waits this long for what is under way
  /// Among several nodes one sends, whoever made the jobs: the others ask again after a while. Empty: it is this one.
  std::function<bool()> leads = {};
};

class PushOutbox {
 public:
  PushOutbox(PushOutboxParts parts, PushOutboxOptions options);
  /// stop()s.
  ~PushOutbox();
  PushOutbox(const PushOutbox&) = delete;
  PushOutbox& operator=(const PushOutbox&) = delete;

  /// Before start(). It must outlive stop(); answers that come later are ignored.
  void add_provider(PushProvider& provider);
  /// For Lane::wake_pushes().
  [[nodiscard]] std::shared_ptr<PushSignal> signal() const { return signal_; }

  void start();
  /// Sends nothing more, waits for answers and for the lane to take them, both within stop_wait. Before the lane stops.
  void stop();

  /// One round. False: there was nothing to do.
  bool run_once();
  /// When run_once() has something to do without being woken; max(): never.
  [[nodiscard]] base::SteadyTime next_deadline() const;
  /// Jobs that are under way here: asked, or answered and not yet committed.
  [[nodiscard]] std::size_t under_way() const { return flights_.size(); }

 private:
  using Key = std::pair<UserId, DeviceId>;
  struct Service {
    explicit Service(PushProvider& to, const PushMetrics::Lane& counters) : provider(to), metrics(counters) {}
    PushProvider& provider;
    const PushMetrics::Lane& metrics;
    std::map<std::string, PushCircuit> circuits;  // by part; absent: open
    std::size_t asked = 0;                        // waiting for the provider's answer
    std::size_t flights = 0;                      // these, and those that the lane has not committed
    base::SteadyTime look_at{};                   // when the store is read again if nothing wakes us
    WallTime next_due = WallTime::max();
  };
  struct Flight {
    Service* service = nullptr;
    std::string part;
    base::SteadyTime sent{};
    bool asked = false;  // the answer is outstanding
    PushDone done;
  };
  /// What comes in from other threads; shared with callbacks that may outlive the outbox.
  struct Inbox {
    std::mutex mutex;
    std::vector<std::pair<Key, PushResult>> answers;
    std::vector<Key> settled;
  };

  void run();
  bool take_inbox();
  void on_answer(const Key& key, PushResult result);
  bool hand_back();
  bool fill(Service& service);
  void find_next_due(Service& service, WallTime now);
  /// True: the provider was asked.
  bool take(Service& service, const PushJob& job);
  void finish_unasked(Service& service, const PushJob& job, PushOutcome outcome, WallTime not_before);
  void ask(Service& service, const PushJob& job, PushRequest request, std::string part);
  [[nodiscard]] PushCircuit::Door door(const Service& service, const std::string& part) const;
  [[nodiscard]] bool probing(const Service& service, const std::string& part) const;
  void note(Service& service, const Flight& flight, const PushResult& result);

  const PushOutboxParts parts_;
  const PushOutboxOptions options_;
  const PushReview review_;
  const std::shared_ptr<PushSignal> signal_ = std::make_shared<PushSignal>();
  const std::shared_ptr<Inbox> inbox_ = std::make_shared<Inbox>();
  std::deque<Service> services_;
  std::map<Key, Flight> flights_;
  std::deque<Key> answered_;  // flights whose outcome the lane has not taken
  base::SteadyTime hand_back_at_{};
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

}  // namespace chat
