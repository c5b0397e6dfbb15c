#pragma once
// Turns stored rows into what one person is shown: plaintext and derived status. One object per request: it remembers
// the keys and watermarks that a page needs again and again. Not thread-safe; store reads may block.

#include <map>

#include "chat/ports/content_cipher.hpp"
#include "chat/ports/store.hpp"

namespace chat {

class MessageViewer {
 public:
  MessageViewer(const Store& store, ContentCipher& cipher, const UserId& viewer)
      : store_(store), cipher_(cipher), viewer_(viewer) {}

  /// A message that cannot be opened is shown as failed, never as an empty text that looks real: `failure` is set and
  /// `content` is empty; so is one that expired, to anybody but its author. A damaged watermark counts as none: the
  /// status is what the others say. Error: the store could not answer, or kNoKey: this node cannot read the message,
  /// which says nothing about the message. Never kCorrupt.
  [[nodiscard]] Read<MessageView> view(const Message& message);
  /// nullopt: unreadable, or its key is. Errors as of view().
  [[nodiscard]] Read<std::optional<std::string>> open(const Message& message);

 private:
  using Pair = std::pair<UserId, UserId>;  // author, reader
  struct Newest {
    ConversationSeq delivered;
    ConversationSeq read;
  };
  Read<Newest> newest(const Message& message);
  Read<std::optional<WatermarkStep>> step(const Message& message, WatermarkKind kind,
                                          std::optional<ConversationSeq> covering) const;
  Read<std::optional<WatermarkStep>> covering_step(const Message& message, WatermarkKind kind, ConversationSeq newest);

  const Store& store_;
  ContentCipher& cipher_;
  UserId viewer_;
  std::map<Pair, Newest> newest_;
  std::optional<WrappedKey> key_;  // the last one used: a page is mostly one conversation's
};

}  // namespace chat
