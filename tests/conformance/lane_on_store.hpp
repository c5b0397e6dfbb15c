#pragma once
// A commit lane on any store, driven by hand: the rows that it leaves are those of a server.

#include "chat/services/push_done.hpp"
#include "chat/services/push_fixture.hpp"

namespace conformance {

class LaneOnStore {
 public:
  struct Session {
    chat::UserId user;
    chat::DeviceId device;
    chat::LoginId login;
    chat::ConnectionId connection;
    std::shared_ptr<chat::testing::RecordingSession> socket;
  };

  /// Worlds on one store need different seeds: ids come from them.
  LaneOnStore(chat::Store& store, std::uint64_t seed) : store_(store), random_(seed) { start(); }

  void start() {
    lane_.reset();
    lane_ = std::make_unique<chat::Lane>(chat::LaneParts{.store = store_,
                                                         .cipher = cipher_,
                                                         .presence = presence_,
                                                         .clock = clock,
                                                         .random = random_,
                                                         .metrics = metrics_},
                                         options_);
  }

  chat::UserId person() {
    chat::User user;
    user.id = chat::UserId::make(clock.wall_now(), random_);
    user.username = "u" + user.id.hex();
    user.email = user.username + "@example.org";
    chat::CommitBatch batch;
    batch.users.push_back(user);
    commit(batch);
    return user.id;
  }
  /// Behind the lane's back when they know each other already: start() it again.
  void befriend(const chat::UserId& a, const chat::UserId& b, bool blocked = false) {
    chat::Relation relation;
    relation.pair = chat::ConversationKey::of(a, b);
    relation.friendship = chat::Friendship::kFriends;
    relation.blocked_by_low = blocked;
    relation.changed = clock.wall_now();
    chat::CommitBatch batch;
    batch.relations.push_back(relation);
    commit(batch);
  }

  Session join(const chat::UserId& user, const std::string& device) {
    chat::Login row;
    row.id = chat::LoginId::make(clock.wall_now(), random_);
    row.user = user;
    row.device = chat::DeviceId{device};
    row.expires = clock.wall_now() + std::chrono::hours(24);
    chat::CommitBatch batch;
    batch.logins.push_back(row);
    commit(batch);
    return join({user, row.device, row.id, {}, nullptr});
  }
  Session join(Session session) {
    session.connection = chat::ConnectionId(++connections_);
    session.socket = std::make_shared<chat::testing::RecordingSession>(executor_);
    chat::AttachRequest request;
    request.user = session.user;
    request.login = session.login;
    request.device = session.device;
    request.connection = session.connection;
    request.handshake_accepted = clock.steady_now();
    request.session = session.socket;
    bool attached = false;
    lane_->attach(std::move(request), executor_,
                  [&](auto answer) { attached = std::holds_alternative<chat::Attached>(answer); });
    run();
    EXPECT_TRUE(attached);
    return session;
  }
  void leave(const Session& who, std::uint64_t written = 0) {
    lane_->detach(who.user, who.device, who.connection, chat::MailboxSeq(written));
    run();
  }
  void set_address(const Session& who, std::optional<chat::PushAddress> address) {
    submit(std::make_unique<chat::testing::SetAddress>(who.user, who.device, std::move(address)));
  }

  chat::MessageView send(const Session& from, const chat::UserId& to, const std::string& client_id = "") {
    chat::MessageView sent;
    chat::SendRequest request;
    request.sender = from.user;
    request.login = from.login;
    request.device = from.device;
    request.connection = from.connection;
    request.recipient = to;
    request.content = "secret";
    request.client_id = client_id;
    request.accepted = clock.steady_now();
    lane_->send(std::move(request), executor_, [&](auto answer) { sent = std::get<chat::SendAnswer>(answer).message; });
    run();
    return sent;
  }
  void confirm(const Session& who, std::uint64_t position, const chat::MessageView& sent, bool skipped = false) {
    chat::Confirmation word;
    word.user = who.user;
    word.device = who.device;
    word.connection = who.connection;
    word.position = chat::MailboxSeq(position);
    word.at = clock.steady_now();
    if (skipped) {
      word.skipped = {word.position};
    } else {
      word.receipts = {{sent.sender, sent.seq, sent.id, 1}};
      word.messages = 1;
    }
    lane_->confirm(std::move(word));
    run();
  }
  void mark_read(const Session& who, const chat::MessageView& sent) {
    bool done = false;
    lane_->mark_read(
        {.reader = who.user, .login = who.login, .device = who.device, .connection = who.connection, .what = sent.id},
        executor_, [&](auto answer) { done = std::holds_alternative<std::monostate>(answer); });
    run();
    EXPECT_TRUE(done);
  }
  void report_unreadable(const chat::MailboxEntry& entry) {
    lane_->report_unreadable(entry);
    run();
  }
  /// What the outbox reports of the device's job.
  void push_answered(const Session& who, const chat::PushAddress& address, chat::PushOutcome outcome,
                     const std::string& detail = "") {
    const auto jobs = store_.push_jobs(who.user);
    ASSERT_TRUE(jobs.ok() && jobs->size() == 1u);
    chat::PushDone done;
    done.job = jobs->front();
    done.address = address;
    done.result.outcome = outcome;
    done.result.detail = detail;
    submit(chat::push_done_command(std::move(done), [] {}));
  }
  void submit(std::unique_ptr<chat::LaneCommand> command) {
    EXPECT_TRUE(lane_->submit(command));
    run();
  }
  /// restante_pending_messages
  [[nodiscard]] std::int64_t pending() const { return metrics_.pending_messages.value(); }
  void commit(const chat::CommitBatch& batch) { EXPECT_TRUE(store_.commit(batch, chat::Durability::kSynced).ok()); }

  base::ManualClock clock;

 private:
  void run() {
    while (lane_->run_once()) executor_.run();
    executor_.run();
  }

  chat::Store& store_;
  base::SeededRandom random_;
  chat::testing::LabelCipher cipher_{random_};
  chat::testing::LivePresence presence_;
  base::Registry registry_;
  chat::LaneMetrics metrics_{registry_};
  chat::LaneOptions options_;
  chat::testing::RoundExecutor executor_;
  std::uint64_t connections_ = 0;
  std::unique_ptr<chat::Lane> lane_;
};

}  // namespace conformance
