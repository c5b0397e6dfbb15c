#pragma once
// Reads of messages and mailboxes. All verbs may be called from any thread, may block on the disk, and see every batch
// whose commit returned before they were called.

#include <optional>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "chat/ports/commit_batch.hpp"
#include "chat/ports/store_error.hpp"

namespace chat {

/// One entry of a page; a message entry comes with its message (nullopt: the row cannot be read or is gone). An entry
/// that cannot itself be read appears as a message entry with zero ids, epoch 0 and no message: never a silent gap.
struct MailboxRow {
  MailboxEntry entry;
  std::optional<Message> message;
};

/// Superseded entries are looked at too: one call looks at no more than this many in all, so that a page may come back
/// without rows and still move `through`. A mailbox is read to its end when `through` has reached its head.
inline constexpr std::size_t kMaxEntriesLookedAt = 4096;

struct PageLimit {
  std::size_t entries = 256;
  std::size_t bytes = 256 * 1024;  // of content; at least one entry is returned if there is one
};

struct MailboxPage {
  std::vector<MailboxRow> rows;  // ascending; positions that are missing between rows were superseded or trimmed
  MailboxSeq through;            // everything up to here was looked at (>= the last row, >= `after`)
};

template <class T>
using Read = base::Result<T, StoreError>;

/// For a caller who goes on without a damaged row: it reads as if it were not there.
template <class T>
[[nodiscard]] Read<std::optional<T>> if_readable(Read<std::optional<T>> read) {
  if (!read && read.error() == StoreError::kCorrupt) return std::optional<T>();
  return read;
}

class MailStore {
 public:
  virtual ~MailStore() = default;

  [[nodiscard]] virtual Read<MailboxBounds> mailbox_bounds(const UserId& owner) const = 0;
  /// Entries after `after`, ascending. A status or own-read entry that a newer watermark of the same (peer, kind)
  /// superseded is left out.
  [[nodiscard]] virtual Read<MailboxPage> read_mailbox(const UserId& owner, MailboxSeq after,
                                                       PageLimit limit) const = 0;
  /// Epoch of the entry at exactly `position`; nullopt when it is trimmed or not yet there.
  [[nodiscard]] virtual Read<std::optional<EpochNumber>> entry_epoch(const UserId& owner,
                                                                     MailboxSeq position) const = 0;

  [[nodiscard]] virtual Read<std::optional<Message>> message(const MessageId& id) const = 0;
  [[nodiscard]] virtual Read<std::optional<Message>> message_by_client_id(const UserId& sender, const UserId& recipient,
                                                                          std::string_view client_id) const = 0;
  struct ClientIdQuestion {
    UserId sender;
    UserId recipient;
    std::string_view client_id;
  };
  /// As message_by_client_id(), an answer for each question; a store behind a network asks once.
  [[nodiscard]] virtual Read<std::vector<std::optional<Message>>> messages_by_client_ids(
      std::span<const ClientIdQuestion> questions) const {
    std::vector<std::optional<Message>> found;
    found.reserve(questions.size());
    for (const auto& each : questions) {
      auto one = message_by_client_id(each.sender, each.recipient, each.client_id);
      if (!one) return base::fail(one.error());
      found.push_back(std::move(*one));
    }
    return found;
  }
  /// Messages with number < `before` (or all), newest first, at most `limit` of those that can be read.
  [[nodiscard]] virtual Read<std::vector<Message>> history(const ConversationKey& conversation,
                                                           std::optional<ConversationSeq> before,
                                                           std::size_t limit) const = 0;
  /// The number that was given last in a conversation, whether its message can be read or not (I3); 0: none.
  [[nodiscard]] virtual Read<ConversationSeq> newest_number(const ConversationKey& conversation) const = 0;
  /// Everyone with whom `user` has exchanged at least one message.
  [[nodiscard]] virtual Read<std::vector<UserId>> conversation_peers(const UserId& user) const = 0;

  /// The first step with up_to >= `covering` (when a message was covered), or the newest step (the watermark itself).
  [[nodiscard]] virtual Read<std::optional<WatermarkStep>> watermark(const UserId& author, const UserId& reader,
                                                                     WatermarkKind kind,
                                                                     std::optional<ConversationSeq> covering) const = 0;
  /// The current key of a conversation, or the one with this id.
  [[nodiscard]] virtual Read<std::optional<WrappedKey>> current_key(const ConversationKey& conversation) const = 0;
  [[nodiscard]] virtual Read<std::optional<WrappedKey>> key(const KeyId& id) const = 0;
};

}  // namespace chat
