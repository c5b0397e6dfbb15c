#pragma once
// Reading what is stored: conversations, history, one message, the export of a user; and pages of a mailbox for the
// pump. Reads run on the bounded offload pool.

#include "chat/ports/mail_store.hpp"
#include "chat/services/accounts.hpp"

namespace chat {

struct ConversationView {
  User peer;
  std::optional<MessageView> last_message;
  std::uint64_t unread = 0;
};
struct HistoryPage {
  std::vector<MessageView> messages;    // newest first
  std::optional<ConversationSeq> next;  // `before` of the next page
};
struct LogPage {
  std::vector<std::shared_ptr<const LogItem>> items;  // ascending
  MailboxSeq through;                                 // everything up to here was looked at
  bool no_key = false;  // the next entry is a message that only other nodes have got the key of
};

class History {
 public:
  virtual ~History() = default;

  virtual void conversations(const Caller& caller, base::Executor& on, Reply<std::vector<ConversationView>> reply) = 0;
  virtual void page(const Caller& caller, UserId peer, std::optional<ConversationSeq> before, std::size_t limit,
                    base::Executor& on, Reply<HistoryPage> reply) = 0;
  virtual void message(const Caller& caller, MessageId id, base::Executor& on, Reply<MessageView> reply) = 0;
  /// The next entries of a mailbox after `after`, decrypted and with derived status.
  virtual void read_log(const UserId& owner, MailboxSeq after, PageLimit limit, base::Executor& on,
                        Reply<LogPage> reply) = 0;
};

}  // namespace chat
