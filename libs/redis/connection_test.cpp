// Both kinds of connection against a server that says what the test tells it to.

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "aio/shard_testing.hpp"
#include "base/clock.hpp"
#include "redis/commands.hpp"
#include "redis/scripted_server_fixture.hpp"
#include "redis/subscriber.hpp"

namespace redis {
namespace {

using namespace std::chrono_literals;
using testing::kSelect;
using testing::ScriptedServer;

class RedisConnection : public ::testing::Test {
 protected:
  RedisConnection() {
    options_.endpoint.port = server_.port();
    options_.reconnect_first = 1ms;
    options_.reconnect_last = 2ms;
    shard_.start();
  }
  template <class Work>
  void on_shard(Work work) {
    aio::testing::run_on(shard_, std::move(work));
  }
  void start_commands() {
    on_shard([&] {
      commands_ = std::make_unique<Commands>(shard_, options_);
      commands_->start();
    });
  }
  void await_connection() {
    for (bool connected = false; !connected;) on_shard([&] { connected = commands_->connected(); });
  }
  /// "text", or what went wrong.
  std::future<std::string> command(std::string_view word) {
    auto promise = std::make_shared<std::promise<std::string>>();
    shard_.post([this, promise, name = std::string(word)] {
      commands_->command({name}, [promise](const base::Result<Reply, CommandError>& reply) {
        // A second call would throw.
        promise->set_value(reply.ok() ? reply->text : std::string(to_string(reply.error())));
      });
    });
    return promise->get_future();
  }
  void TearDown() override {
    on_shard([&] {
      commands_.reset();
      subscriber_.reset();
    });
    shard_.stop();
  }

  ScriptedServer server_;
  Options options_;
  base::SystemClock clock_;
  aio::Shard shard_{aio::ShardIndex{0}, clock_};
  std::unique_ptr<Commands> commands_;
  std::unique_ptr<Subscriber> subscriber_;
};

TEST_F(RedisConnection, GreetsWithUserPasswordAndDatabase) {
  options_.endpoint.user = "u";
  options_.endpoint.password = "p";
  options_.endpoint.database = 7;
  start_commands();
  server_.accept("*3\r\n$4\r\nAUTH\r\n$1\r\nu\r\n$1\r\np\r\n*2\r\n$6\r\nSELECT\r\n$1\r\n7\r\n", "+OK\r\n+OK\r\n");
  await_connection();
}

TEST_F(RedisConnection, ARefusedGreetingIsTriedAgain) {
  start_commands();
  server_.accept(kSelect, "-LOADING Redis is loading\r\n");
  server_.accept();
  await_connection();
}

TEST_F(RedisConnection, PipelinedCommandsGetTheirRepliesInOrder) {
  start_commands();
  server_.accept();
  await_connection();
  auto first = command("A"), second = command("B"), third = command("C");
  EXPECT_EQ(server_.read(33), "*1\r\n$1\r\nA\r\n*1\r\n$1\r\nB\r\n*1\r\n$1\r\nC\r\n");
  server_.write("+one\r\n-ERR two\r\n$5\r\nth");
  EXPECT_EQ(first.get(), "one");
  EXPECT_EQ(second.get(), "ERR two");
  server_.write("ree\r\n");
  EXPECT_EQ(third.get(), "three");
}

TEST_F(RedisConnection, WithoutAConnectionACommandFailsAtOnce) {
  start_commands();
  EXPECT_EQ(command("A").get(), "not connected");
}

TEST_F(RedisConnection, ALostConnectionFailsWhatWaitsAndComesBack) {
  start_commands();
  server_.accept();
  await_connection();
  auto first = command("A"), second = command("B");
  server_.read(22);
  server_.hang_up();
  EXPECT_EQ(first.get(), "connection lost");
  EXPECT_EQ(second.get(), "connection lost");
  server_.accept();
  await_connection();
  auto again = command("C");
  server_.read(11);
  server_.write(":1\r\n");
  EXPECT_EQ(again.get(), "");
}

TEST_F(RedisConnection, AReplyThatDoesNotComeEndsTheConnection) {
  options_.command_timeout = 20ms;
  start_commands();
  server_.accept();
  await_connection();
  EXPECT_EQ(command("A").get(), "timed out");
  server_.accept();
  await_connection();
}

TEST_F(RedisConnection, MoreCommandsThanTheLimitAreRefused) {
  options_.max_pending_commands = 2;
  start_commands();
  server_.accept();
  await_connection();
  auto first = command("A"), second = command("B"), third = command("C");
  EXPECT_EQ(third.get(), "queue full");
  server_.read(22);
  server_.write("+1\r\n+2\r\n");
  EXPECT_EQ(first.get() + second.get(), "12");
}

TEST_F(RedisConnection, WhatIsNotRedisIsLeftAndTriedAgain) {
  start_commands();
  server_.accept();
  await_connection();
  auto waiting = command("A");
  server_.read(11);
  server_.write("HTTP/1.1 400 Bad Request\r\n");
  EXPECT_EQ(waiting.get(), "connection lost");
  server_.accept();
  await_connection();
  server_.write("+nobody asked\r\n");
  server_.accept();
  await_connection();
}

TEST_F(RedisConnection, TheEndTellsThoseWhoWait) {
  start_commands();
  server_.accept();
  await_connection();
  auto waiting = command("A");
  server_.read(11);
  on_shard([&] { commands_.reset(); });
  EXPECT_EQ(waiting.get(), "stopped");
}

TEST_F(RedisConnection, SubscriptionsAreAskedForAgainAfterAReconnection) {
  std::promise<std::string> heard;
  std::atomic<int> live{0};
  on_shard([&] {
    subscriber_ = std::make_unique<Subscriber>(
        shard_, options_,
        [&](const Message& message) {
          heard.set_value(std::string(message.pattern) + "|" + std::string(message.channel) + "|" +
                          std::string(message.payload));
        },
        [&](bool is_live) { live += is_live ? 1 : 0; });
    subscriber_->subscribe(SubscriptionKind::kChannel, "c");
    subscriber_->subscribe(SubscriptionKind::kPattern, "p*");
    subscriber_->subscribe(SubscriptionKind::kChannel, "gone");
    subscriber_->unsubscribe(SubscriptionKind::kChannel, "gone");
    subscriber_->start();
  });
  const std::string asked = "*2\r\n$9\r\nSUBSCRIBE\r\n$1\r\nc\r\n*2\r\n$10\r\nPSUBSCRIBE\r\n$2\r\np*\r\n";
  server_.accept();
  EXPECT_EQ(server_.read(asked.size()), asked);
  server_.hang_up();
  server_.accept();
  EXPECT_EQ(server_.read(asked.size()), asked);
  server_.write("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$10\r\npsubscribe\r\n$2\r\np*\r\n:2\r\n");
  server_.write("*4\r\n$8\r\npmessage\r\n$2\r\np*\r\n$3\r\np.x\r\n$2\r\nhi\r\n");
  EXPECT_EQ(heard.get_future().get(), "p*|p.x|hi");
  EXPECT_EQ(live.load(), 1);
}

/// "channel payload" of the next message, on another thread.
class HeardMessages {
 public:
  void add(const Message& message) {
    const std::lock_guard lock(mutex_);
    heard_.push_back(std::string(message.channel) + " " + std::string(message.payload));
    changed_.notify_one();
  }
  std::string next() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return !heard_.empty(); });
    std::string first = std::move(heard_.front());
    heard_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::string> heard_;
};

TEST_F(RedisConnection, ShardedSubscriptionsComeBackOneByOne) {
  HeardMessages heard;
  const auto listens = [&] {
    bool confirmed = false;
    on_shard([&] { confirmed = subscriber_->listens(SubscriptionKind::kSharded, "c"); });
    return confirmed;
  };
  on_shard([&] {
    const auto hear = [&](const Message& message) {
      if (message.kind == SubscriptionKind::kSharded) heard.add(message);
    };
    subscriber_ = std::make_unique<Subscriber>(shard_, options_, hear, [](bool) {});
    subscriber_->subscribe(SubscriptionKind::kSharded, "c");
    subscriber_->start();
  });
  const std::string asked = "*2\r\n$10\r\nSSUBSCRIBE\r\n$1\r\nc\r\n";
  const std::string confirmed = "*3\r\n$10\r\nssubscribe\r\n$1\r\nc\r\n:1\r\n";
  const std::string message = "*3\r\n$8\r\nsmessage\r\n$1\r\nc\r\n$2\r\nhi\r\n";
  server_.accept();
  EXPECT_EQ(server_.read(asked.size()), asked);
  EXPECT_FALSE(listens());
  server_.write(confirmed + message);
  EXPECT_EQ(heard.next(), "c hi");
  EXPECT_TRUE(listens());
  on_shard([&] { subscriber_->subscribe(SubscriptionKind::kSharded, "d"); });
  server_.read(asked.size());
  EXPECT_TRUE(listens());                                           // whatever others wait for
  server_.write("*3\r\n$12\r\nsunsubscribe\r\n$1\r\nd\r\n:1\r\n");  // the answer to the question for d
  server_.write("*3\r\n$12\r\nsunsubscribe\r\n$1\r\nc\r\n:0\r\n");  // taken away
  server_.accept();
  EXPECT_FALSE(listens());
  server_.read(2 * asked.size());
  server_.write(confirmed + message);
  EXPECT_EQ(heard.next(), "c hi");
}

TEST_F(RedisConnection, ASilentServerIsLeft) {
  options_.keepalive = 20ms;
  on_shard([&] {
    subscriber_ = std::make_unique<Subscriber>(shard_, options_, [](const Message&) {}, [](bool) {});
    subscriber_->start();
  });
  server_.accept();
  EXPECT_EQ(server_.read(14), "*1\r\n$4\r\nPING\r\n");
  server_.accept();
}

}  // namespace
}  // namespace redis
