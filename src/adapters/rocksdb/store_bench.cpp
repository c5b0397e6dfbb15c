// What a commit, a page and a start cost on the disk of TMPDIR. `ninja store_bench && bin/store_bench`.

#include <benchmark/benchmark.h>

#include "adapters/rocksdb/rocksdb_store.hpp"
#include "base/random.hpp"
#include "base/temporary_directory_testing.hpp"

namespace adapters::rocksdb {
namespace {

constexpr std::size_t kUsers = 100;
constexpr std::size_t kContentBytes = 242;  // 200 bytes of text, sealed

/// Numbers rows as the commit lane does.
class Traffic {
 public:
  Traffic() {
    for (auto& user : users_) user = chat::UserId::make(now_, random_);
  }

  /// A message of pair `pair` with the rows of its send; `confirm`: and those of its confirmation.
  void add(chat::CommitBatch& batch, std::size_t pair, bool confirm) {
    const std::size_t from = 2 * (pair % (kUsers / 2));
    auto& message = batch.messages.emplace_back();
    message.id = chat::MessageId::make(now_, random_);
    message.sender = users_[from];
    message.recipient = users_[from + 1];
    message.seq = chat::ConversationSeq(++tails_[from]);
    message.sender_ordinal = message.seq.value;
    message.timestamp = now_;
    message.client_id = std::to_string(random_.next());
    message.content = {chat::KeyId{}, random_.bytes(kContentBytes)};
    auto& entry = batch.entries.emplace_back();
    entry.owner = message.recipient;
    entry.position = chat::MailboxSeq(++heads_[from + 1]);
    entry.epoch = chat::EpochNumber(1);
    entry.at = now_;
    entry.peer = message.sender;
    entry.seq = message.seq;
    entry.message = message.id;
    if (!confirm) return;
    const chat::UserId author = message.sender;
    const chat::UserId reader = message.recipient;
    const auto seq = message.seq;
    batch.positions.push_back({reader, chat::DeviceId{"phone"}, chat::MailboxSeq(heads_[from + 1])});
    auto& status = batch.entries.emplace_back();
    status.owner = author;
    status.position = chat::MailboxSeq(++heads_[from]);
    status.epoch = chat::EpochNumber(1);
    status.kind = chat::EntryKind::kStatus;
    status.peer = reader;
    status.seq = seq;
    auto& step = batch.watermark_steps.emplace_back();
    step.author = author;
    step.reader = reader;
    step.up_to = seq;
    step.author_entry = status.position;
    batch.trims.push_back({author, status.position});
    batch.trims.push_back({reader, chat::MailboxSeq(heads_[from + 1])});
  }
  [[nodiscard]] const chat::UserId& user(std::size_t n) const { return users_[n]; }
  [[nodiscard]] std::uint64_t head(std::size_t n) const { return heads_[n]; }
  [[nodiscard]] std::uint64_t tail(std::size_t n) const { return tails_[n]; }

 private:
  base::SeededRandom random_{1};
  base::WallTime now_{std::chrono::milliseconds(1'700'000'000'000)};
  std::array<chat::UserId, kUsers> users_;
  std::array<std::uint64_t, kUsers> heads_{};
  std::array<std::uint64_t, kUsers> tails_{};
};

std::unique_ptr<RocksDbStore> open(const base::TemporaryDirectory& directory) {
  Options options;
  options.min_free_bytes = 0;
  return std::move(*RocksDbStore::open(directory.file("store"), options));
}

void fill(RocksDbStore& store, Traffic& traffic, std::size_t messages, std::size_t pairs, bool confirm) {
  chat::CommitBatch batch;
  for (std::size_t n = 0; n < messages; ++n) {
    traffic.add(batch, n % pairs, confirm);
    if (batch.messages.size() == 512 || n + 1 == messages) {
      if (!store.commit(batch, chat::Durability::kBuffered).ok()) std::abort();
      batch.clear();
    }
  }
}

/// Sends and confirmations of a batch in one synced commit.
void commit_synced(benchmark::State& state) {
  const base::TemporaryDirectory directory;
  const auto store = open(directory);
  Traffic traffic;
  chat::CommitBatch batch;
  std::size_t n = 0;
  for (auto _ : state) {
    state.PauseTiming();
    batch.clear();
    for (std::int64_t i = 0; i < state.range(0); ++i) traffic.add(batch, n++, true);
    state.ResumeTiming();
    if (!store->commit(batch, chat::Durability::kSynced).ok()) std::abort();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(commit_synced)->Arg(1)->Arg(64)->Arg(256)->UseRealTime()->MinTime(2);

/// One user's backlog of `range` messages from one peer, all pages of 256.
void drain(benchmark::State& state) {
  const base::TemporaryDirectory directory;
  Traffic traffic;
  auto store = open(directory);
  fill(*store, traffic, static_cast<std::size_t>(state.range(0)), 1, false);
  store.reset();  // from the files, not from memory
  store = open(directory);
  for (auto _ : state) {
    std::uint64_t after = 0;
    while (after < traffic.head(1)) {
      const auto page = store->read_mailbox(traffic.user(1), chat::MailboxSeq(after), {});
      if (!page || page->rows.empty()) std::abort();
      after = page->through.value;
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(drain)->Arg(1000)->Arg(100'000)->UseRealTime()->Unit(benchmark::kMillisecond);

/// The pump of a live session: the newest entry, after `range` messages that were confirmed and trimmed.
void read_newest(benchmark::State& state) {
  const base::TemporaryDirectory directory;
  Traffic traffic;
  const auto store = open(directory);
  fill(*store, traffic, static_cast<std::size_t>(state.range(0)), kUsers / 2, true);
  std::size_t n = 0;
  for (auto _ : state) {
    const std::size_t user = (2 * n++ + 1) % kUsers;
    const auto page = store->read_mailbox(traffic.user(user), chat::MailboxSeq(traffic.head(user) - 1), {});
    if (!page || page->rows.size() != 1 || !page->rows[0].message) std::abort();
  }
}
BENCHMARK(read_newest)->Arg(1000)->Arg(100'000)->Arg(1'000'000);

/// The look-up in front of every send: a client id that is new.
void miss_client_id(benchmark::State& state) {
  const base::TemporaryDirectory directory;
  Traffic traffic;
  const auto store = open(directory);
  fill(*store, traffic, static_cast<std::size_t>(state.range(0)), kUsers / 2, true);
  std::uint64_t n = 0;
  for (auto _ : state) {
    const auto found = store->message_by_client_id(traffic.user(0), traffic.user(1), "absent-" + std::to_string(n++));
    if (!found || *found) std::abort();
  }
}
BENCHMARK(miss_client_id)->Arg(1000)->Arg(1'000'000);

/// Opening a store with a million messages, `range` 0: after a clean stop, 1: after a crash (copied while it is open).
void open_with_a_million(benchmark::State& state) {
  const base::TemporaryDirectory directory;
  Traffic traffic;
  auto store = open(directory);
  fill(*store, traffic, 1'000'000, kUsers / 2, true);
  if (state.range(0) == 0) store.reset();
  for (auto _ : state) {
    state.PauseTiming();
    const base::TemporaryDirectory copy;
    std::filesystem::copy(directory.file("store"), copy.file("store"), std::filesystem::copy_options::recursive);
    state.ResumeTiming();
    auto opened = open(copy);
    if (!opened->has_users().ok()) std::abort();
    state.PauseTiming();
    opened.reset();
    state.ResumeTiming();
  }
}
BENCHMARK(open_with_a_million)->Arg(0)->Arg(1)->UseRealTime()->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace adapters::rocksdb

BENCHMARK_MAIN();
