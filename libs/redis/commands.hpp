#pragma once
// Commands: a pipelined connection for commands. What is called in one turn leaves in one write; replies come in order.
//
// Shard thread only. Every callback is called exactly once, never inside command(). A command whose connection is lost
// may or may not have been carried out. While there is no connection commands fail at once: whoever wants them kept
// keeps them himself. Destroyed on the shard's thread, or after the shard has stopped; callbacks that still wait then
// hear kStopped, inside the destructor.

#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "aio/timer_wheel.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "redis/link.hpp"
#include "redis/options.hpp"
#include "redis/resp.hpp"

namespace redis {

enum class CommandError : std::uint8_t { kNotConnected, kQueueFull, kTimedOut, kConnectionLost, kStopped };
std::string_view to_string(CommandError error);

/// An error reply of the server is a Reply too.
using CommandCallback = base::Function<void(base::Result<Reply, CommandError>)>;

class Commands final : private Link::Owner {
 public:
  /// `ready`: commands may be sent, on a new connection. False: the connection was lost. May call command(), not
  /// destroy this.
  using StateCallback = base::Function<void(bool ready)>;

  /// Connects once started.
  Commands(aio::Shard& shard, const Options& options, StateCallback on_state = {});
  ~Commands() override;
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  void start() { link_->start(); }
  [[nodiscard]] bool connected() const { return link_->ready(); }
  /// Not for commands that change what replies mean (SUBSCRIBE, MONITOR, CLIENT REPLY). No callback: nobody cares.
  void command(std::span<const std::string_view> words, CommandCallback done = {});
  void command(std::initializer_list<std::string_view> words, CommandCallback done = {}) {
    command(std::span<const std::string_view>(words.begin(), words.size()), std::move(done));
  }
  /// One command as append_command() has written it.
  void command_bytes(std::string_view bytes, CommandCallback done = {});
  [[nodiscard]] std::size_t pending() const { return pending_.size(); }
  /// The server to which the connection leads, or the last try to make one led.
  [[nodiscard]] const Address& peer() const { return link_->target(); }

 private:
  struct Pending {
    CommandCallback done;
    base::SteadyTime deadline;
  };
  void on_ready() override;
  void on_lost() override;
  void on_reply(Reply reply) override;
  void on_deadline();
  void refuse(CommandCallback done, CommandError error);
  void fail_all(CommandError error);

  aio::Shard& shard_;
  const Options options_;
  StateCallback on_state_;
  std::deque<Pending> pending_;
  std::string scratch_;
  aio::Timer deadline_;  // of the first one
  std::shared_ptr<Link> link_;
};

}  // namespace redis
