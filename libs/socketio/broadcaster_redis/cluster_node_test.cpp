#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <future>
#include <memory>
#include <optional>

#include "aio/shard.hpp"
#include "redis/scripted_server_fixture.hpp"
#include "socketio/broadcaster_redis/redis_broadcaster.hpp"
#include "socketio/server/server.hpp"

namespace broadcaster_redis {
namespace {

using boost::asio::ip::tcp;

/// Lets both connections of a node in, in whatever order they come, and says nothing more.
class SilentRedis {
 public:
  [[nodiscard]] std::uint16_t port() const { return acceptor_.local_endpoint().port(); }
  void let_in() {
    for (auto& peer : peers_) {
      peer.emplace(acceptor_.accept());
      std::array<char, redis::testing::kSelect.size()> greeting{};
      boost::asio::read(*peer, boost::asio::buffer(greeting));
      boost::asio::write(*peer, boost::asio::buffer("+OK\r\n", 5));
    }
  }

 private:
  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::array<std::optional<tcp::socket>, 2> peers_;
};

TEST(ClusterNode, ThatEndsWithAQuestionOpenLeavesItUnanswered) {
  const base::SystemClock clock;
  SilentRedis redis;
  BroadcasterOptions options;
  options.redis.endpoint.host = "127.0.0.1";
  options.redis.endpoint.port = redis.port();
  aio::Shard shard(aio::ShardIndex{0}, clock);
  auto broadcaster = std::make_unique<RedisBroadcaster>(shard, options);
  shard.start();
  redis.let_in();
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
