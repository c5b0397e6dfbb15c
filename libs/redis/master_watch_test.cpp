// A connection to the master that Sentinels name; the Sentinels and servers say what the test tells them to.

#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>

#include "aio/shard_testing.hpp"
#include "base/clock.hpp"
#include "redis/commands.hpp"
#include "redis/scripted_server_fixture.hpp"

namespace redis {
namespace {

using namespace std::chrono_literals;
using testing::ScriptedServer;

const std::string kPing = "*1\r\n$4\r\nPING\r\n";
const std::string kGreeting = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*1\r\n$4\r\nROLE\r\n";
const std::string kMaster = "+OK\r\n*3\r\n$6\r\nmaster\r\n:0\r\n*0\r\n";
const std::string kReplica = "+OK\r\n*1\r\n$5\r\nslave\r\n";
const std::string kQuestion =
    "*3\r\n$8\r\nSENTINEL\r\n$23\r\nGET-MASTER-ADDR-BY-NAME\r\n$1\r\ng\r\n"
    "*2\r\n$9\r\nSUBSCRIBE\r\n$14\r\n+switch-master\r\n";
const std::string kSubscribed = "*3\r\n$9\r\nsubscribe\r\n$14\r\n+switch-master\r\n:1\r\n";

std::string bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

std::string address_of(const ScriptedServer& server) {
  return "*2\r\n" + bulk("127.0.0.1") + bulk(std::to_string(server.port())) + kSubscribed;
}

class RedisMasterWatch : public ::testing::Test {
 protected:
  RedisMasterWatch() {
    options_.endpoint.sentinels = {{"127.0.0.1", first_.port()}, {"127.0.0.1", second_.port()}};
    options_.endpoint.group = "g";
    options_.reconnect_first = 1ms;
    options_.reconnect_last = 2ms;
    shard_.start();
  }
  template <class Work>
  void on_shard(Work work) {
    aio::testing::run_on(shard_, std::move(work));
  }
  void start() {
    on_shard([&] {
      commands_ = std::make_unique<Commands>(shard_, options_);
      commands_->start();
    });
  }
  void await_connection() {
    for (bool connected = false; !connected;) on_shard([&] { connected = commands_->connected(); });
  }
  static void answer(ScriptedServer& sentinel, const std::string& answer) {
    sentinel.accept(kPing, "+PONG\r\n");
    EXPECT_EQ(sentinel.read(kQuestion.size()), kQuestion);
    sentinel.write(answer);
  }
  void TearDown() override {
    on_shard([&] { commands_.reset(); });
    shard_.stop();
  }

  ScriptedServer first_, second_, master_, other_;
  Options options_;
  base::SystemClock clock_;
  aio::Shard shard_{aio::ShardIndex{0}, clock_};
  std::unique_ptr<Commands> commands_;
};

TEST_F(RedisMasterWatch, ConnectsToTheMasterThatASentinelNames) {
  start();
  answer(first_, address_of(master_));
  master_.accept(kGreeting, kMaster);
  await_connection();
}

TEST_F(RedisMasterWatch, ASentinelThatDoesNotKnowTheGroupIsFollowedByTheNext) {
  start();
  answer(first_, "*-1\r\n" + kSubscribed);
  answer(second_, address_of(master_));
  master_.accept(kGreeting, kMaster);
  await_connection();
}

TEST_F(RedisMasterWatch, AServerThatIsNoMasterIsTriedAgain) {
  start();
  answer(first_, address_of(master_));
  master_.accept(kGreeting, kReplica);
  master_.accept(kGreeting, kMaster);
  await_connection();
}

TEST_F(RedisMasterWatch, AnotherMasterIsGoneToAtOnce) {
  start();
  answer(first_, address_of(master_));
  master_.accept(kGreeting, kMaster);
  await_connection();
  const auto announce = [&](const std::string& group) {
    const std::string text = group + " 127.0.0.1 1 127.0.0.1 " + std::to_string(other_.port());
    first_.write("*3\r\n" + bulk("message") + bulk("+switch-master") + bulk(text));
  };
  announce("another group");
  announce("g");
  EXPECT_EQ(master_.read(1), "");  // left
  other_.accept(kGreeting, kMaster);
  await_connection();
}

TEST_F(RedisMasterWatch, ALostSentinelLeavesTheConnectionAndTheNextOneIsHeard) {
  start();
  answer(first_, address_of(master_));
  master_.accept(kGreeting, kMaster);
  await_connection();
  first_.hang_up();
  answer(second_, address_of(master_));
  on_shard([&] { EXPECT_TRUE(commands_->connected()); });
  second_.hang_up();
  answer(first_, address_of(other_));
  other_.accept(kGreeting, kMaster);
  await_connection();
}

}  // namespace
}  // namespace redis
