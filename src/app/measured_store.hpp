#pragma once
// MeasuredStore: a store that says how long its verbs take (restante_store_seconds{verb}), and hands on everything else
// unchanged. Every commit is measured; of the reads of a thread one in kReadsPerSample of each class, so that a read
// that takes a microsecond does not pay for two looks at the clock. Threads and promises are those of the store inside,
// which must outlive it.

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "chat/ports/store.hpp"

namespace app {

class MeasuredStore final : public chat::Store {
 public:
  static constexpr unsigned kReadsPerSample = 16;

  MeasuredStore(chat::Store& store, const base::Clock& clock, base::Registry& registry);

  // CommitLog
  [[nodiscard]] base::Result<void, chat::StoreError> commit(const chat::CommitBatch& batch,
                                                            chat::Durability durability) override;
  [[nodiscard]] bool shared() const override { return store_.shared(); }
  [[nodiscard]] base::Result<chat::ForeignCommits, chat::StoreError> begin_turn() override;
  void end_turn() override { store_.end_turn(); }
  [[nodiscard]] base::Result<chat::ForeignCommits, chat::StoreError> foreign_commits() override {
    return store_.foreign_commits();
  }
  [[nodiscard]] base::Result<bool, chat::StoreError> find_outcome() override { return store_.find_outcome(); }
  [[nodiscard]] std::vector<std::string> epochs() const override { return store_.epochs(); }
  [[nodiscard]] bool has_room() const override { return store_.has_room(); }

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

 private:
  enum class Verb : std::uint8_t { kMailbox, kMessage, kHistory, kReceipt, kKey, kAccount, kRelation, kPush };
  static constexpr std::size_t kVerbs = 8;

  [[nodiscard]] static bool sampled(Verb verb);
  template <class Work>
  auto timed(Verb verb, Work work) const;

  chat::Store& store_;
  const base::Clock& clock_;
  base::Histogram* reads_[kVerbs];
  base::Histogram& synced_;
  base::Histogram& buffered_;
  base::Histogram& turns_;  // of a store that several nodes share: waiting for the turn
};

}  // namespace app
