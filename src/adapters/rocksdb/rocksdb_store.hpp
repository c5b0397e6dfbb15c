#pragma once
// RocksDbStore: the embedded store (README.md here, docs/data-model.md for the bytes).
//
// Owner: the application; open() and the destructor are synchronous (the destructor flushes, so that the next start has
// nothing to replay). commit() is for one thread at a time; all reads are for any thread, also while a commit runs, and
// may block on the disk. A page is read as of one instant. A failed write or sync ends the process (I12).

#include <memory>
#include <string>

#include "adapters/rocksdb/options.hpp"
#include "chat/ports/store.hpp"

namespace adapters::rocksdb {

class Database;
class BatchWriter;

class RocksDbStore final : public chat::LoneStore, public chat::KeyCheckStore {
 public:
  /// Opens the directory, or creates it, and appends an epoch; neither when Options::admit refuses an existing store.
  static base::Result<std::unique_ptr<RocksDbStore>, OpenError> open(const std::string& path,
                                                                     const Options& options = {});
  /// The store as it is at this moment, also while a server has it open and writes; later commits are not seen. Needs
  /// an existing store, appends no epoch and changes nothing; commit() answers kUnavailable.
  static base::Result<std::unique_ptr<RocksDbStore>, OpenError> open_read_only(const std::string& path,
                                                                               const Options& options = {});
  ~RocksDbStore() override;
  RocksDbStore(const RocksDbStore&) = delete;
  RocksDbStore& operator=(const RocksDbStore&) = delete;

  /// Rows that could not be decoded since open(), repeats included: for a metric and an alert.
  [[nodiscard]] std::uint64_t damaged_rows() const override;

  // CommitLog
  [[nodiscard]] base::Result<void, chat::StoreError> commit(const chat::CommitBatch& batch,
                                                            chat::Durability durability) override;
  [[nodiscard]] std::vector<std::string> epochs() const override;
  [[nodiscard]] bool has_room() const override { return space_.has_room(); }

  // MailStore
  [[nodiscard]] chat::Read<chat::MailboxBounds> mailbox_bounds(const chat::UserId& owner) const override;
  [[nodiscard]] chat::Read<chat::MailboxPage> read_mailbox(const chat::UserId& owner, chat::MailboxSeq after,
                                                           chat::PageLimit limit) const override;
  [[nodiscard]] chat::Read<std::optional<chat::EpochNumber>> entry_epoch(const chat::UserId& owner,
                                                                         chat::MailboxSeq position) const override;
  [[nodiscard]] chat::Read<std::optional<chat::Message>> message(const chat::MessageId& id) const override;
  [[nodiscard]] chat::Read<std::optional<chat::Message>> message_by_client_id(
      const chat::UserId& sender, const chat::UserId& recipient, std::string_view client_id) const override;
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
  RocksDbStore(std::unique_ptr<Database> database, const Options& options);
  void reach(std::string_view point) const {
    if (at_point_) at_point_(point);
  }

  std::unique_ptr<Database> database_;
  std::unique_ptr<BatchWriter> writer_;  // nullptr: read only
  SpaceGuard space_;
  std::function<void(std::string_view)> at_point_;
};

}  // namespace adapters::rocksdb
