#pragma once
// MemoryStore: the store of tests, demos and simulations, and the specification of the port. One mutex guards all, so
// every call is atomic. Nothing survives the object; reopen() plays a restart, copy() a backup.
//
// Faults are handed in: the n-th commit or read from now can be made to fail, so that a test can sweep over all n.

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "adapters/memory/memory_state.hpp"
#include "base/random.hpp"
#include "chat/ports/key_checks.hpp"
#include "chat/ports/store.hpp"

namespace adapters::memory {

class MemoryStore : public chat::LoneStore, public chat::KeyCheckStore {
 public:
  MemoryStore();
  /// Epoch ids from `random` (repeatable under a seed); it is used in here and in reopen(random) only.
  explicit MemoryStore(base::RandomSource& random);
  MemoryStore(const MemoryStore&) = delete;
  MemoryStore& operator=(const MemoryStore&) = delete;

  // A restart: appends an epoch; the rows stay. Outstanding faults are forgotten.
  void reopen();
  void reopen(base::RandomSource& random);
  /// The same rows and epochs (no new one): keep it as an older backup, reopen() it later as the restored store.
  [[nodiscard]] std::unique_ptr<MemoryStore> copy() const;

  // Faults, counted from the call: 1 is the next. One of each kind can be outstanding; it fires once.
  /// `written`: the rows are there although the caller is told the failure (the meaning of kUnknown).
  void fail_commit(std::uint64_t nth, chat::StoreError cause, bool written = false);
  void fail_read(std::uint64_t nth, chat::StoreError cause = chat::StoreError::kUnavailable);
  void set_has_room(bool room) { has_room_ = room; }
  // What has been called so far: the range of a sweep.
  [[nodiscard]] std::uint64_t commits() const;
  [[nodiscard]] std::uint64_t synced_commits() const;
  [[nodiscard]] std::uint64_t reads() const;

  // CommitLog
  [[nodiscard]] base::Result<void, chat::StoreError> commit(const chat::CommitBatch& batch,
                                                            chat::Durability durability) override;
  [[nodiscard]] std::vector<std::string> epochs() const override;
  [[nodiscard]] bool has_room() const override { return has_room_; }

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
  struct CommitFault {
    std::uint64_t due = 0;  // value of commits_ at which it fires; 0: none
    chat::StoreError cause = chat::StoreError::kFull;
    bool written = false;
  };
  struct ReadFault {
    std::uint64_t due = 0;
    chat::StoreError cause = chat::StoreError::kUnavailable;
  };
  struct CopyTag {};
  explicit MemoryStore(CopyTag /*tag*/) {}

  /// Runs `fn(state)` under the mutex, unless this is the read that was told to fail.
  template <class Fn>
  auto reading(Fn&& fn) const -> chat::Read<decltype(fn(std::declval<const MemoryState&>()))> {
    const std::lock_guard lock(mutex_);
    ++reads_;
    if (reads_ == read_fault_.due) return base::fail(read_fault_.cause);
    return fn(state_);
  }

  mutable std::mutex mutex_;  // guards all below but has_room_
  MemoryState state_;
  std::vector<std::string> epochs_;
  std::vector<chat::KeyCheck> key_checks_;
  CommitFault commit_fault_;
  ReadFault read_fault_;
  std::uint64_t commits_ = 0;
  std::uint64_t synced_commits_ = 0;
  mutable std::uint64_t reads_ = 0;
  std::atomic<bool> has_room_{true};
};

}  // namespace adapters::memory
