#pragma once
#include <optional>

#include "chat/model/mailbox.hpp"
#include "chat/model/message.hpp"

namespace chat {

/// A message of somebody else: what a device confirms.
[[nodiscard]] inline bool is_incoming(const MailboxEntry& entry) {
  return entry.kind == EntryKind::kMessage && !entry.own;
}

/// Failed for everyone. Skipped for one device is not: others are still owed the message.
[[nodiscard]] inline bool has_failed(const Message& message) {
  return message.failure && *message.failure != FailureReason::kSkipped;
}

struct DerivedStatus {
  MessageStatus status = MessageStatus::kSent;
  std::optional<WallTime> delivered_at;
  std::optional<WallTime> read_at;
};

/// Status of a message out of the first watermark steps that cover it (nullptr: none). A failure wins over any
/// watermark above it; a skipped message is `sent` until another device has it or its recipient reads it; read implies
/// delivered.
[[nodiscard]] DerivedStatus derive_status(const Message& message, const WatermarkStep* delivered,
                                          const WatermarkStep* read);

/// Whether the author may know of this step for the message with this number: what was read during a block is told to
/// nobody, so such a step covers no more of the author's messages than its predecessor did.
[[nodiscard]] bool told_to_author(const WatermarkStep& step, ConversationSeq seq);

}  // namespace chat
