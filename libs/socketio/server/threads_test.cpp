// The same on real shards: what crosses threads, for the eyes of ThreadSanitizer.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>

#include "aio/shard.hpp"
#include "socketio/server/fake_engine.hpp"

namespace socketio {
namespace {

using ::testing::SizeIs;

constexpr std::size_t kClientsPerShard = 8;
constexpr int kRounds = 200;

struct Client {
  explicit Client(Hub& hub) : listener(hub.accept(session, {})) { listener->on_text("0"); }
  testing::FakeSession session;
  std::unique_ptr<engineio::Listener> listener;
};

/// Runs `work` on the shard and waits for it.
template <class Work>
void on(aio::Shard& shard, Work work) {
  std::promise<void> done;
  shard.post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

class RealShards : public ::testing::Test {
 protected:
  RealShards() : space_(server_.of("/")) {
    for (auto& shard : shards_) {
      server_.add_hub({.executor = shard, .timers = shard.timers(), .clock = clock_, .is_here = [&shard] {
                         return shard.on_this_thread();
                       }});
      shard.start();
    }
    for (std::size_t i = 0; i < std::size(shards_); ++i) {
      on(shards_[i], [&, i] {
        for (std::size_t n = 0; n < kClientsPerShard; ++n) {
          clients_[i].push_back(std::make_unique<Client>(*server_.hubs()[i]));
        }
      });
    }
  }
  ~RealShards() override {
    for (std::size_t i = 0; i < std::size(shards_); ++i) on(shards_[i], [&, i] { clients_[i].clear(); });
    for (auto& shard : shards_) shard.stop();
  }

  std::vector<RemoteSocket> fetch(const Broadcast& selection) {
    std::promise<std::vector<RemoteSocket>> found;
    selection.fetch_sockets(shards_[0], [&](std::vector<RemoteSocket> all) { found.set_value(std::move(all)); });
    return found.get_future().get();
  }

  base::SystemClock clock_;
  aio::Shard shards_[2]{{aio::ShardIndex{0}, clock_}, {aio::ShardIndex{1}, clock_}};
  Server server_;
  Namespace& space_;
  std::vector<std::unique_ptr<Client>> clients_[2];
};

TEST_F(RealShards, BroadcastsOfOneCallerKeepTheirOrderOnEveryShard) {
  shards_[1].post([this] {
    for (int i = 0; i < kRounds; ++i) space_.to("nobody").emit("other");
  });
  for (int i = 0; i < kRounds; ++i) space_.emit("n", std::to_string(i));
  for (std::size_t shard = 0; shard < std::size(shards_); ++shard) {
    on(shards_[shard], [&, shard] {
      for (const auto& client : clients_[shard]) {
        ASSERT_THAT(client->session.sent, SizeIs(kRounds + 1));
        for (int i = 0; i < kRounds; ++i) {
          EXPECT_EQ(client->session.sent[static_cast<std::size_t>(i) + 1], "2[\"n\"," + std::to_string(i) + "]");
        }
      }
    });
  }
}

TEST_F(RealShards, SelectionsFromAnyThreadReachEverybody) {
  const auto all = fetch(space_.everybody());
  ASSERT_THAT(all, SizeIs(2 * kClientsPerShard));
  space_.to(all[0].id).to(all.back().id).sockets_join("room");
  EXPECT_THAT(fetch(space_.to("room")), SizeIs(2));
  space_.to("room").disconnect_sockets();
  EXPECT_THAT(fetch(space_.everybody()), SizeIs(2 * kClientsPerShard - 2));
}

TEST_F(RealShards, AnswersOfAllShardsMeetInOneOutcome) {
  std::promise<BroadcastAnswers> outcome;
  space_.everybody().emit_with_ack("q", "", std::chrono::seconds(30), shards_[0],
                                   [&](BroadcastAnswers answers) { outcome.set_value(std::move(answers)); });
  for (std::size_t shard = 0; shard < std::size(shards_); ++shard) {
    shards_[shard].post([this, shard] {
      for (const auto& client : clients_[shard]) {
        const std::string& question = client->session.sent.back();
        client->listener->on_text("3" + question.substr(1, question.find('[') - 1) + "[1]");
      }
    });
  }
  const BroadcastAnswers answers = outcome.get_future().get();
  EXPECT_TRUE(answers.complete());
  EXPECT_THAT(answers.answers, SizeIs(2 * kClientsPerShard));
}

}  // namespace
}  // namespace socketio
