// MongoStore while its servers lose answers, step down, die and stand still. Every set here is the test's own.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "adapters/mongodb/connection.hpp"
#include "describe.hpp"
#include "mongo_under_test.hpp"
#include "rows.hpp"

namespace conformance {
namespace {

using adapters::mongodb::MongoStore;
using adapters::mongodb::Options;
using chat::StoreError;

const chat::UserId kAnn = user_id(1);
const chat::UserId kBob = user_id(2);

class MongoFaults : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::program_missing()) GTEST_SKIP() << *missing;
  }

  void start(int members, std::chrono::milliseconds commit_time = std::chrono::seconds(30)) {
    servers_ = std::make_unique<MongoServers>(members);
    options_.uri = servers_->uri();
    options_.commit_time = commit_time;
    options_.majority_time = std::chrono::seconds(2);
    open();
  }
  void open() {
    auto opened = MongoStore::open(options_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(*opened);
  }

  [[nodiscard]] static std::string client_id(std::uint32_t n) { return "client-" + std::to_string(n); }
  /// The n-th message with the numbers that follow what is stored; nullopt: the store does not answer.
  std::optional<chat::CommitBatch> stage(std::uint32_t n) {
    const auto newest = store_->history(chat::ConversationKey::of(kBob, kAnn), std::nullopt, 1);
    const auto bounds = store_->mailbox_bounds(kAnn);
    if (!newest || !bounds) return std::nullopt;
    chat::CommitBatch batch;
    batch.messages = {message(n, kBob, kAnn, newest->empty() ? 1 : newest->front().seq.value + 1, client_id(n))};
    batch.entries = {message_entry(kAnn, bounds->head.value + 1, batch.messages[0])};
    return batch;
  }
  base::Result<void, StoreError> send(std::uint32_t n) {
    const auto batch = stage(n);
    if (!batch) return base::fail(StoreError::kUnavailable);
    return store_->commit(*batch, chat::Durability::kSynced);
  }
  /// What a client that repeats with one client id, and the lane that looks it up first, make of any failure.
  void send_until_known(std::uint32_t n) {
    for (;;) {
      const auto known = store_->message_by_client_id(kBob, kAnn, client_id(n));
      if (known && *known) return;
      if (!known) continue;
      const auto done = send(n);
      if (done) return;
      if (done.error() == StoreError::kUnknown) ++unknown_;
    }
  }
  void expect_each_once(std::uint32_t count) {
    const auto page = store_->read_mailbox(kAnn, chat::MailboxSeq(0), {.entries = 100'000, .bytes = 1 << 30});
    ASSERT_TRUE(page.ok());
    ASSERT_EQ(page->rows.size(), count);
    for (std::uint32_t n = 1; n <= count; ++n) {
      const auto& row = page->rows[n - 1];
      EXPECT_EQ(row.entry.position.value, n);
      ASSERT_TRUE(row.message);
      EXPECT_EQ(row.message->seq.value, n);
      EXPECT_EQ(row.message->client_id, client_id(n));
    }
  }
  /// Writes in the background until `break_it` is through, then some more.
  template <class Fn>
  void write_while(Fn&& break_it) {
    std::atomic<bool> broken{false};
    std::atomic<std::uint32_t> sent{0};
    std::thread writer([&] {
      std::uint32_t after = 0;
      for (std::uint32_t n = 1; after < 20; ++n) {
        send_until_known(n);
        sent = n;
        if (broken) ++after;
      }
    });
    while (sent < 20) std::this_thread::yield();
    break_it();
    broken = true;
    writer.join();
    store_.reset();
    open();
    expect_each_once(sent);
  }
  void fail_commits(const std::string& mode, const std::string& how) {
    ASSERT_TRUE(servers_->command(0, R"({"configureFailPoint":"failCommand","mode":)" + mode +
                                         R"(,"data":{"failCommands":["commitTransaction"],)" + how + "}}"));
  }
  void stop_failing() { ASSERT_TRUE(servers_->command(0, R"({"configureFailPoint":"failCommand","mode":"off"})")); }

  Options options_;
  std::unique_ptr<MongoServers> servers_;
  std::unique_ptr<MongoStore> store_;
  int unknown_ = 0;
};

constexpr const char* kLostAnswer = R"("writeConcernError":{"code":91,"errmsg":"shutting down"})";  // it did happen
constexpr const char* kLostQuestion = R"("closeConnection":true)";                                  // it did not

TEST_F(MongoFaults, ALostAnswerIsAskedForAgainAndTheMessageIsThereOnce) {
  start(1);
  fail_commits(R"({"times":3})", kLostAnswer);
  EXPECT_TRUE(send(1).ok());
  expect_each_once(1);
}

TEST_F(MongoFaults, ALostQuestionIsPutAgainAndTheMessageIsThereOnce) {
  start(1);
  fail_commits(R"({"times":3})", kLostQuestion);
  EXPECT_TRUE(send(1).ok());
  expect_each_once(1);
}

TEST_F(MongoFaults, AnAnswerThatNeverComesIsUnknownAndALookUpByClientIdSettlesIt) {
  start(1, std::chrono::seconds(2));
  fail_commits(R"("alwaysOn")", kLostAnswer);
  const auto done = send(1);
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error(), StoreError::kUnknown);
  EXPECT_EQ(store_->unknown_outcomes(), 1u);
  stop_failing();
  const auto found = store_->message_by_client_id(kBob, kAnn, client_id(1));
  ASSERT_TRUE(found.ok());
  EXPECT_TRUE(*found) << "it was written, as nobody could know";
  send_until_known(1);
  expect_each_once(1);
}

TEST_F(MongoFaults, WhatASlowServerDoesAfterTheDriverHasGivenItUpIsUnknown) {
  start(1, std::chrono::seconds(5));
  options_.uri += "&socketTimeoutMS=2000&connectTimeoutMS=1000";
  store_.reset();
  open();
  const auto staged = stage(1);
  ASSERT_TRUE(staged);
  ASSERT_TRUE(store_->begin_turn().ok());
  // The commit gets no answer in time, and the driver, which asks again, no connection to do so: it says only that.
  ASSERT_TRUE(servers_->command(
      0, R"({"configureFailPoint":"failCommand","mode":"alwaysOn","data":{"appName":"restante","failCommands":)"
         R"(["commitTransaction","isMaster"],"blockConnection":true,"blockTimeMS":3000}})"));
  const auto done = store_->commit(*staged, chat::Durability::kSynced);
  stop_failing();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error(), StoreError::kUnknown);
  send_until_known(1);
  expect_each_once(1);
}

TEST(MongoFailures, OfACommitAreCertainByTheServersWordOnly) {
  const auto fails = [](std::uint32_t domain, std::uint32_t code, const std::string& reply) {
    bson_error_t error{domain, code, ""};
    bson_t* const document = bson_new_from_json(reinterpret_cast<const std::uint8_t*>(reply.data()),
                                                static_cast<ssize_t>(reply.size()), nullptr);
    const auto failure = adapters::mongodb::failure_of(error, document);
    bson_destroy(document);
    return failure.undone();
  };
  const auto labelled = [](const std::string& label) { return R"({"errorLabels":[")" + label + R"("]})"; };
  const auto ended = labelled("TransientTransactionError");
  EXPECT_TRUE(fails(MONGOC_ERROR_SERVER, 251, ended)) << "no such transaction";
  EXPECT_TRUE(fails(MONGOC_ERROR_SERVER, 112, "{}")) << "a write conflict";
  EXPECT_FALSE(fails(MONGOC_ERROR_SERVER, 91, labelled("RetryableWriteError")));
  EXPECT_FALSE(fails(MONGOC_ERROR_SERVER, 50, labelled("UnknownTransactionCommitResult")));
  EXPECT_FALSE(fails(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, "{}"));
  EXPECT_FALSE(fails(MONGOC_ERROR_STREAM, MONGOC_ERROR_STREAM_SOCKET, ended)) << "the driver's word";
  EXPECT_FALSE(fails(MONGOC_ERROR_SERVER_SELECTION, MONGOC_ERROR_SERVER_SELECTION_FAILURE, "{}"));
}

TEST_F(MongoFaults, WritesSurviveAPrimaryThatStepsDown) {
  start(3);
  write_while([&] { servers_->step_down(); });
}

TEST_F(MongoFaults, WritesSurviveAPrimaryThatIsKilled) {
  start(3);
  write_while([&] {
    const auto primary = servers_->primary();
    servers_->kill(primary);
    servers_->primary();
    servers_->start(primary);
  });
}

TEST_F(MongoFaults, WithoutAMajorityNothingIsAcknowledgedAndTheCallEnds) {
  start(3, std::chrono::seconds(4));
  ASSERT_TRUE(send(1).ok());
  const auto staged = stage(2);
  ASSERT_TRUE(staged);
  const auto primary = servers_->primary();
  for (std::size_t i = 0; i < servers_->size(); ++i) {
    if (i != primary) servers_->freeze(i);
  }
  const auto done = store_->commit(*staged, chat::Durability::kSynced);
  ASSERT_FALSE(done.ok());
  EXPECT_TRUE(done.error() == StoreError::kUnknown || done.error() == StoreError::kUnavailable);
  for (std::size_t i = 0; i < servers_->size(); ++i) servers_->resume(i);
  send_until_known(2);
  store_.reset();
  open();
  expect_each_once(2);
}

}  // namespace
}  // namespace conformance
