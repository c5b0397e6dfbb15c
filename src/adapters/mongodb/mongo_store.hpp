#pragma once
// MongoStore: the store that several nodes share (README.md here, ADR 0006, docs/data-model.md "In MongoDB").
//
// Owner: the application; open() and the destructor are synchronous. commit() is for one thread at a time and takes as
// long as a majority of the replica set needs to journal; it reports kConflict when another node wrote first. All reads
// are for any thread and may wait for the network, within the time-outs of Options. Reads come from the primary with
// read concern "majority" and see every commit of this process that returned before.

#include <atomic>
#include <memory>
#include <string>

#include "adapters/mongodb/options.hpp"
#include "chat/ports/presence_record.hpp"
#include "chat/ports/shared_clock.hpp"
#include "chat/ports/store.hpp"

namespace adapters::mongodb {

class Pool;
class RowReader;
class NodeRegistry;
class CommitTurn;
class MongoPresenceRecord;
struct Failure;

/// What open() would say of Options::uri without asking any server; nullopt: it can be used. The name of a
/// `mongodb+srv` URI is looked up.
std::optional<OpenError> refuse_uri(const Options& options);

class MongoStore final : public chat::Store, public chat::KeyCheckStore, public chat::SharedClock {
 public:
  /// Connects, creates collections and indexes that are missing, asks Options::admit, appends an epoch
  /// (Options::append_epoch) and joins the nodes.
  static base::Result<std::unique_ptr<MongoStore>, OpenError> open(const Options& options);
  /// The store beside the nodes that write it: creates nothing and appends no epoch, and commit() answers kUnavailable.
  /// A user of the database that may only read will do. Each read sees what is committed by then.
  static base::Result<std::unique_ptr<MongoStore>, OpenError> open_read_only(Options options);
  /// Appends an epoch to a store that is there and answers it: after a restore from a backup, before a node starts.
  static base::Result<std::string, OpenError> start_epoch(const Options& options);
  ~MongoStore() override;
  MongoStore(const MongoStore&) = delete;
  MongoStore& operator=(const MongoStore&) = delete;

  /// Among the nodes, the one that does what one of them has to do. Any thread.
  [[nodiscard]] bool leads() const;
  [[nodiscard]] const std::string& node() const;
  /// NodeRegistry::watch().
  void watch_nodes(std::function<bool(const std::string& node)> died, std::function<void()> revived);
  /// `users.isOnline`, beside the transactions. Lives as long as the store.
  [[nodiscard]] chat::PresenceRecord& presence_record() const;

  /// The server's clock.
  [[nodiscard]] std::optional<base::WallTime> shared_now() const override;

  // For metrics and alerts, since open().
  [[nodiscard]] std::uint64_t damaged_rows() const override;
  [[nodiscard]] std::uint64_t failures() const;
  [[nodiscard]] std::uint64_t conflicts() const { return conflicts_; }
  [[nodiscard]] std::uint64_t unknown_outcomes() const { return unknown_outcomes_; }

  // CommitLog
  [[nodiscard]] base::Result<void, chat::StoreError> commit(const chat::CommitBatch& batch,
                                                            chat::Durability durability) override;
  [[nodiscard]] bool shared() const override { return true; }
  [[nodiscard]] base::Result<chat::ForeignCommits, chat::StoreError> begin_turn() override;
  void end_turn() override;
  [[nodiscard]] base::Result<chat::ForeignCommits, chat::StoreError> foreign_commits() override;
  [[nodiscard]] base::Result<bool, chat::StoreError> find_outcome() override;
  [[nodiscard]] std::vector<std::string> epochs() const override { return epochs_; }
  /// The server guards its own disk: false for a while after it said that it is full.
  [[nodiscard]] bool has_room() const override;

  // MailStore
  [[nodiscard]] chat::Read<chat::MailboxBounds> mailbox_bounds(const chat::UserId& owner) const override;
  [[nodiscard]] chat::Read<chat::MailboxPage> read_mailbox(const chat::UserId& owner, chat::MailboxSeq after,
                                                           chat::PageLimit limit) const override;
  [[nodiscard]] chat::Read<std::optional<chat::EpochNumber>> entry_epoch(const chat::UserId& owner,
                                                                         chat::MailboxSeq position) const override;
  [[nodiscard]] chat::Read<std::optional<chat::Message>> message(const chat::MessageId& id) const override;
  [[nodiscard]] chat::Read<std::optional<chat::Message>> message_by_client_id(
      const chat::UserId& sender, const chat::UserId& recipient, std::string_view client_id) const override;
  [[nodiscard]] chat::Read<std::vector<std::optional<chat::Message>>> messages_by_client_ids(
      std::span<const ClientIdQuestion> questions) const override;
  [[nodiscard]] chat::Read<std::vector<chat::Message>> history(const chat::ConversationKey& conversation,
                                                               std::optional<chat::ConversationSeq> before,
                                                               std::size_t limit) const override;
  [[nodiscard]] chat::Read<chat::ConversationSeq> newest_number(
      const chat::ConversationKey& conversation) const override;
  [[nodiscard]] chat::Read<std::vector<chat::UserId>> conversation_peers(const chat::UserId& user) const override;
  [[nodiscard]] chat::Read<std::optional<chat::WatermarkStep>> watermark(
      const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind,
      std::optional<chat::ConversationSeq> covering) const override;
  [[nodiscard]] chat::Read<std::optional<chat::WrappedKey>> current_key(
      const chat::ConversationKey& conversation) const override;
  [[nodiscard]] chat::Read<std::optional<chat::WrappedKey>> key(const chat::KeyId& id) const override;

  // AccountStore
  [[nodiscard]] chat::Read<std::optional<chat::User>> user(const chat::UserId& id) const override;
  [[nodiscard]] chat::Read<std::optional<chat::User>> user_by_name(std::string_view username) const override;
  [[nodiscard]] chat::Read<std::optional<chat::User>> user_by_email(std::string_view email) const override;
  [[nodiscard]] chat::Read<bool> has_users() const override;
  [[nodiscard]] chat::Read<std::vector<chat::UserId>> users_after(const chat::UserId& after,
                                                                  std::size_t limit) const override;
  [[nodiscard]] chat::Read<std::vector<chat::Device>> devices(const chat::UserId& user) const override;
  [[nodiscard]] chat::Read<std::vector<chat::DevicePosition>> positions(const chat::UserId& user) const override;
  [[nodiscard]] chat::Read<std::optional<chat::Login>> login(const chat::LoginId& id) const override;
  [[nodiscard]] chat::Read<std::vector<chat::Login>> logins(const chat::UserId& user) const override;
  [[nodiscard]] chat::Read<chat::Relation> relation(const chat::ConversationKey& pair) const override;
  [[nodiscard]] chat::Read<std::vector<chat::Relation>> relations(const chat::UserId& user) const override;

  // PushStore
  [[nodiscard]] chat::Read<std::vector<chat::PushJob>> due_push_jobs(std::string_view kind, chat::WallTime until,
                                                                     std::size_t limit) const override;
  [[nodiscard]] chat::Read<std::vector<chat::PushJob>> push_jobs(const chat::UserId& user) const override;
  [[nodiscard]] chat::Read<std::vector<chat::PushJob>> push_jobs_after(const chat::UserId& user,
                                                                       const chat::DeviceId& device,
                                                                       std::size_t limit) const override;
  [[nodiscard]] chat::Read<chat::DeviceTrace> device_trace(const chat::UserId& user,
                                                           const chat::DeviceId& device) const override;

  // KeyCheckStore
  [[nodiscard]] chat::Read<std::vector<chat::KeyCheck>> key_checks() const override;
  [[nodiscard]] base::Result<bool, chat::StoreError> add_key_checks(std::size_t known,
                                                                    const std::vector<chat::KeyCheck>& fresh) override;
  [[nodiscard]] chat::Read<std::optional<chat::WrappedKey>> newest_key() const override;

 private:
  using Deadline = std::chrono::steady_clock::time_point;
  /// nullopt: the whole transaction is to be tried again.
  using Settled = std::optional<base::Result<void, chat::StoreError>>;

  MongoStore(const Options& options, std::unique_ptr<Pool> pool, std::vector<std::string> epochs);
  std::optional<OpenError> enter_epoch();
  std::optional<Failure> join_nodes();
  Settled try_commit(const chat::CommitBatch& batch, Deadline deadline);
  Settled finish_commit(Deadline deadline);
  Settled refused(const Failure& failure);
  void reach(std::string_view point) const {
    if (options_.at_point) options_.at_point(point);
  }

  const Options options_;
  const std::unique_ptr<Pool> pool_;
  const std::unique_ptr<RowReader> reader_;
  const std::unique_ptr<MongoPresenceRecord> presence_record_;
  std::vector<std::string> epochs_;         // constant once open
  std::unique_ptr<NodeRegistry> registry_;  // null: read only
  std::unique_ptr<CommitTurn> turn_;        // gives its connection back before the pool goes
  std::atomic<std::uint64_t> conflicts_{0};
  std::atomic<std::uint64_t> unknown_outcomes_{0};
  std::atomic<Deadline> full_until_{Deadline{}};
};

}  // namespace adapters::mongodb
