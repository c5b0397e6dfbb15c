#pragma once
// ScriptConnection: the scripts of lease_scripts.hpp, on a connection on which they are loaded, or in a Redis Cluster
// on connections to all masters, where a master that does not know a script is sent its text. Shard thread only;
// destroyed after the shard has stopped. Inside of this room.

#include <array>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/lease_scripts.hpp"
#include "aio/timer_wheel.hpp"
#include "redis/cluster_router.hpp"
#include "redis/commands.hpp"

namespace adapters::redis {

class ScriptConnection {
 public:
  /// `on_state`: scripts may run, or may no longer. In a cluster true comes again for each master that is connected to
  /// again, and false when none is left.
  ScriptConnection(aio::Shard& shard, const ::redis::Options& options, ::redis::Commands::StateCallback on_state);
  ScriptConnection(const ScriptConnection&) = delete;
  ScriptConnection& operator=(const ScriptConnection&) = delete;

  void start();
  [[nodiscard]] bool ready() const { return ready_; }
  /// While ready. `done` comes exactly once, never inside this call.
  void run(Script script, std::string_view key, std::span<const std::string> arguments, ::redis::CommandCallback done);

 private:
  using Outcome = base::Result<::redis::Reply, ::redis::CommandError>;
  void on_state(bool connected);
  void load();
  void loaded(Script script, unsigned attempt, const Outcome& reply);
  void become_ready();
  void lose();
  void run_in_cluster(Script script, std::string_view key, std::span<const std::string> arguments,
                      ::redis::CommandCallback done);
  void run_text(Script script, const std::string& key, const std::vector<std::string>& arguments,
                ::redis::CommandCallback done);

  aio::Shard& shard_;
  ::redis::Commands::StateCallback on_state_;
  std::array<std::string, kScripts> hashes_;
  std::size_t missing_ = kScripts;
  unsigned attempt_ = 0;  // to load: what an older one hears is nobody's business
  bool ready_ = false;
  std::vector<std::string_view> words_;
  aio::Timer again_;
  // One of the two; destroyed first: it calls back what still waits.
  std::unique_ptr<::redis::Commands> server_;
  std::unique_ptr<::redis::ClusterRouter> cluster_;
};

}  // namespace adapters::redis
