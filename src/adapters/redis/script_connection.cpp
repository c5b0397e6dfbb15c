#include "adapters/redis/script_connection.hpp"

#include <utility>

#include "aio/shard.hpp"
#include "base/log.hpp"

namespace adapters::redis {

namespace {
/// A server that forgets or refuses scripts must not be asked in a circle.
constexpr std::chrono::milliseconds kLoadAgain{200};
}  // namespace

ScriptConnection::ScriptConnection(aio::Shard& shard, const ::redis::Options& options,
                                   ::redis::Commands::StateCallback on_state)
    : shard_(shard),
      on_state_(std::move(on_state)),
      again_(aio::Timer::member<&ScriptConnection::load>(*this)),
      commands_(shard, options, [this](bool connected) { this->on_state(connected); }) {}

void ScriptConnection::on_state(bool connected) {
  again_.cancel();
  if (connected) return load();
  lose();
}

void ScriptConnection::load() {
  missing_ = kScripts;
  for (std::size_t i = 0; i < kScripts; ++i) {
    const auto script = static_cast<Script>(i);
    commands_.command({"SCRIPT", "LOAD", text_of(script)},
                      [this, script](const auto& reply) { loaded(script, reply); });
  }
}

void ScriptConnection::loaded(Script script, const base::Result<::redis::Reply, ::redis::CommandError>& reply) {
  if (!reply) return;  // the connection was lost, and the next one starts anew
  if (reply->kind != ::redis::ReplyKind::kBulk) {
    base::log::warning("redis_scripts_refused", {{"cause", reply->text}});
    return shard_.timers().arm_after(again_, kLoadAgain);
  }
  hashes_[static_cast<std::size_t>(script)] = reply->text;
  if (missing_ == 0 || --missing_ > 0) return;
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
  commands_.command(words_,
                    [this, done = std::move(done)](base::Result<::redis::Reply, ::redis::CommandError> reply) mutable {
                      if (reply && reply->is_error() && reply->text.starts_with("NOSCRIPT") && ready_) {
                        lose();
                        shard_.timers().arm_after(again_, kLoadAgain);
                      }
                      done(std::move(reply));
                    });
}

}  // namespace adapters::redis
