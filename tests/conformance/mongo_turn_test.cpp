// Whose turn it is when nodes start together, vanish in the middle of a turn, or never hear what became of a commit.
// Leases are a minute here: whatever goes on sooner does not wait for one.

#include <gtest/gtest.h>
#include <mongoc/mongoc.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <thread>

#include "describe.hpp"
#include "mongo_under_test.hpp"
#include "rows.hpp"

namespace conformance {
namespace {

using adapters::mongodb::MongoStore;
using adapters::mongodb::Options;
using chat::StoreError;
using std::chrono::seconds;

constexpr const char* kUriVariable = "RESTANTE_TEST_HOLDER_URI";
const chat::UserId kAnn = user_id(1);

Options options_for(const std::string& uri, seconds commit_time = seconds(20)) {
  Options options;
  options.uri = uri;
  options.database = "turns";
  options.append_epoch = false;
  options.commit_time = commit_time;
  options.majority_time = seconds(2);
  options.node_lease = seconds(60);
  return options;
}

std::unique_ptr<MongoStore> open_with(const Options& options) {
  auto opened = MongoStore::open(options);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

/// The first message of `sender` to ann, who has `before` entries.
chat::CommitBatch first_message(std::uint32_t sender, std::uint64_t before) {
  chat::CommitBatch batch;
  batch.messages = {message(sender, user_id(sender), kAnn, 1, "client-" + std::to_string(sender))};
  batch.entries = {message_entry(kAnn, before + 1, batch.messages[0])};
  return batch;
}

base::Result<void, StoreError> commit_in_turn(MongoStore& store, std::uint32_t sender) {
  const auto foreign = store.begin_turn();
  if (!foreign) return base::fail(foreign.error());
  const auto bounds = store.mailbox_bounds(kAnn);
  if (!bounds) return base::fail(bounds.error());
  return store.commit(first_message(sender, bounds->head.value), chat::Durability::kSynced);
}

class MongoTurn : public ::testing::Test {
 protected:
  void SetUp() override {
    if (const auto missing = MongoServers::program_missing()) GTEST_SKIP() << *missing;
    servers_ = std::make_unique<MongoServers>(1);
  }

  void fail(const std::string& mode, const std::string& commands, const std::string& how) {
    ASSERT_TRUE(servers_->command(0, R"({"configureFailPoint":"failCommand","mode":)" + mode +
                                         R"(,"data":{"appName":"broken","failCommands":)" + commands + "," + how +
                                         "}}"));
  }
  void stop_failing() { ASSERT_TRUE(servers_->command(0, R"({"configureFailPoint":"failCommand","mode":"off"})")); }
  /// Nothing of the commit log is kept but what came after this number.
  void forget_through(std::int64_t number) {
    mongoc_client_t* const client = mongoc_client_new(servers_->uri().c_str());
    mongoc_collection_t* const log = mongoc_client_get_collection(client, "turns", "commits");
    bson_t* const old = BCON_NEW("_id", "{", "$lte", BCON_INT64(number), "}");
    EXPECT_TRUE(mongoc_collection_delete_many(log, old, nullptr, nullptr, nullptr));
    bson_destroy(old);
    mongoc_collection_destroy(log);
    mongoc_client_destroy(client);
  }
  /// A node whose commands fail() makes fail.
  std::unique_ptr<MongoStore> open_broken(seconds commit_time) {
    return open_with(options_for(servers_->uri() + "&appName=broken", commit_time));
  }
  std::unique_ptr<MongoStore> open() { return open_with(options_for(servers_->uri())); }

  std::unique_ptr<MongoServers> servers_;
};

constexpr const char* kLostAnswer = R"("writeConcernError":{"code":91,"errmsg":"shutting down"})";  // it did happen
constexpr const char* kLostQuestion = R"("closeConnection":true)";                                  // it did not
constexpr const char* kAlways = R"("alwaysOn")";

TEST_F(MongoTurn, NodesThatFoundAClusterTogetherAllCommitWithoutAFailure) {
  constexpr std::uint32_t kNodes = 5;
  std::vector<std::unique_ptr<MongoStore>> stores(kNodes);
  std::vector<std::thread> starts;
  for (std::uint32_t n = 0; n < kNodes; ++n) {
    starts.emplace_back([&, n] {
      stores[n] = open();
      EXPECT_TRUE(commit_in_turn(*stores[n], n + 2).ok()) << n;
    });
  }
  for (auto& start : starts) start.join();
  for (const auto& store : stores) {
    EXPECT_EQ(store->failures(), 0u);
    EXPECT_EQ(store->conflicts(), 0u);
    EXPECT_EQ(describe(store->mailbox_bounds(kAnn)), "bounds 1.." + std::to_string(kNodes));
  }
}

TEST(MongoLog, IsThereBeforeTheFirstCommit) {
  if (const auto missing = MongoServers::missing()) GTEST_SKIP() << *missing;
  const auto name = fresh_database();
  auto store = open_mongo(name);
  EXPECT_FALSE(run_on_shared(name, R"({"create":"commits"})")) << "it was there";
  store.reset();
  drop_database(MongoServers::shared_uri(), name);
}

/// This program once more, started by the next test: a node that claims a turn and is killed.
class TurnHolder : public ::testing::Environment {
 public:
  void SetUp() override {
    const char* const uri = std::getenv(kUriVariable);
    if (uri == nullptr) return;
    const auto store = open_with(options_for(uri));
    const bool claimed = store->begin_turn().ok();
    if (::write(STDOUT_FILENO, claimed ? "\1" : "\2", 1) != 1) ::_exit(1);
    for (;;) ::pause();
  }
};
const ::testing::Environment* const kTurnHolder = ::testing::AddGlobalTestEnvironment(new TurnHolder);

TEST_F(MongoTurn, OfANodeThatIsKilledPassesOnAtOnce) {
  const auto store = open();
  ASSERT_TRUE(commit_in_turn(*store, 2).ok());
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  const pid_t holder = ::fork();
  if (holder == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::setenv(kUriVariable, servers_->uri().c_str(), 1);
    for (const char* const name : {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX"}) ::unsetenv(name);  // this very test
    ::execl("/proc/self/exe", "holder", "--gtest_filter=*OfANodeThatIsKilled*", static_cast<char*>(nullptr));
    ::_exit(127);
  }
  ::close(ends[1]);
  char said = 0;
  while (said != '\1' && said != '\2' && ::read(ends[0], &said, 1) == 1) continue;
  ::kill(holder, SIGKILL);
  ::waitpid(holder, nullptr, 0);
  ::close(ends[0]);
  ASSERT_EQ(said, '\1') << "it has the turn";
  EXPECT_TRUE(commit_in_turn(*store, 3).ok());
}

TEST_F(MongoTurn, OfANodeThatLostItsConnectionPassesOnAtOnce) {
  const auto store = open();
  const auto broken = open_broken(seconds(20));
  // Not even the word that the transaction is over arrives.
  fail(R"({"times":4})", R"(["insert","abortTransaction"])", kLostQuestion);
  EXPECT_TRUE(commit_in_turn(*broken, 2).ok());
  EXPECT_TRUE(commit_in_turn(*store, 3).ok());
  EXPECT_TRUE(commit_in_turn(*broken, 4).ok());
}

TEST_F(MongoTurn, ACommitWhoseAnswerNeverCameIsFoundInTheLog) {
  const auto store = open();
  const auto broken = open_broken(seconds(3));
  fail(kAlways, R"(["commitTransaction"])", kLostAnswer);
  ASSERT_EQ(commit_in_turn(*broken, 2).error(), StoreError::kUnknown);
  EXPECT_TRUE(commit_in_turn(*store, 3).ok()) << "the others go on";
  const auto outcome = broken->find_outcome();
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(*outcome);
  stop_failing();
  const auto foreign = broken->begin_turn();
  ASSERT_TRUE(foreign.ok());
  EXPECT_EQ(foreign->batches.size(), 1u) << "the other node's, and not its own as if it were another's";
  EXPECT_FALSE(foreign->lost);
  broken->end_turn();
  EXPECT_FALSE(broken->find_outcome().ok()) << "it was told once";
}

TEST_F(MongoTurn, ACommitIsFoundThoughAnotherNodeKeepsTheTurn) {
  const auto store = open();
  const auto broken = open_broken(seconds(3));
  fail(kAlways, R"(["commitTransaction"])", kLostAnswer);
  ASSERT_EQ(commit_in_turn(*broken, 2).error(), StoreError::kUnknown);
  stop_failing();
  ASSERT_TRUE(store->begin_turn().ok());
  const auto outcome = broken->find_outcome();
  ASSERT_TRUE(outcome.ok());
  EXPECT_TRUE(*outcome);
  store->end_turn();
  const auto foreign = broken->begin_turn();
  ASSERT_TRUE(foreign.ok());
  EXPECT_TRUE(foreign->batches.empty()) << "its own batch is none of another node";
  broken->end_turn();
}

TEST_F(MongoTurn, ACommitThatNeverArrivedIsKeptOutForGood) {
  const auto broken = open_broken(seconds(3));
  ASSERT_TRUE(commit_in_turn(*broken, 2).ok());
  fail(kAlways, R"(["commitTransaction"])", kLostQuestion);
  ASSERT_EQ(commit_in_turn(*broken, 3).error(), StoreError::kUnknown);
  EXPECT_EQ(broken->find_outcome().error(), StoreError::kUnavailable) << "nobody can say yet";
  ASSERT_EQ(commit_in_turn(*broken, 3).error(), StoreError::kUnknown);
  stop_failing();
  const auto outcome = broken->find_outcome();
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(*outcome);
  EXPECT_EQ(describe(broken->message(message_id(3))), "none");
  EXPECT_TRUE(commit_in_turn(*broken, 3).ok());
  EXPECT_EQ(describe(broken->mailbox_bounds(kAnn)), "bounds 1..2");
}

TEST_F(MongoTurn, OfANodeWhoseCommitNeverArrivesDoesNotHoldTheOthersUp) {
  const auto store = open();
  const auto broken = open_broken(seconds(3));
  fail(kAlways, R"(["commitTransaction","abortTransaction","killSessions"])", kLostQuestion);
  ASSERT_EQ(commit_in_turn(*broken, 2).error(), StoreError::kUnknown);
  EXPECT_TRUE(commit_in_turn(*store, 3).ok());
  stop_failing();
  const auto outcome = broken->find_outcome();
  ASSERT_TRUE(outcome.ok());
  EXPECT_FALSE(*outcome) << "another batch has its number";
  EXPECT_TRUE(commit_in_turn(*broken, 2).ok());
  EXPECT_EQ(describe(store->mailbox_bounds(kAnn)), "bounds 1..2");
}

TEST_F(MongoTurn, ANodeThatMissedMoreThanTheLogKeepsIsTold) {
  const auto behind = open();
  const auto store = open();
  ASSERT_TRUE(commit_in_turn(*behind, 2).ok());
  for (std::uint32_t n = 3; n <= 5; ++n) ASSERT_TRUE(commit_in_turn(*store, n).ok());
  forget_through(3);
  const auto foreign = behind->begin_turn();
  ASSERT_TRUE(foreign.ok());
  EXPECT_TRUE(foreign->lost) << "the number that it expects is free again";
  behind->end_turn();
  ASSERT_TRUE(commit_in_turn(*behind, 6).ok());
  const auto heard = store->begin_turn();
  ASSERT_TRUE(heard.ok());
  EXPECT_EQ(heard->batches.size(), 1u) << "and goes on behind the others";
  EXPECT_FALSE(heard->lost);
  store->end_turn();
}

TEST_F(MongoTurn, ANodeThatMissedTheWholeLogSinceItWasEmptyIsTold) {
  const auto behind = open();
  const auto store = open();
  for (std::uint32_t n = 2; n <= 4; ++n) ASSERT_TRUE(commit_in_turn(*store, n).ok());
  forget_through(2);
  // A batch that was staged before is no batch of this turn.
  EXPECT_EQ(behind->commit(first_message(5, 3), chat::Durability::kSynced).error(), StoreError::kConflict);
  const auto foreign = behind->begin_turn();
  ASSERT_TRUE(foreign.ok());
  EXPECT_TRUE(foreign->lost);
  behind->end_turn();
}

TEST_F(MongoTurn, ACommitWhoseNumberTheLogNoLongerKeepsStaysUnknown) {
  const auto store = open();
  const auto broken = open_broken(seconds(3));
  ASSERT_TRUE(commit_in_turn(*broken, 2).ok());
  fail(kAlways, R"(["commitTransaction"])", kLostAnswer);
  ASSERT_EQ(commit_in_turn(*broken, 3).error(), StoreError::kUnknown);
  for (std::uint32_t n = 4; n <= 6; ++n) ASSERT_TRUE(commit_in_turn(*store, n).ok());
  forget_through(3);
  stop_failing();
  EXPECT_EQ(broken->find_outcome().error(), StoreError::kUnavailable) << "its free number proves nothing";
  const auto foreign = broken->begin_turn();
  ASSERT_TRUE(foreign.ok());
  EXPECT_TRUE(foreign->lost);
  broken->end_turn();
}

}  // namespace
}  // namespace conformance
