#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "chat/model/ids.hpp"

namespace chat {

enum class MessageStatus : std::uint8_t { kSent, kDelivered, kRead, kFailed };
enum class FailureReason : std::uint8_t { kExpired, kUnreadable, kSkipped };

/// version ‖ algorithm ‖ key id ‖ nonce ‖ ciphertext ‖ tag (docs/data-model.md); the domain never looks inside.
struct SealedContent {
  KeyId key;
  std::string bytes;
};

/// What the store keeps of one message. Status is not among it: it is derived from watermarks (see view.hpp).
struct Message {
  MessageId id;
  UserId sender;
  UserId recipient;
  ConversationSeq seq;
  /// How many messages the sender has in this conversation up to and including this one, and the recipient up to here:
  /// what makes "unread" a subtraction.
  std::uint64_t sender_ordinal = 0;
  std::uint64_t recipient_ordinal = 0;
  WallTime timestamp{};   // for display: max(now, last + 1 ms) per conversation
  std::string client_id;  // empty: the sender chose none
  SealedContent content;
  std::optional<FailureReason> failure;

  [[nodiscard]] ConversationKey conversation() const { return ConversationKey::of(sender, recipient); }
};

enum class WatermarkKind : std::uint8_t { kDelivered = 1, kRead = 2 };

/// One step of a watermark over `author`'s messages to `reader`: everything of the author up to number `up_to` is
/// delivered to / read by `reader` since `at`. Steps are kept, so that each message knows the time of the first step
/// that covered it; the newest step is the watermark.
struct WatermarkStep {
  UserId author;
  UserId reader;
  WatermarkKind kind = WatermarkKind::kDelivered;
  /// up_to of the step before this one, as a hint: what is not above it is covered already. 0: not told. Not stored.
  ConversationSeq after{};
  ConversationSeq up_to;  // as the reader said it (read) or the confirmed message's number (delivered)
  WallTime at{};
  MessageId newest_covered;  // newest message of the author with number <= up_to; zero: none
  ConversationSeq newest_covered_seq;
  std::uint64_t author_ordinal = 0;  // the author's messages covered so far
  MailboxSeq author_entry;           // where the author's mailbox tells of it; 0: nowhere (blocked, nothing new)
  MailboxSeq reader_entry;           // read only: where the reader's own mailbox tells the other devices; 0: nowhere
};

/// A message as one of its two people sees it: plaintext and derived status.
struct MessageView {
  MessageId id;
  UserId sender;
  UserId recipient;
  ConversationSeq seq;
  WallTime timestamp{};
  std::string content;
  std::string client_id;
  MessageStatus status = MessageStatus::kSent;
  std::optional<FailureReason> failure;
  std::optional<WallTime> delivered_at;
  std::optional<WallTime> read_at;
};

}  // namespace chat
