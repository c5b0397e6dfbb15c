#include "redis/commands.hpp"

#include <utility>

#include "aio/shard.hpp"

namespace redis {

std::string_view to_string(CommandError error) {
  switch (error) {
    case CommandError::kNotConnected:
      return "not connected";
    case CommandError::kQueueFull:
      return "queue full";
    case CommandError::kTimedOut:
      return "timed out";
    case CommandError::kConnectionLost:
      return "connection lost";
    case CommandError::kStopped:
      return "stopped";
  }
  return "";
}

Commands::Commands(aio::Shard& shard, const Options& options, StateCallback on_state)
    : shard_(shard),
      options_(options),
      on_state_(std::move(on_state)),
      deadline_(aio::Timer::member<&Commands::on_deadline>(*this)),
      link_(std::make_shared<Link>(shard, options, static_cast<Link::Owner&>(*this))) {}

Commands::~Commands() {
  link_->stop();
  fail_all(CommandError::kStopped);
}

void Commands::command(std::span<const std::string_view> words, CommandCallback done) {
  if (!link_->ready()) return refuse(std::move(done), CommandError::kNotConnected);
  scratch_.clear();
  append_command(scratch_, words);
  command_bytes(scratch_, std::move(done));
}

void Commands::command_bytes(std::string_view bytes, CommandCallback done) {
  if (!link_->ready()) return refuse(std::move(done), CommandError::kNotConnected);
  if (pending_.size() >= options_.max_pending_commands || !link_->send(bytes)) {
    return refuse(std::move(done), CommandError::kQueueFull);
  }
  const base::SteadyTime deadline = shard_.clock().steady_now() + options_.command_timeout;
  pending_.push_back({std::move(done), deadline});
  if (pending_.size() == 1) shard_.timers().arm(deadline_, deadline);
}

void Commands::refuse(CommandCallback done, CommandError error) {
  if (!done) return;
  shard_.post([done = std::move(done), error]() mutable { done(base::fail(error)); });
}

void Commands::on_reply(Reply reply) {
  if (pending_.empty()) return link_->give_up("a reply to nothing");
  CommandCallback done = std::move(pending_.front().done);
  pending_.pop_front();
  if (pending_.empty()) {
    deadline_.cancel();
  } else {
    shard_.timers().arm(deadline_, pending_.front().deadline);
  }
  if (done) done(std::move(reply));
}

void Commands::on_deadline() {
  if (pending_.empty()) return;
  CommandCallback late = std::move(pending_.front().done);
  pending_.pop_front();
  refuse(std::move(late), CommandError::kTimedOut);
  link_->give_up("command timeout");
}

void Commands::on_ready() {
  if (on_state_) on_state_(true);
}

void Commands::on_lost() {
  deadline_.cancel();
  for (auto& waiting : std::exchange(pending_, {})) refuse(std::move(waiting.done), CommandError::kConnectionLost);
  if (on_state_) on_state_(false);
}

void Commands::fail_all(CommandError error) {
  deadline_.cancel();
  for (auto& waiting : std::exchange(pending_, {})) {
    if (waiting.done) waiting.done(base::fail(error));
  }
}

}  // namespace redis
