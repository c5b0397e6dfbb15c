// What one message costs the lane itself: send, seal (a copy), number, confirm, receipt, 64 messages a round between
// 100 users. The store's commit is measured by the lane and taken off, so the figure is what the lane adds to the
// store.

#include <benchmark/benchmark.h>

#include "adapters/memory/memory_store.hpp"
#include "chat/services/lane.hpp"

namespace chat {
namespace {

class Sink final : public base::Executor {
 public:
  void post(base::Task task) override { tasks_.push_back(std::move(task)); }
  void run() {
    for (auto& task : tasks_) task();
    tasks_.clear();
  }

 private:
  std::vector<base::Task> tasks_;
};

class CopyCipher final : public ContentCipher {
 public:
  WrappedKey create_key(const ConversationKey& conversation) override { return {KeyId{}, conversation, "key"}; }
  base::Result<SealedContent, CipherError> seal(const WrappedKey& key, const ContentBinding& /*binding*/,
                                                std::string_view text) override {
    return SealedContent{key.id, std::string(text)};
  }
  base::Result<std::string, CipherError> open(const WrappedKey& /*key*/, const ContentBinding& /*binding*/,
                                              const SealedContent& sealed) override {
    return sealed.bytes;
  }
  bool should_rotate(const WrappedKey& /*key*/) const override { return false; }
};

class AlwaysThere final : public Presence {
 public:
  void set_online(const UserId& /*user*/, ConnectionId /*connection*/, const DeviceId& /*device*/) override {}
  void clear(const UserId& /*user*/, ConnectionId /*connection*/) override {}
  bool is_online(const UserId& /*user*/) const override { return true; }
  std::vector<Found> look_up_devices(const UserId& /*user*/, std::span<const DeviceId> devices) const override {
    return std::vector<Found>(devices.size(), {.online = true, .hit = true});
  }
};

struct Peer final : LiveSession {
  explicit Peer(base::Executor& executor) : on(executor) {}
  base::Executor& executor() const override { return on; }
  void on_hint(Hint hint) override {
    if (hint.item) last = std::move(hint.item);
  }
  void on_transient(const TransientEvent& /*event*/) override {}
  void on_end(EndReason /*reason*/) override {}
  void on_cut() override {}
  base::Executor& on;
  std::shared_ptr<const LogItem> last;
};

class World {
 public:
  static constexpr std::size_t kUsers = 100;
  static constexpr std::size_t kRound = 64;

  World() {
    options_.limits.messages_per_minute = 1'000'000'000;
    options_.limits.bytes_per_second = 1'000'000'000;
    lane_ = std::make_unique<Lane>(LaneParts{store_, cipher_, presence_, clock_, random_, metrics_}, options_);
    CommitBatch batch;
    for (std::size_t i = 0; i < kUsers; ++i) {
      User user;
      user.id = UserId::make(clock_.wall_now(), random_);
      user.username = user.email = "user" + std::to_string(i);
      batch.users.push_back(user);
      Login login;
      login.id = LoginId::make(clock_.wall_now(), random_);
      login.user = user.id;
      login.expires = clock_.wall_now() + std::chrono::hours(24);
      batch.logins.push_back(login);
    }
    for (std::size_t i = 0; i < kUsers; i += 2) {
      Relation relation;
      relation.pair = ConversationKey::of(batch.users[i].id, batch.users[i + 1].id);
      relation.friendship = Friendship::kFriends;
      batch.relations.push_back(relation);
    }
    static_cast<void>(store_.commit(batch, Durability::kSynced).ok());
    for (std::size_t i = 0; i < kUsers; ++i) join(batch.users[i].id, batch.logins[i].id, i);
  }

  /// kRound messages, each confirmed by its recipient.
  void round(std::uint64_t& number) {
    for (std::size_t i = 0; i < kRound; ++i) {
      const std::size_t from = number % kUsers;
      SendRequest request;
      request.sender = users_[from];
      request.login = logins_[from];
      request.device = DeviceId{"phone"};
      request.connection = ConnectionId(from + 1);
      request.recipient = users_[from ^ 1];
      request.content.assign(200, 'x');
      request.client_id = std::to_string(++number);
      request.accepted = clock_.steady_now();
      lane_->send(std::move(request), sink_, [](auto answer) { benchmark::DoNotOptimize(answer); });
    }
    lane_->run_once();
    sink_.run();
    for (std::size_t i = 0; i < kUsers; ++i) {
      const auto item = std::exchange(sessions_[i]->last, nullptr);
      if (!item || item->entry.kind != EntryKind::kMessage) continue;
      Confirmation confirmation;
      confirmation.user = users_[i];
      confirmation.device = DeviceId{"phone"};
      confirmation.connection = ConnectionId(i + 1);
      confirmation.position = item->entry.position;
      confirmation.receipts.push_back({item->entry.peer, item->entry.seq, item->entry.message, item->author_ordinal});
      confirmation.messages = 1;
      lane_->confirm(std::move(confirmation));
    }
    lane_->run_once();
    sink_.run();
  }
  [[nodiscard]] double commit_seconds() const { return metrics_.commit_seconds.sum(); }
  [[nodiscard]] std::uint64_t accepted() const { return metrics_.messages_accepted.value(); }

 private:
  void join(const UserId& user, const LoginId& login, std::size_t index) {
    users_.push_back(user);
    logins_.push_back(login);
    sessions_.push_back(std::make_shared<Peer>(sink_));
    AttachRequest request;
    request.user = user;
    request.login = login;
    request.device = DeviceId{"phone"};
    request.connection = ConnectionId(index + 1);
    request.session = sessions_.back();
    lane_->attach(std::move(request), sink_, [](auto answer) { benchmark::DoNotOptimize(answer); });
    lane_->run_once();
    sink_.run();
  }

  base::SystemClock clock_;
  base::SecureRandom random_;
  adapters::memory::MemoryStore store_;
  CopyCipher cipher_;
  AlwaysThere presence_;
  base::Registry registry_;
  LaneMetrics metrics_{registry_};
  LaneOptions options_;
  Sink sink_;
  std::vector<UserId> users_;
  std::vector<LoginId> logins_;
  std::vector<std::shared_ptr<Peer>> sessions_;
  std::unique_ptr<Lane> lane_;
};

void send_and_confirm(benchmark::State& state) {
  World world;
  std::uint64_t number = 0;
  for (auto _ : state) {
    const auto before = std::chrono::steady_clock::now();
    const double committed = world.commit_seconds();
    world.round(number);
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - before;
    state.SetIterationTime((took.count() - (world.commit_seconds() - committed)) / World::kRound);
  }
  if (world.accepted() != number) state.SkipWithError("a message was refused");
}
BENCHMARK(send_and_confirm)->UseManualTime()->Unit(benchmark::kMicrosecond)->Iterations(2000);

}  // namespace
}  // namespace chat

BENCHMARK_MAIN();
