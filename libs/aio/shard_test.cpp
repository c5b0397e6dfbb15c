#include "aio/shard.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>

#include "aio/offload_pool.hpp"
#include "aio/shard_testing.hpp"

namespace aio {
namespace {

using namespace std::chrono_literals;

class ShardTest : public ::testing::Test {
 protected:
  void SetUp() override { shard_.start(); }
  /// Runs `work` on the shard and waits for it.
  template <class Work>
  void on_shard(Work work) {
    testing::run_on(shard_, std::move(work));
  }
  base::SystemClock clock_;
  Shard shard_{ShardIndex{3}, clock_};
};

TEST_F(ShardTest, RunsPostedTasksOfOneCallerInOrderOnItsThread) {
  std::vector<int> seen;
  bool right_thread = true;
  for (int i = 0; i < 1000; ++i)
    shard_.post([&, i] {
      seen.push_back(i);
      right_thread &= shard_.on_this_thread();
    });
  on_shard([] {});
  ASSERT_EQ(seen.size(), 1000u);
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(seen[static_cast<std::size_t>(i)], i);
  EXPECT_TRUE(right_thread);
  EXPECT_FALSE(shard_.on_this_thread());
}

TEST_F(ShardTest, PostAllLeavesTheVectorEmptyAndRunsEverything) {
  std::vector<base::Task> tasks;
  int count = 0;
  for (int i = 0; i < 10; ++i) tasks.push_back([&] { ++count; });
  shard_.post_all(tasks);
  EXPECT_TRUE(tasks.empty());
  on_shard([] {});
  EXPECT_EQ(count, 10);
}

TEST_F(ShardTest, EndOfTurnComesAfterEverythingThatWasReady) {
  std::string order;
  std::promise<void> done;
  std::vector<base::Task> tasks;
  tasks.push_back([&] {
    order += 'a';
    shard_.at_end_of_turn([&] {
      order += 'E';
      done.set_value();
    });
    shard_.post([&] { order += 'c'; });
  });
  tasks.push_back([&] { order += 'b'; });
  shard_.post_all(tasks);
  done.get_future().get();
  EXPECT_EQ(order, "abcE");
}

TEST_F(ShardTest, EndOfTurnAskedForAtTheEndOfATurnRunsInTheNextOne) {
  std::promise<void> done;
  shard_.post([&] { shard_.at_end_of_turn([&] { shard_.at_end_of_turn([&] { done.set_value(); }); }); });
  EXPECT_EQ(done.get_future().wait_for(5s), std::future_status::ready);
}

TEST_F(ShardTest, FiresTimers) {
  std::promise<void> fired;
  std::unique_ptr<Timer> timer;
  on_shard([&] {
    timer = std::make_unique<Timer>([](void* p) { static_cast<std::promise<void>*>(p)->set_value(); }, &fired);
    shard_.timers().arm_after(*timer, 20ms);
  });
  EXPECT_EQ(fired.get_future().wait_for(5s), std::future_status::ready);
  on_shard([&] { timer.reset(); });
}

struct Echo final : Watched {
  void on_ready(std::uint32_t) override {
    char byte = 0;
    if (::read(descriptor, &byte, 1) == 1) got.set_value(byte);
  }
  int descriptor = -1;
  std::promise<char> got;
};

TEST_F(ShardTest, ReportsReadableSockets) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
  Echo echo;
  echo.descriptor = pair[0];
  on_shard([&] { ASSERT_TRUE(shard_.readiness().add(pair[0], echo, EPOLLIN)); });
  ASSERT_EQ(::write(pair[1], "x", 1), 1);
  EXPECT_EQ(echo.got.get_future().get(), 'x');
  on_shard([&] { shard_.readiness().remove(pair[0], echo); });
  ::close(pair[0]);
  ::close(pair[1]);
}

struct RemovesOther final : Watched {
  explicit RemovesOther(ReadinessSet& s) : set(s) {}
  void on_ready(std::uint32_t) override {
    ++calls;
    set.remove(other_descriptor, *other);
  }
  ReadinessSet& set;
  int calls = 0;
  int other_descriptor = -1;
  RemovesOther* other = nullptr;
};

TEST(ReadinessSetTest, DropsFetchedEventsOfWhatIsRemovedMeanwhile) {
  ReadinessSet set;
  int first[2];
  int second[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, first), 0);
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM, 0, second), 0);
  RemovesOther a(set);
  RemovesOther b(set);
  a.other = &b;
  a.other_descriptor = second[0];
  b.other = &a;
  b.other_descriptor = first[0];
  ASSERT_TRUE(set.add(first[0], a, EPOLLIN));
  ASSERT_TRUE(set.add(second[0], b, EPOLLIN));
  ASSERT_EQ(::write(first[1], "x", 1), 1);
  ASSERT_EQ(::write(second[1], "x", 1), 1);
  set.dispatch();
  EXPECT_EQ(a.calls + b.calls, 1);
  for (const int descriptor : {first[0], first[1], second[0], second[1]}) ::close(descriptor);
}

TEST(ShardLife, DestroysTasksThatNeverRan) {
  base::SystemClock clock;
  auto witness = std::make_shared<int>(1);
  {
    Shard shard(ShardIndex{0}, clock);
    shard.post([witness] { ++*witness; });
    EXPECT_EQ(witness.use_count(), 2);
  }
  EXPECT_EQ(witness.use_count(), 1);
  EXPECT_EQ(*witness, 1);
}

TEST(OffloadPoolTest, RefusesWhenFullAndRunsWhatItTook) {
  std::promise<void> gate;
  auto open = gate.get_future().share();
  std::promise<void> started;
  std::atomic<int> ran{0};
  OffloadPool pool({.threads = 1, .queue_limit = 2});
  ASSERT_TRUE(pool.try_submit([&] {
    started.set_value();
    open.wait();
    ++ran;
  }));
  started.get_future().get();
  EXPECT_TRUE(pool.try_submit([&] { ++ran; }));
  EXPECT_TRUE(pool.try_submit([&] { ++ran; }));
  EXPECT_FALSE(pool.try_submit([&] { ++ran; }));
  EXPECT_EQ(pool.queued(), 2u);
  EXPECT_EQ(pool.refused(), 1u);
  gate.set_value();
  pool.stop();
  EXPECT_EQ(ran, 3);
  EXPECT_FALSE(pool.try_submit([&] { ++ran; }));
}

}  // namespace
}  // namespace aio
