#pragma once
// A real Redis for tests, on a free loopback port, in a directory of its own. It ends with this process, whatever ends
// it. Tests only.

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "adapters/redis/server_process_testing.hpp"
#include "aio/shard.hpp"
#include "base/clock.hpp"
#include "base/temporary_directory_testing.hpp"
#include "redis/commands.hpp"

namespace adapters::redis {

class RedisServer {
 public:
  /// Why there is none, as the reason of a skipped test.
  static std::optional<std::string> missing() {
    if (std::system("command -v redis-server >/dev/null 2>&1") == 0) return std::nullopt;
    return "no redis-server is installed";
  }

  /// `arguments` of the program besides those that every server gets; `options`: how this one is connected to.
  explicit RedisServer(std::vector<std::string> arguments = {}, ::redis::Options options = {})
      : arguments_(std::move(arguments)), options_(std::move(options)) {
    shard_.start();
    constexpr int kTries = 20;  // a port that somebody else has: the server ends at once
    for (int attempt = 0; attempt < kTries; ++attempt) {
      options_.endpoint.port = random_port();
      if (start()) return;
    }
    throw std::runtime_error("redis-server does not start");
  }
  ~RedisServer() {
    kill();
    shard_.stop();
  }
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;

  [[nodiscard]] const ::redis::Options& options() const { return options_; }

  /// On the same port, with an empty memory. False: it has ended again.
  bool start() {
    const auto port = std::to_string(options_.endpoint.port);
    const auto folder = directory_.path();
    std::vector<std::string> command = {"redis-server", "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"};
    command.insert(command.end(), {"--dir", folder, options_.endpoint.tls ? "--tls-port" : "--port", port});
    if (options_.endpoint.tls) command.insert(command.end(), {"--port", "0"});
    command.insert(command.end(), arguments_.begin(), arguments_.end());
    process_.start(command);
    connect();
    const bool answers = eventually([&] {
      if (process_.has_ended()) return true;
      const auto where = try_run({"CONFIG", "GET", "dir"});  // somebody else's server may have the port
      return where.ok() && where->elements.size() == 2 && where->elements[1].text == folder;
    });
    return answers && process_.running();
  }
  void kill() {
    commands_.reset_on(shard_);
    process_.kill();
  }
  void freeze() { process_.freeze(); }
  void resume() { process_.resume(); }

  ::redis::Reply run(std::initializer_list<std::string_view> words) {
    auto reply = try_run(words);
    if (!reply) throw std::runtime_error(std::string(to_string(reply.error())));
    return std::move(*reply);
  }
  std::int64_t number(std::initializer_list<std::string_view> words) { return run(words).integer; }
  std::string text(std::initializer_list<std::string_view> words) { return run(words).text; }

 private:
  using Outcome = base::Result<::redis::Reply, ::redis::CommandError>;

  /// Lives and dies on the shard.
  class OnShard {
   public:
    std::unique_ptr<::redis::Commands> value;
    void reset_on(aio::Shard& shard) {
      if (!value) return;
      std::promise<void> done;
      shard.post([&] {
        value.reset();
        done.set_value();
      });
      done.get_future().get();
    }
  };

  void connect() {
    auto options = options_;
    options.reconnect_first = std::chrono::milliseconds(1);
    options.reconnect_last = std::chrono::milliseconds(5);
    commands_.reset_on(shard_);
    commands_.value = std::make_unique<::redis::Commands>(shard_, options);
    shard_.post([this] { commands_.value->start(); });
  }
  Outcome try_run(std::initializer_list<std::string_view> words) {
    std::promise<Outcome> answer;
    shard_.post(
        [&] { commands_.value->command(words, [&](Outcome outcome) { answer.set_value(std::move(outcome)); }); });
    return answer.get_future().get();
  }

  base::TemporaryDirectory directory_;
  const std::vector<std::string> arguments_;
  ::redis::Options options_;
  ServerProcess process_;
  base::SystemClock clock_;
  aio::Shard shard_{aio::ShardIndex{0}, clock_};
  OnShard commands_;
};

}  // namespace adapters::redis
