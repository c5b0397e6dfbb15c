#pragma once
// The nodes that share a database: `nodes {_id, lease, sessions, buriedBy?}`. A thread renews this node's lease and
// looks after those whose lease has run out (killed, stopped, cut off): their open transaction is ended, since it would
// keep the turn of commit_turn.hpp for as long as the server lets an idle transaction live, what else is left of them
// is settled, and then their row is deleted. Who settles it has the lease meanwhile (`buriedBy`); when that fails, or
// that node dies too, the lease runs out once more and somebody begins again.
//
// Whoever waits for a turn in vain does not wait for a lease: the server knows which transactions belong to connections
// that are closed. Nobody can go on with those, so they are ended at once, whether their node is dead or only lost the
// connection; what is left for the lease are nodes that neither answer nor close (stopped, cut off).
//
// Owner: MongoStore. Any thread calls. Leases are judged by the server's clock.

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "adapters/mongodb/connection.hpp"

namespace adapters::mongodb {

/// The nodes whose lease was renewed before (`"$lt"`) or since (`"$gt"`) `age` ago, by the server's clock.
Document lease_compared(const char* comparison, std::chrono::milliseconds age);

/// Ends what these sessions (16 bytes each) have open in the server.
Done kill_sessions(Connection& connection, const std::vector<std::string>& sessions);

/// When a node may judge others by their leases. While the database did not answer nobody could renew, and whoever gets
/// through first would find all others dead: behind a gap, as behind its start, a node gives them the time of a lease.
class LeaseJudge {
 public:
  using Time = std::chrono::steady_clock::time_point;
  explicit LeaseJudge(std::chrono::milliseconds lease) : lease_(lease) {}
  /// Its own lease.
  void renewed(Time now) {
    if (!renewed_ || now - *renewed_ > lease_ / 2) from_ = now + lease_;
    renewed_ = now;
  }
  [[nodiscard]] bool may_judge(Time now) const { return renewed_ && now >= from_; }

 private:
  const std::chrono::milliseconds lease_;
  std::optional<Time> renewed_;
  Time from_{};
};

class NodeRegistry {
 public:
  NodeRegistry(Pool& pool, std::string name, std::chrono::milliseconds lease);
  /// Gives the lease up.
  ~NodeRegistry();
  NodeRegistry(const NodeRegistry&) = delete;
  NodeRegistry& operator=(const NodeRegistry&) = delete;

  void start();
  /// `died`: called on the registry's thread with the name of a node whose lease has run out; settles what is left of
  /// it. False: that has failed, and it is called again, by this node or another. Without one the dead are left to
  /// others. `revived`: this node was taken for dead itself, and lives. They replace earlier ones, and when it returns
  /// those run no more.
  void watch(std::function<bool(const std::string& node)> died, std::function<void()> revived);
  [[nodiscard]] const std::string& name() const { return name_; }
  /// A session that will carry transactions, before it does: others can end what it leaves open.
  Done announce_session(const std::string& session);
  /// At most one node at a time believes so, but for a moment when leadership passes on.
  [[nodiscard]] bool leads() const { return leads_.load(std::memory_order_relaxed); }
  /// Looks for dead nodes and abandoned transactions at once: a turn is awaited in vain.
  void hurry();

 private:
  void run();
  Done renew(Connection& connection);
  void say_revived();
  Done sweep(Connection& connection);
  Done end_orphans(Connection& connection);
  Done elect(Connection& connection);
  Done trim_log(Connection& connection);
  Done bury(Connection& connection, const std::string& node, const std::vector<std::string>& sessions);

  Pool& pool_;
  const std::string name_;
  const std::chrono::milliseconds lease_;
  std::mutex watch_mutex_;
  std::function<bool(const std::string&)> died_;  // guarded by watch_mutex_
  std::function<void()> revived_;                 // likewise
  LeaseJudge judge_;                              // the registry's thread
  std::atomic<bool> known_{false};                // this node's row has been there
  std::atomic<bool> buried_{false};               // it was gone again, and nobody has been told yet
  std::mutex mutex_;
  std::condition_variable wake_;
  std::vector<std::string> sessions_;  // guarded
  bool stopping_ = false;              // guarded
  bool hurry_ = false;                 // guarded
  std::atomic<bool> leads_{false};
  std::thread thread_;
};

}  // namespace adapters::mongodb
