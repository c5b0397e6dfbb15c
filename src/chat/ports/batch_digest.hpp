#pragma once
// What a commit batch means for a node that did not make it: whose cached rows are old, what has been numbered, which
// sockets have to end. Never any content.

#include <vector>

#include "chat/ports/commit_batch.hpp"

namespace chat {

struct BatchDigest {
  struct Head {
    UserId owner;
    MailboxSeq head;
  };
  struct Sent {
    MessageId id;
    UserId sender;
    UserId recipient;
    ConversationSeq seq;
    std::uint64_t sender_ordinal = 0;
    std::uint64_t recipient_ordinal = 0;
    WallTime timestamp{};
  };

  std::vector<UserId> users;                   // forget what is cached of them (account, devices, push jobs, …)
  std::vector<ConversationKey> conversations;  // likewise
  std::vector<Head> heads;
  std::vector<Sent> sent;  // new messages, ascending per conversation
  std::vector<DevicePosition> positions;
  std::vector<WatermarkStep> steps;
  std::vector<MailboxTrim> trims;
  std::vector<Ending> endings;
};

[[nodiscard]] BatchDigest digest_of(const CommitBatch& batch);

}  // namespace chat
