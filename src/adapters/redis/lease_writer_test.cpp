// What the writer says to a server that answers as the test tells it to.

#include "adapters/redis/lease_writer.hpp"

#include <gtest/gtest.h>

#include <atomic>

#include "adapters/redis/server_process_testing.hpp"
#include "redis/cluster_nodes_fixture.hpp"

namespace adapters::redis {
namespace {

using chat::ConnectionId;
using namespace std::chrono_literals;

const chat::DeviceId kPhone{"phone"};
const std::string kMark = "*2\r\n$1\r\nm\r\n:1000000\r\n";

chat::UserId user(std::uint8_t n) {
  chat::UserId id;
  id.bytes.back() = n;
  return id;
}

class LeaseWriterTest : public ::testing::Test {
 protected:
  LeaseWriterTest() {
    options_.node = "a";
    options_.server.endpoint.port = server_.port(0);
    options_.server.reconnect_first = 1ms;
    options_.server.reconnect_last = 2ms;
    options_.renew_every = 1h;
    options_.farewell = 1ms;
    server_.answer(0, [this](const std::string& line) -> std::string {
      if (line.starts_with("SCRIPT LOAD")) return "$4\r\nhash\r\n";
      if (line.find("restante:presence") != std::string::npos) return kMark;
      return silent_ ? "" : ":1\r\n";
    });
  }
  /// Of this user's leases: what follows the key, of each write.
  std::vector<std::string> writes(std::uint8_t n) {
    const std::string start = "EVALSHA hash 1 " + lease_key(user(n)) + " ";
    std::vector<std::string> found;
    for (const auto& line : server_.heard(0)) {
      if (line.starts_with(start)) found.push_back(line.substr(start.size()));
    }
    return found;
  }

  ::redis::testing::ClusterNodes server_{1};
  std::atomic<bool> silent_{false};
  PresenceOptions options_;
  LeaseTable table_;
};

TEST_F(LeaseWriterTest, OfOneUserOneWriteAtATimeIsUnderWay) {
  LeaseWriter writer(options_, table_);
  ASSERT_TRUE(eventually([&] { return writer.up(); }));
  silent_ = true;
  table_.add(user(1), ConnectionId(1), kPhone);
  writer.changed(user(1));
  ASSERT_TRUE(eventually([&] { return !writes(1).empty(); }));
  table_.remove(user(1), ConnectionId(1));
  writer.changed(user(1));
  table_.add(user(2), ConnectionId(2), kPhone);
  writer.changed(user(2));
  ASSERT_TRUE(eventually([&] { return !writes(2).empty(); }));
  const auto heard = writes(1);
  if (writer.failed() == 0) {  // else this machine stood still until the server was given up
    EXPECT_EQ(heard, std::vector<std::string>{"a: 20000 a:1/phone"})
        << "the second one waits for the answer to the first";
  }
  silent_ = false;
  server_.cut(0);
  EXPECT_TRUE(eventually([&] { return writes(1).back() == "a: 20000"; })) << "and is not forgotten";
}

TEST_F(LeaseWriterTest, WhoIsGoneIsToldAgainAfterAWriteThatFailed) {
  LeaseWriter writer(options_, table_);
  ASSERT_TRUE(eventually([&] { return writer.up(); }));
  silent_ = true;
  writer.changed(user(1));
  ASSERT_TRUE(eventually([&] { return !writes(1).empty(); }));
  silent_ = false;
  server_.cut(0);
  EXPECT_TRUE(eventually([&] { return writes(1) == std::vector<std::string>(2, "a: 20000"); }));
}

}  // namespace
}  // namespace adapters::redis
