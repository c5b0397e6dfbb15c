#pragma once
// HistoryReader: the implementation of History. Every call is one task on the bounded pool, with reads of the store and
// a viewer of its own; nothing is cached between calls. Any thread; must outlive what it handed to the pool.

#include "chat/ports/content_cipher.hpp"
#include "chat/ports/store.hpp"
#include "chat/services/accounts_decision.hpp"
#include "chat/services/history.hpp"

namespace chat {

class HistoryReader final : public History {
 public:
  HistoryReader(const Store& store, ContentCipher& cipher, Offload reads)
      : store_(store), cipher_(cipher), reads_(std::move(reads)) {}

  void conversations(const Caller& caller, base::Executor& on, Reply<std::vector<ConversationView>> reply) override;
  /// A stranger's history, and that of somebody unknown, is not_found; a friend's without messages is empty.
  void page(const Caller& caller, UserId peer, std::optional<ConversationSeq> before, std::size_t limit,
            base::Executor& on, Reply<HistoryPage> reply) override;
  /// not_found for everybody but its two people.
  void message(const Caller& caller, MessageId id, base::Executor& on, Reply<MessageView> reply) override;
  void read_log(const UserId& owner, MailboxSeq after, PageLimit limit, base::Executor& on,
                Reply<LogPage> reply) override;

 private:
  Outcome<std::vector<ConversationView>> read_conversations(const UserId& user) const;
  Read<std::optional<ConversationView>> read_conversation(const UserId& user, const UserId& peer) const;
  Outcome<HistoryPage> read_page(const UserId& user, const UserId& peer, std::optional<ConversationSeq> before,
                                 std::size_t limit) const;
  Outcome<MessageView> read_message(const UserId& user, const MessageId& id) const;
  Outcome<LogPage> read_entries(const UserId& owner, MailboxSeq after, PageLimit limit) const;
  Read<bool> has_trimmed_gap(const UserId& owner, MailboxSeq after, const MailboxPage& page) const;

  const Store& store_;
  ContentCipher& cipher_;
  const Offload reads_;
};

}  // namespace chat
