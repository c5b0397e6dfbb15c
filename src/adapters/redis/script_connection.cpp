#include "adapters/redis/script_connection.hpp"

#include <utility>

#include "aio/shard.hpp"
#include "base/log.hpp"

namespace adapters::redis {

namespace {
/// A server that forgets or refuses scripts must not be asked in a circle.
constexpr std::chrono::milliseconds kLoadAgain{200};

bool is_unknown_script(const base::Result<::redis::Reply, ::redis::CommandError>& reply) {
  return reply && reply->is_error() && reply->text.starts_with("NOSCRIPT");
}
}  // namespace

ScriptConnection::ScriptConnection(aio::Shard& shard, const ::redis::Options& options,
                                   ::redis::Commands::StateCallback on_state)
    : shard_(shard), on_state_(std::move(on_state)), again_(aio::Timer::member<&ScriptConnection::load>(*this)) {
  const auto hear = [this](bool connected) { this->on_state(connected); };
  if (options.endpoint.seeds.empty()) {
    server_ = std::make_unique<::redis::Commands>(shard, options, hear);
  } else {
    cluster_ = std::make_unique<::redis::ClusterRouter>(shard, options, hear);
  }
}

void ScriptConnection::start() {
  if (cluster_) return cluster_->start();
  server_->start();
}

void ScriptConnection::on_state(bool connected) {
  again_.cancel();
  if (!connected) return lose();
  if (cluster_ && missing_ == 0) return become_ready();  // the hashes are the same everywhere
  load();
}

void ScriptConnection::load() {
  missing_ = kScripts;
  ++attempt_;
  for (std::size_t i = 0; i < kScripts; ++i) {
    const auto script = static_cast<Script>(i);
    words_.assign({"SCRIPT", "LOAD", text_of(script)});
    const auto hear = [this, script, attempt = attempt_](const Outcome& reply) { loaded(script, attempt, reply); };
    if (cluster_) {
      cluster_->command_anywhere(words_, hear);
    } else {
      server_->command(words_, hear);
    }
  }
}

void ScriptConnection::loaded(Script script, unsigned attempt, const Outcome& reply) {
  if (attempt != attempt_) return;
  if (!reply && reply.error() == ::redis::CommandError::kStopped) return;
  if (!reply && !cluster_) return;  // the connection was lost, and the next one starts anew
  if (!reply || reply->kind != ::redis::ReplyKind::kBulk) {
    base::log::warning("redis_scripts_refused", {{"cause", reply ? reply->text : to_string(reply.error())}});
    return shard_.timers().arm_after(again_, kLoadAgain);
  }
  hashes_[static_cast<std::size_t>(script)] = reply->text;
  if (missing_ > 0 && --missing_ == 0) become_ready();
}

void ScriptConnection::become_ready() {
  again_.cancel();
  ready_ = true;
  on_state_(true);
}

void ScriptConnection::lose() {
  if (std::exchange(ready_, false)) on_state_(false);
}

void ScriptConnection::run(Script script, std::string_view key, std::span<const std::string> arguments,
                           ::redis::CommandCallback done) {
  words_.assign({"EVALSHA", hashes_[static_cast<std::size_t>(script)], "1", key});
  words_.insert(words_.end(), arguments.begin(), arguments.end());
  if (cluster_) return run_in_cluster(script, key, arguments, std::move(done));
  server_->command(words_, [this, done = std::move(done)](Outcome reply) mutable {
    if (is_unknown_script(reply) && ready_) {
      lose();
      shard_.timers().arm_after(again_, kLoadAgain);
    }
    done(std::move(reply));
  });
}

/// `words_` are made. A master that was a replica, or has been restarted, learns the script with the first key.
void ScriptConnection::run_in_cluster(Script script, std::string_view key, std::span<const std::string> arguments,
                                      ::redis::CommandCallback done) {
  std::vector<std::string> kept(arguments.begin(), arguments.end());
  cluster_->command(
      key, words_,
      [this, script, name = std::string(key), kept = std::move(kept), done = std::move(done)](Outcome reply) mutable {
        if (is_unknown_script(reply)) return run_text(script, name, kept, std::move(done));
        done(std::move(reply));
      });
}

void ScriptConnection::run_text(Script script, const std::string& key, const std::vector<std::string>& arguments,
                                ::redis::CommandCallback done) {
  words_.assign({"EVAL", text_of(script), "1", key});
  words_.insert(words_.end(), arguments.begin(), arguments.end());
  cluster_->command(key, words_, std::move(done));
}

}  // namespace adapters::redis
