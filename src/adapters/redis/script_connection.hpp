#pragma once
// ScriptConnection: a connection on which the scripts of lease_scripts.hpp are loaded. Shard thread only; destroyed
// after the shard has stopped. Inside of this room.

#include <array>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/redis/lease_scripts.hpp"
#include "aio/timer_wheel.hpp"
#include "redis/commands.hpp"

namespace adapters::redis {

class ScriptConnection {
 public:
  /// `on_state`: scripts may run, or may no longer.
  ScriptConnection(aio::Shard& shard, const ::redis::Options& options, ::redis::Commands::StateCallback on_state);
  ScriptConnection(const ScriptConnection&) = delete;
  ScriptConnection& operator=(const ScriptConnection&) = delete;

  void start() { commands_.start(); }
  [[nodiscard]] bool ready() const { return ready_; }
  /// While ready. `done` comes exactly once, never inside this call.
  void run(Script script, std::string_view key, std::span<const std::string> arguments, ::redis::CommandCallback done);

 private:
  void on_state(bool connected);
  void load();
  void loaded(Script script, const base::Result<::redis::Reply, ::redis::CommandError>& reply);
  void lose();

  aio::Shard& shard_;
  ::redis::Commands::StateCallback on_state_;
  std::array<std::string, kScripts> hashes_;
  std::size_t missing_ = kScripts;
  bool ready_ = false;
  std::vector<std::string_view> words_;
  aio::Timer again_;
  ::redis::Commands commands_;  // destroyed first: it calls back what still waits
};

}  // namespace adapters::redis
