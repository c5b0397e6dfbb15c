#pragma once
#include <algorithm>
#include <cstdint>

#include "chat/model/message.hpp"

namespace chat {

/// The newest step of one watermark, small enough to be cached per conversation and direction.
struct Watermark {
  ConversationSeq up_to;
  ConversationSeq newest_covered_seq;
  MessageId newest_covered;
  std::uint64_t author_ordinal = 0;

  /// Monotone: only a higher number is news.
  [[nodiscard]] bool advances_to(ConversationSeq to) const { return to > up_to; }
  void take(const WatermarkStep& step) {
    up_to = step.up_to;
    newest_covered_seq = step.newest_covered_seq;
    newest_covered = step.newest_covered;
    author_ordinal = step.author_ordinal;
  }
};

/// Messages of the author that the reader has not read: ordinals make it a subtraction (P9).
[[nodiscard]] constexpr std::uint64_t unread_count(std::uint64_t author_messages, std::uint64_t read_ordinal) {
  return author_messages > read_ordinal ? author_messages - read_ordinal : 0;
}

}  // namespace chat
