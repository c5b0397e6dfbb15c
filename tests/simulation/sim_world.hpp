#pragma once
// The world under one seed: the real lane, pumps and history reader over a store that can crash, people with several
// devices, connections that break, clocks that jump. step() does one random thing; finale() stops all mischief, lets
// everything settle and judges. Single-threaded and repeatable: the same seed does the same.

#include <memory>
#include <string>
#include <vector>

#include "chat/services/history_reader.hpp"
#include "chat/services/lane.hpp"
#include "chat/services/push_outbox.hpp"
#include "sim_push.hpp"
#include "sim_session.hpp"
#include "sim_store.hpp"

namespace simulation {

class World {
 public:
  World(std::uint64_t seed, Mutant mutant);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  void run(std::size_t steps);
  void finale();

  /// Empty: nothing wrong so far. The first violation is kept, later ones follow from it.
  [[nodiscard]] const std::string& violation() const { return violation_; }
  void violate(const std::string& what) {
    if (violation_.empty()) violation_ = what;
  }
  [[nodiscard]] bool clean() const { return violation_.empty(); }

  std::uint64_t random(std::uint64_t below) { return schedule_.next() % below; }
  bool chance(std::uint64_t percent) { return calm_ ? false : random(100) < percent; }

  // For sessions.
  chat::Lane& lane() { return *lane_; }
  chat::HistoryReader& history() { return *history_; }
  base::ManualClock& clock() { return clock_; }
  [[nodiscard]] Mutant mutant() const { return mutant_; }
  [[nodiscard]] const chat::PumpSettings& settings() const { return settings_; }
  [[nodiscard]] bool lose_hint() { return calm_ ? lossy_ : random(100) < 15; }
  void broken(Session& session);
  void answered(Client& client, Intent& intent, const chat::SendAnswer& answer, std::uint64_t wall_epoch);
  /// Counts block and unblock of the pair; odd: a block is certainly in force.
  std::uint64_t wall(const chat::UserId& a, const chat::UserId& b) { return walls_[chat::ConversationKey::of(a, b)]; }

 private:
  friend class Oracle;
  void populate();
  void start_server();
  void crash(bool restore);
  void connect(Client& client);
  void disconnect(const std::shared_ptr<Session>& session);
  void write_something(Client& client);
  void mark_read(Session& session);
  void sync(Session& session);
  void toggle_block();
  void change_address(Client& client);
  bool run_outbox();
  void detach_one();
  /// Everybody goes, the provider recovers, time passes: who is owed a push has it then.
  void rest_pushes();
  [[nodiscard]] bool jobs_left() const;
  void submit_block(const chat::ConversationKey& pair, bool blocked);
  void advance(std::chrono::milliseconds by);
  void step();
  void misbehave();
  void settle_all();
  std::shared_ptr<Session> any_session();
  std::shared_ptr<Session> session_of(const Client& client);

  base::SeededRandom schedule_;  // what happens
  base::SeededRandom entropy_;   // what the server draws
  const Mutant mutant_;
  base::ManualClock clock_;
  chat::PumpSettings settings_;
  chat::LaneOptions options_;
  base::Registry registry_;
  chat::LaneMetrics metrics_;
  chat::PushMetrics push_metrics_;
  SimStore store_;
  TransparentCipher cipher_;
  TablePresence presence_;
  StepExecutor pool_;
  StepExecutor admin_;
  SimProvider provider_;
  std::vector<chat::UserId> people_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::shared_ptr<Session>> sessions_;
  std::vector<std::weak_ptr<Session>> every_session_;
  std::vector<std::pair<Client*, chat::ConnectionId>> detaches_;  // known to the client, not yet to the server
  std::unique_ptr<chat::Lane> lane_;
  std::unique_ptr<chat::HistoryReader> history_;
  std::unique_ptr<chat::PushOutbox> outbox_;
  std::map<chat::ConversationKey, std::uint64_t> walls_;
  std::map<chat::ConversationKey, bool> wall_pending_;
  std::set<chat::ConversationKey> ever_blocked_;
  std::map<std::pair<chat::UserId, chat::UserId>, chat::ConversationSeq> read_said_;  // reader, author
  std::size_t backup_length_ = 0;
  std::size_t backup_epochs_ = 0;
  bool restored_ = false;
  std::uint64_t next_connection_ = 0;
  std::uint64_t next_text_ = 0;
  std::uint64_t next_address_ = 0;
  bool calm_ = false;
  bool lossy_ = false;    // at rest, hints stay lost
  bool hurried_ = false;  // everything happens within the patience of held-back sends: their order must hold
  std::string violation_;
};

}  // namespace simulation
