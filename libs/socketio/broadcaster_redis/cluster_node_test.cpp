#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <memory>

#include "aio/shard.hpp"
#include "redis/scripted_server_fixture.hpp"
#include "socketio/broadcaster_redis/redis_broadcaster.hpp"
#include "socketio/server/server.hpp"

namespace broadcaster_redis {
namespace {

TEST(ClusterNode, ThatEndsWithAQuestionOpenLeavesItUnanswered) {
  const base::SystemClock clock;
  redis::testing::ScriptedServer redis;  // says nothing but its greetings
  BroadcasterOptions options;
  options.redis.endpoint.host = "127.0.0.1";
  options.redis.endpoint.port = redis.port();
  aio::Shard shard(aio::ShardIndex{0}, clock);
  auto broadcaster = std::make_unique<RedisBroadcaster>(shard, options);
  shard.start();
  redis.accept();  // both connections of a node, in whatever order they come
  redis.set_aside();
  redis.accept();
  socketio::Server server;
  std::atomic<int> answered{0};
  // While its connection is not ready a question is answered at once, in the turn in which it is asked.
  for (int asked = 1;; ++asked) {
    broadcaster->fetch_sockets(server.of("/"), {}, [&](auto) { ++answered; });
    std::promise<void> turned;
    shard.post([&] { turned.set_value(); });
    turned.get_future().wait();
    if (answered < asked) break;
  }
  const int before = answered;
  shard.stop();
  broadcaster.reset();
  EXPECT_EQ(answered, before);
}

}  // namespace
}  // namespace broadcaster_redis
