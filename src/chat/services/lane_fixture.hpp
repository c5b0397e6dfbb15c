#pragma once
// A lane driven by hand, with people, devices and recording sessions. Test code only.

#include <gtest/gtest.h>

#include <deque>
#include <functional>

#include "adapters/memory/memory_store.hpp"
#include "chat/services/history_reader.hpp"
#include "chat/services/lane.hpp"

namespace chat::testing {

/// Runs its tasks when the lane's round is over.
class RoundExecutor final : public base::Executor {
 public:
  void post(base::Task task) override { tasks_.push_back(std::move(task)); }
  void run() {
    while (!tasks_.empty()) {
      auto task = std::move(tasks_.front());
      tasks_.pop_front();
      task();
    }
  }

 private:
  std::deque<base::Task> tasks_;
};

class LabelCipher final : public ContentCipher {
 public:
  explicit LabelCipher(base::RandomSource& random) : random_(random) {}
  bool unreadable = false;
  std::set<MessageId> foreign;  // sealed with a key that only another node has got
  WrappedKey create_key(const ConversationKey& conversation) override {
    return {KeyId::make({}, random_), conversation, "wrapped"};
  }
  base::Result<SealedContent, CipherError> seal(const WrappedKey& key, const ContentBinding& binding,
                                                std::string_view plaintext) override {
    return SealedContent{key.id, binding.message.hex() + std::string(plaintext)};
  }
  base::Result<std::string, CipherError> open(const WrappedKey& /*key*/, const ContentBinding& binding,
                                              const SealedContent& sealed) override {
    if (foreign.contains(binding.message)) return base::fail(CipherError::kUnknownKey);
    if (unreadable || !sealed.bytes.starts_with(binding.message.hex())) return base::fail(CipherError::kUnreadable);
    return sealed.bytes.substr(binding.message.hex().size());
  }
  bool should_rotate(const WrappedKey& /*key*/) const override { return false; }

 private:
  base::RandomSource& random_;
};

class LivePresence final : public Presence {
 public:
  void set_online(const UserId& user, ConnectionId connection, const DeviceId& device) override {
    table[user].insert(connection);
    devices.insert_or_assign({user, connection}, device);
  }
  void clear(const UserId& user, ConnectionId connection) override { table[user].erase(connection); }
  bool is_online(const UserId& user) const override {
    const auto found = table.find(user);
    return found != table.end() && !found->second.empty();
  }
  std::vector<Found> look_up_devices(const UserId& user, std::span<const DeviceId> wanted) const override {
    std::vector<Found> found;
    for (const auto& device : wanted) {
      bool here = false;
      if (const auto row = table.find(user); row != table.end()) {
        for (const auto connection : row->second) here |= devices.at({user, connection}) == device;
      }
      found.push_back({.online = here || (answers && elsewhere.contains({user, device})), .hit = here || answers});
    }
    return found;
  }
  std::vector<Found> look_up(std::span<const UserId> users) const override {
    if (on_look_up) on_look_up(users.size());
    return Presence::look_up(users);
  }
  std::function<void(std::size_t)> on_look_up;  // of so many users
  bool answers = true;                          // about what is elsewhere
  std::map<UserId, std::set<ConnectionId>> table;
  std::map<std::pair<UserId, ConnectionId>, DeviceId> devices;  // of whoever was ever set
  std::set<std::pair<UserId, DeviceId>> elsewhere;              // connected to another node, when a test says so
};

/// A store that several nodes share, when a test says so: what the others do is the test's to say.
class NodesStore final : public adapters::memory::MemoryStore {
 public:
  using MemoryStore::MemoryStore;
  bool among_others = false;
  ForeignCommits others;  // told once
  int turns = 0;
  bool in_turn = false;
  int committed_out_of_turn = 0;
  bool no_turn = false;                  // the store does not answer who asks for one
  mutable int asked_for_client_ids = 0;  // round trips
  mutable int histories = 0;             // pages read
  std::function<void()> other_first;  // once: what another node does before the next commit, which it makes a conflict
  std::function<void()> behind_commit;  // once: what another node does right behind the next commit
  std::optional<bool> outcome;          // of a commit whose outcome is unknown; nullopt: nobody can tell
  // Until a test says otherwise.
  std::optional<StoreError> refuses;  // every commit
  int refused = 0;
  std::set<UserId> damaged_devices;  // theirs cannot be read
  std::set<ConversationKey> damaged_relations;
  std::function<void()> on_relations;  // before each read of a user's relations
  std::optional<StoreError> no_users;  // no user's row can be read

  base::Result<void, StoreError> commit(const CommitBatch& batch, Durability durability) override {
    if (!std::exchange(in_turn, false)) ++committed_out_of_turn;
    if (refuses) {
      ++refused;
      return base::fail(*refuses);
    }
    if (other_first) {
      std::exchange(other_first, {})();
      return base::fail(StoreError::kConflict);
    }
    for (const auto& each : batch.messages) {
      if (!among_others || each.client_id.empty() || message(each.id).value()) continue;
      if (MemoryStore::message_by_client_id(each.sender, each.recipient, each.client_id).value()) {
        return base::fail(StoreError::kConflict);
      }
    }
    auto done = MemoryStore::commit(batch, durability);
    if (behind_commit) std::exchange(behind_commit, {})();
    return done;
  }
  base::Result<bool, StoreError> find_outcome() override {
    if (!outcome) return base::fail(StoreError::kUnavailable);
    return *outcome;
  }

  Read<std::vector<Relation>> relations(const UserId& user) const override {
    if (on_relations) on_relations();
    return MemoryStore::relations(user);
  }
  Read<std::optional<User>> user(const UserId& id) const override {
    if (no_users) return base::fail(*no_users);
    return MemoryStore::user(id);
  }
  Read<std::vector<Device>> devices(const UserId& user) const override {
    if (damaged_devices.contains(user)) return base::fail(StoreError::kCorrupt);
    return MemoryStore::devices(user);
  }
  Read<Relation> relation(const ConversationKey& pair) const override {
    if (damaged_relations.contains(pair)) return base::fail(StoreError::kCorrupt);
    return MemoryStore::relation(pair);
  }

  bool shared() const override { return among_others; }
  Read<std::optional<Message>> message_by_client_id(const UserId& sender, const UserId& recipient,
                                                    std::string_view client_id) const override {
    ++asked_for_client_ids;
    return MemoryStore::message_by_client_id(sender, recipient, client_id);
  }
  Read<std::vector<Message>> history(const ConversationKey& conversation, std::optional<ConversationSeq> before,
                                     std::size_t limit) const override {
    ++histories;
    return MemoryStore::history(conversation, before, limit);
  }
  Read<std::vector<std::optional<Message>>> messages_by_client_ids(
      std::span<const ClientIdQuestion> questions) const override {
    ++asked_for_client_ids;
    std::vector<std::optional<Message>> found;
    for (const auto& each : questions) {
      found.push_back(MemoryStore::message_by_client_id(each.sender, each.recipient, each.client_id).value());
    }
    return found;
  }
  base::Result<ForeignCommits, StoreError> begin_turn() override {
    ++turns;
    if (no_turn) return base::fail(StoreError::kUnavailable);
    in_turn = true;
    return std::exchange(others, {});
  }
  void end_turn() override { in_turn = false; }
  base::Result<ForeignCommits, StoreError> foreign_commits() override { return std::exchange(others, {}); }
};

struct RecordingSession final : LiveSession {
  explicit RecordingSession(base::Executor& executor) : on(executor) {}
  base::Executor& executor() const override { return on; }
  void on_hint(Hint hint) override { hints.push_back(std::move(hint)); }
  void on_transient(const TransientEvent& event) override { events.push_back(event); }
  void on_end(EndReason reason) override { ends.push_back(reason); }
  void on_cut() override { ++cuts; }
  int cuts = 0;
  base::Executor& on;
  std::vector<Hint> hints;
  std::vector<TransientEvent> events;
  std::vector<EndReason> ends;
};

class LaneTest : public ::testing::Test {
 protected:
  LaneTest() { start(); }

  void start() { lane = std::make_unique<Lane>(LaneParts{store, cipher, presence, clock, random, metrics}, options); }
  void restart() {
    lane.reset();
    store.reopen(random);
    start();
  }
  void run() {
    while (lane->run_once()) executor.run();
    executor.run();
  }

  UserId person(const std::string& name) {
    User user;
    user.id = UserId::make(clock.wall_now(), random);
    user.username = name;
    user.email = name + "@example.org";
    CommitBatch batch;
    batch.users.push_back(user);
    EXPECT_TRUE(store.commit(batch, Durability::kSynced).ok());
    return user.id;
  }
  void befriend(const UserId& a, const UserId& b, bool blocked = false) {
    Relation relation;
    relation.pair = ConversationKey::of(a, b);
    relation.friendship = Friendship::kFriends;
    relation.blocked_by_low = blocked;
    CommitBatch batch;
    batch.relations.push_back(relation);
    EXPECT_TRUE(store.commit(batch, Durability::kSynced).ok());
  }
  LoginId login(const UserId& user, const std::string& device) {
    Login row;
    row.id = LoginId::make(clock.wall_now(), random);
    row.user = user;
    row.device = DeviceId{device};
    row.expires = clock.wall_now() + std::chrono::hours(24);
    CommitBatch batch;
    batch.logins.push_back(row);
    EXPECT_TRUE(store.commit(batch, Durability::kSynced).ok());
    return row.id;
  }

  struct Joined {
    UserId user;
    DeviceId device;
    LoginId login;
    ConnectionId connection;
    std::shared_ptr<RecordingSession> session;
    std::variant<Attached, Refusal> answer;
    MailboxSeq written;  // what leave() says of its pump
    [[nodiscard]] const Attached& attached() const { return std::get<Attached>(answer); }
    [[nodiscard]] const Refusal& refusal() const { return std::get<Refusal>(answer); }
  };
  Joined join(const UserId& user, const std::string& device, const LoginId& by,
              std::optional<ResumePoint> resume = std::nullopt, std::chrono::milliseconds accepted = {}) {
    Joined joined{user, DeviceId{device}, by, ConnectionId(++connections), nullptr, {}, {}};
    joined.session = std::make_shared<RecordingSession>(executor);
    AttachRequest request;
    request.user = user;
    request.login = by;
    request.device = joined.device;
    request.connection = joined.connection;
    request.handshake_accepted = clock.steady_now() + accepted;
    request.resume = std::move(resume);
    request.session = joined.session;
    lane->attach(std::move(request), executor, [&joined](auto answer) { joined.answer = std::move(answer); });
    run();
    return joined;
  }
  Joined join(const UserId& user, const std::string& device) { return join(user, device, login(user, device)); }
  void leave(const Joined& who) {
    lane->detach(who.user, who.device, who.connection, who.written);
    run();
  }

  SendRequest request(const Joined& from, const UserId& to, const std::string& text, const std::string& id = "") {
    return {.sender = from.user,
            .login = from.login,
            .device = from.device,
            .connection = from.connection,
            .recipient = to,
            .content = text,
            .client_id = id,
            .accepted = clock.steady_now(),
            .held_back = {}};
  }
  using Sent = std::variant<SendAnswer, Refusal>;
  Sent send(const Joined& from, const UserId& to, const std::string& text, const std::string& id = "") {
    Sent sent;
    lane->send(request(from, to, text, id), executor, [&sent](auto answer) { sent = std::move(answer); });
    run();
    return sent;
  }
  static MessageView message(const Sent& sent) { return std::get<SendAnswer>(sent).message; }
  static ErrorCode code(const Sent& sent) { return std::get<Refusal>(sent).code; }

  void confirm(const Joined& who, std::uint64_t position, std::vector<Receipt> receipts = {}) {
    Confirmation confirmation;
    confirmation.user = who.user;
    confirmation.device = who.device;
    confirmation.connection = who.connection;
    confirmation.position = MailboxSeq(position);
    confirmation.receipts = std::move(receipts);
    confirmation.messages = static_cast<std::uint32_t>(confirmation.receipts.size());
    confirmation.at = clock.steady_now();
    lane->confirm(std::move(confirmation));
    run();
  }
  /// Its pump has skipped this entry, for good.
  void give_up(const Joined& who, std::uint64_t position) {
    Confirmation given_up;
    given_up.user = who.user;
    given_up.device = who.device;
    given_up.connection = who.connection;
    given_up.position = MailboxSeq(position);
    given_up.skipped = {MailboxSeq(position)};
    lane->confirm(std::move(given_up));
    run();
  }
  static ReadRequest read_request(const Joined& who, decltype(ReadRequest::what) what) {
    return {.reader = who.user, .login = who.login, .device = who.device, .connection = who.connection, .what = what};
  }
  std::variant<std::monostate, Refusal> read(const Joined& who, const UserId& peer, std::uint64_t up_to) {
    std::variant<std::monostate, Refusal> outcome;
    lane->mark_read(read_request(who, std::pair(peer, ConversationSeq(up_to))), executor,
                    [&outcome](auto answer) { outcome = std::move(answer); });
    run();
    return outcome;
  }
  std::vector<MailboxRow> log(const UserId& user) { return store.read_mailbox(user, {}, {}).value().rows; }
  MailboxSeq position(const Joined& who) {
    const auto all = store.positions(who.user).value();
    for (const auto& each : all) {
      if (each.device == who.device) return each.position;
    }
    return {};
  }
  static Receipt receipt(const MessageView& message) { return {message.sender, message.seq, message.id, 1}; }
  std::optional<WatermarkStep> delivered(const UserId& author, const UserId& reader) {
    return store.watermark(author, reader, WatermarkKind::kDelivered, std::nullopt).value();
  }

  base::SeededRandom random{7};
  base::ManualClock clock;
  NodesStore store{random};
  LabelCipher cipher{random};
  LivePresence presence;
  base::Registry registry;
  LaneMetrics metrics{registry};
  LaneOptions options;
  RoundExecutor executor;
  std::uint64_t connections = 0;
  std::unique_ptr<Lane> lane;
};

}  // namespace chat::testing
