// Two nodes on the bus of a real Redis.

#include "adapters/redis/redis_bus.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <vector>

#include "adapters/redis/redis_server_testing.hpp"

namespace adapters::redis {
namespace {

using chat::NodeNote;
using namespace std::chrono_literals;

NodeNote typing(std::uint8_t user) {
  NodeNote note;
  note.kind = NodeNote::Kind::kTyping;
  note.user.bytes.back() = user;
  note.on = true;
  return note;
}

class RedisBusTest : public ::testing::Test {
 protected:
  struct Node {
    Node(const RedisServer& server, const std::string& name, std::size_t max_waiting)
        : bus(options(server, name, max_waiting)) {
      bus.listen([this](const NodeNote& note) {
        const std::lock_guard lock(mutex);
        heard.push_back(note);
      });
    }
    static BusOptions options(const RedisServer& server, const std::string& name, std::size_t max_waiting) {
      BusOptions options;
      options.node = name;
      options.server = server.options();
      options.server.reconnect_first = 1ms;
      options.server.reconnect_last = 5ms;
      options.max_waiting = max_waiting;
      return options;
    }
    std::size_t count(NodeNote::Kind kind) {
      const std::lock_guard lock(mutex);
      return static_cast<std::size_t>(
          std::count_if(heard.begin(), heard.end(), [&](const NodeNote& note) { return note.kind == kind; }));
    }
    std::vector<std::uint8_t> typists() {
      const std::lock_guard lock(mutex);
      std::vector<std::uint8_t> users;
      for (const auto& note : heard) {
        if (note.kind == NodeNote::Kind::kTyping) users.push_back(note.user.bytes.back());
      }
      return users;
    }
    std::mutex mutex;
    std::vector<NodeNote> heard;
    RedisBus bus;  // its thread ends first
  };

  void SetUp() override {
    if (const auto missing = RedisServer::missing()) GTEST_SKIP() << *missing;
    server_ = std::make_unique<RedisServer>();
  }
  std::unique_ptr<Node> node(const std::string& name, std::size_t max_waiting = 4'096) {
    auto made = std::make_unique<Node>(*server_, name, max_waiting);
    EXPECT_TRUE(eventually([&] { return made->bus.up(); }));
    return made;
  }

  std::unique_ptr<RedisServer> server_;
};

TEST_F(RedisBusTest, NotesReachTheOtherNodesInOrderAndNotTheirOwn) {
  const auto a = node("a"), b = node("b"), c = node("c");
  for (std::uint8_t n = 1; n <= 100; ++n) a->bus.publish(typing(n));
  ASSERT_TRUE(eventually([&] { return b->typists().size() == 100 && c->typists().size() == 100; }));
  for (std::uint8_t n = 1; n <= 100; ++n) EXPECT_EQ(b->typists()[n - 1u], n);
  b->bus.publish(typing(101));
  ASSERT_TRUE(eventually([&] { return a->typists().size() == 1; })) << "what came before was its own";
  EXPECT_EQ(a->bus.drops() + b->bus.drops(), 0u);
}

TEST_F(RedisBusTest, ManyCommitsAreSaidOnceATurn) {
  const auto a = node("a", 1), b = node("b");
  const auto before = b->count(NodeNote::Kind::kCommitted);
  for (int n = 0; n < 1'000; ++n) a->bus.publish(NodeNote{});
  EXPECT_EQ(a->bus.drops(), 0u) << "there is room for one only, and it says it for all";
  EXPECT_TRUE(eventually([&] { return b->count(NodeNote::Kind::kCommitted) > before; }));
}

TEST_F(RedisBusTest, RubbishIsCountedAndIgnored) {
  const auto a = node("a"), b = node("b");
  server_->run({"PUBLISH", "restante:notes", "hello"});
  server_->run({"PUBLISH", "restante:notes", std::string(100'000, '\x01')});
  a->bus.publish(typing(1));
  ASSERT_TRUE(eventually([&] { return b->typists().size() == 1; }));
  EXPECT_EQ(b->bus.rubbish(), 2u);
}

TEST_F(RedisBusTest, ALostServerCostsNotesAndIsFoundAgain) {
  const auto a = node("a"), b = node("b");
  EXPECT_EQ(b->count(NodeNote::Kind::kReconnected), 1u) << "said to everybody who begins to listen";
  server_->kill();
  ASSERT_TRUE(eventually([&] { return !a->bus.up() && !b->bus.up(); }));
  a->bus.publish(typing(1));
  EXPECT_TRUE(eventually([&] { return a->bus.drops() == 1; }));
  ASSERT_TRUE(server_->start());
  ASSERT_TRUE(eventually([&] { return a->bus.up() && b->bus.up(); }));
  EXPECT_TRUE(eventually([&] { return b->count(NodeNote::Kind::kReconnected) == 2; })) << "some may have been missed";
  a->bus.publish(typing(2));
  ASSERT_TRUE(eventually([&] { return !b->typists().empty(); }));
  EXPECT_EQ(b->typists(), std::vector<std::uint8_t>{2});
}

/// Redis stands still for some seconds: who listens does not notice, and who speaks gives up after two.
TEST_F(RedisBusTest, WhoCouldNotSayWhoCameIsToldWhenItCanBeSaidAgain) {
  const auto a = node("a"), b = node("b");
  ASSERT_TRUE(eventually([&] { return b->count(NodeNote::Kind::kReconnected) == 1; }));
  server_->run({"CLIENT", "PAUSE", "3000", "WRITE"});
  NodeNote came;
  came.kind = NodeNote::Kind::kPresence;
  came.user.bytes.back() = 1;
  came.on = true;
  a->bus.publish(came);
  b->bus.publish(typing(2));
  EXPECT_TRUE(eventually([&] { return a->bus.drops() + b->bus.drops() == 2; }));
  EXPECT_TRUE(eventually([&] { return a->count(NodeNote::Kind::kReconnected) == 2; }));
  EXPECT_EQ(b->count(NodeNote::Kind::kReconnected), 1u) << "typing is nothing to say again";
}

TEST_F(RedisBusTest, NotesThatFoundNoRoomAreToldOfWhenOthersHaveLeft) {
  const auto a = node("a", 1);
  NodeNote came;
  came.kind = NodeNote::Kind::kPresence;
  for (int n = 0; n < 1'000; ++n) a->bus.publish(came);
  ASSERT_GT(a->bus.drops(), 0u);
  EXPECT_TRUE(eventually([&] { return a->count(NodeNote::Kind::kReconnected) >= 2; }));
}

TEST_F(RedisBusTest, NothingIsHeardAfterTheEnd) {
  const auto a = node("a"), witness = node("w");
  std::atomic<bool> ended{false};
  std::atomic<bool> heard_late{false};
  {
    RedisBus short_lived(Node::options(*server_, "b", 16));
    short_lived.listen([&](const NodeNote&) { heard_late = heard_late || ended; });
    EXPECT_TRUE(eventually([&] { return short_lived.up(); }));
    for (std::uint8_t n = 1; n <= 100; ++n) a->bus.publish(typing(n));
  }
  ended = true;
  EXPECT_TRUE(eventually([&] { return witness->typists().size() == 100; }));
  EXPECT_FALSE(heard_late);
}

}  // namespace
}  // namespace adapters::redis
