#include "chat/rules/message_status.hpp"

#include <algorithm>

namespace chat {

bool told_to_author(const WatermarkStep& step, ConversationSeq seq) {
  return step.newest_covered_seq >= seq;
}

DerivedStatus derive_status(const Message& message, const WatermarkStep* delivered, const WatermarkStep* read) {
  DerivedStatus derived;
  // Given up for a device: later confirmations of that device speak over it, not for it.
  if (message.failure == FailureReason::kSkipped) delivered = nullptr;
  if (read != nullptr) {
    derived.status = MessageStatus::kRead;
    derived.read_at = read->at;
    derived.delivered_at = delivered != nullptr ? std::min(delivered->at, read->at) : read->at;
  } else if (delivered != nullptr) {
    derived.status = MessageStatus::kDelivered;
    derived.delivered_at = delivered->at;
  }
  if (has_failed(message)) {
    derived.status = MessageStatus::kFailed;
    derived.delivered_at.reset();
    derived.read_at.reset();
  }
  return derived;
}

}  // namespace chat
