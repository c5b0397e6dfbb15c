#pragma once
// SimStore: a store whose crash loses what was not synced. It keeps the log of committed batches; a crash replays a
// prefix of it that holds at least everything synced, a restore replays an older prefix ("last night's backup").

#include <memory>
#include <vector>

#include "adapters/memory/memory_store.hpp"
#include "mutants.hpp"

namespace simulation {

class SimStore final : public chat::LoneStore {
 public:
  SimStore(base::RandomSource& random, Mutant mutant) : random_(random), mutant_(mutant) { reopen(); }

  /// What becomes of the next commit.
  enum class Fate { kFine, kFull, kUnknownWritten, kUnknownLost };
  void decide_next(Fate fate) { next_ = fate; }

  void crash() {
    // Anything between the last sync and the end may or may not have reached the disk.
    const std::size_t loose = log_.size() - synced_;
    rebuild(synced_ + (loose == 0 ? 0 : random_.next() % (loose + 1)));
    reopen();
  }
  /// Back to a copy taken when the log had `length` batches; its list of epochs is the one of then.
  void restore(std::size_t length, std::size_t epochs) {
    rebuild(std::min(length, log_.size()));
    epochs_.resize(std::min(epochs, epochs_.size()));
    reopen();
  }
  [[nodiscard]] std::size_t length() const { return log_.size(); }
  /// A backup of now holds at least this much.
  [[nodiscard]] std::size_t synced() const { return synced_; }

  base::Result<void, chat::StoreError> commit(const chat::CommitBatch& batch, chat::Durability durability) override {
    const Fate fate = std::exchange(next_, Fate::kFine);
    if (fate == Fate::kFull) return base::fail(chat::StoreError::kFull);
    if (fate == Fate::kUnknownLost) return base::fail(chat::StoreError::kUnknown);
    log_.push_back(batch);
    if (mutant_ == Mutant::kJobsApart) log_.back().push_jobs.clear();
    if (mutant_ == Mutant::kHeldForever && batch.messages.empty()) log_.back().push_jobs.clear();
    if (mutant_ == Mutant::kPushConfirmed && !batch.positions.empty()) let_fall_due(log_.back());
    const auto done = inner_->commit(log_.back(), durability);
    if (durability == chat::Durability::kSynced && mutant_ != Mutant::kAckBeforeSync) synced_ = log_.size();
    if (fate == Fate::kUnknownWritten) return base::fail(chat::StoreError::kUnknown);
    return done;
  }
  std::vector<std::string> epochs() const override { return epochs_; }
  bool has_room() const override { return room; }
  bool room = true;
  bool positions_hidden = false;

  chat::Read<chat::MailboxBounds> mailbox_bounds(const chat::UserId& owner) const override {
    return inner_->mailbox_bounds(owner);
  }
  chat::Read<chat::MailboxPage> read_mailbox(const chat::UserId& owner, chat::MailboxSeq after,
                                             chat::PageLimit limit) const override {
    auto page = inner_->read_mailbox(owner, after, limit);
    if (mutant_ == Mutant::kJumpGap && page && page->rows.size() > 1) page->rows.erase(page->rows.begin());
    return page;
  }
  chat::Read<std::optional<chat::EpochNumber>> entry_epoch(const chat::UserId& owner,
                                                           chat::MailboxSeq position) const override {
    if (mutant_ == Mutant::kIgnoreEpoch) return std::optional(chat::EpochNumber(1));
    return inner_->entry_epoch(owner, position);
  }
  chat::Read<std::optional<chat::Message>> message(const chat::MessageId& id) const override {
    return inner_->message(id);
  }
  chat::Read<std::optional<chat::Message>> message_by_client_id(const chat::UserId& sender,
                                                                const chat::UserId& recipient,
                                                                std::string_view client_id) const override {
    if (mutant_ == Mutant::kSkipDedupe) return std::optional<chat::Message>();
    return inner_->message_by_client_id(sender, recipient, client_id);
  }
  chat::Read<std::vector<chat::Message>> history(const chat::ConversationKey& conversation,
                                                 std::optional<chat::ConversationSeq> before,
                                                 std::size_t limit) const override {
    return inner_->history(conversation, before, limit);
  }
  chat::Read<chat::ConversationSeq> newest_number(const chat::ConversationKey& conversation) const override {
    return inner_->newest_number(conversation);
  }
  chat::Read<std::vector<chat::UserId>> conversation_peers(const chat::UserId& user) const override {
    return inner_->conversation_peers(user);
  }
  chat::Read<std::optional<chat::WatermarkStep>> watermark(
      const chat::UserId& author, const chat::UserId& reader, chat::WatermarkKind kind,
      std::optional<chat::ConversationSeq> covering) const override {
    return inner_->watermark(author, reader, kind, covering);
  }
  chat::Read<std::optional<chat::WrappedKey>> current_key(const chat::ConversationKey& conversation) const override {
    return inner_->current_key(conversation);
  }
  chat::Read<std::optional<chat::WrappedKey>> key(const chat::KeyId& id) const override { return inner_->key(id); }
  chat::Read<std::optional<chat::User>> user(const chat::UserId& id) const override { return inner_->user(id); }
  chat::Read<std::optional<chat::User>> user_by_name(std::string_view name) const override {
    return inner_->user_by_name(name);
  }
  chat::Read<std::optional<chat::User>> user_by_email(std::string_view email) const override {
    return inner_->user_by_email(email);
  }
  chat::Read<bool> has_users() const override { return inner_->has_users(); }
  chat::Read<std::vector<chat::UserId>> users_after(const chat::UserId& after, std::size_t limit) const override {
    return inner_->users_after(after, limit);
  }
  chat::Read<std::vector<chat::Device>> devices(const chat::UserId& user) const override {
    return inner_->devices(user);
  }
  chat::Read<std::vector<chat::DevicePosition>> positions(const chat::UserId& user) const override {
    if (positions_hidden) return std::vector<chat::DevicePosition>();
    return inner_->positions(user);
  }
  chat::Read<std::optional<chat::Login>> login(const chat::LoginId& id) const override { return inner_->login(id); }
  chat::Read<std::vector<chat::Login>> logins(const chat::UserId& user) const override { return inner_->logins(user); }
  chat::Read<chat::Relation> relation(const chat::ConversationKey& pair) const override {
    return mutant_ == Mutant::kStaleRelation ? chat::Read<chat::Relation>(friends(pair)) : inner_->relation(pair);
  }
  chat::Read<std::vector<chat::Relation>> relations(const chat::UserId& user) const override {
    return inner_->relations(user);
  }
  chat::Read<std::vector<chat::PushJob>> due_push_jobs(std::string_view kind, chat::WallTime until,
                                                       std::size_t limit) const override {
    return inner_->due_push_jobs(kind, until, limit);
  }
  chat::Read<std::vector<chat::PushJob>> push_jobs(const chat::UserId& user) const override {
    return inner_->push_jobs(user);
  }
  chat::Read<std::vector<chat::PushJob>> push_jobs_after(const chat::UserId& user, const chat::DeviceId& device,
                                                         std::size_t limit) const override {
    return inner_->push_jobs_after(user, device, limit);
  }
  chat::Read<chat::DeviceTrace> device_trace(const chat::UserId& user, const chat::DeviceId& device) const override {
    return inner_->device_trace(user, device);
  }

 private:
  /// Instead of ending with the confirmation.
  void let_fall_due(chat::CommitBatch& batch) const {
    for (const auto& [user, device] : batch.erased_push_jobs) {
      const auto jobs = inner_->push_jobs(user);
      for (auto job : jobs.value()) {
        if (job.device != device) continue;
        job.due = {};
        batch.push_jobs.push_back(std::move(job));
      }
    }
  }
  static chat::Relation friends(const chat::ConversationKey& pair) {
    chat::Relation relation;
    relation.pair = pair;
    relation.friendship = chat::Friendship::kFriends;
    return relation;
  }
  void rebuild(std::size_t length) {
    log_.resize(length);
    synced_ = length;
    inner_ = std::make_unique<adapters::memory::MemoryStore>(random_);
    for (const auto& batch : log_) CHECK(inner_->commit(batch, chat::Durability::kSynced).ok());
    next_ = Fate::kFine;
  }
  void reopen() {
    if (!inner_) inner_ = std::make_unique<adapters::memory::MemoryStore>(random_);
    epochs_.push_back(random_.bytes(8));
  }

  base::RandomSource& random_;
  Mutant mutant_;
  std::unique_ptr<adapters::memory::MemoryStore> inner_;
  std::vector<std::string> epochs_;
  std::vector<chat::CommitBatch> log_;
  std::size_t synced_ = 0;
  Fate next_ = Fate::kFine;
};

}  // namespace simulation
