#pragma once
// A real Redis for tests, on a free loopback port, in a directory of its own. It ends with this process, whatever ends
// it. Tests only.

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <functional>
#include <future>
#include <initializer_list>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "aio/shard.hpp"
#include "base/clock.hpp"
#include "base/temporary_directory_testing.hpp"
#include "redis/commands.hpp"

namespace adapters::redis {

/// Asks until the answer is yes. False: not within a time that only a broken program takes.
inline bool eventually(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

class RedisServer {
 public:
  /// Why there is none, as the reason of a skipped test.
  static std::optional<std::string> missing() {
    if (std::system("command -v redis-server >/dev/null 2>&1") == 0) return std::nullopt;
    return "no redis-server is installed";
  }

  RedisServer() {
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
    const pid_t parent = ::getpid();
    process_ = ::fork();
    if (process_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(1);
      const int null = ::open("/dev/null", O_RDWR);
      for (const int stream : {0, 1, 2}) ::dup2(null, stream);
      ::execlp("redis-server", "redis-server", "--port", port.c_str(), "--bind", "127.0.0.1", "--save", "",
               "--appendonly", "no", "--dir", folder.c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    connect();
    bool ended = false;
    const bool answers = eventually([&] {
      ended = ::waitpid(process_, nullptr, WNOHANG) == process_;
      if (ended) return true;
      const auto where = try_run({"CONFIG", "GET", "dir"});  // somebody else's server may have the port
      return where.ok() && where->elements.size() == 2 && where->elements[1].text == folder;
    });
    if (ended) process_ = 0;
    return answers && !ended;
  }
  void kill() {
    commands_.reset_on(shard_);
    if (process_ == 0) return;
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
    process_ = 0;
  }
  void freeze() { ::kill(process_, SIGSTOP); }  // neither answers nor closes
  void resume() { ::kill(process_, SIGCONT); }

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

  static std::uint16_t random_port() {
    static std::random_device device;
    return std::uniform_int_distribution<std::uint16_t>(20'000, 32'000)(device);  // below what the kernel gives away
  }
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
  ::redis::Options options_;
  pid_t process_ = 0;
  base::SystemClock clock_;
  aio::Shard shard_{aio::ShardIndex{0}, clock_};
  OnShard commands_;
};

}  // namespace adapters::redis
