#include "chat/services/message_viewer.hpp"

#include "chat/rules/message_status.hpp"

namespace chat {

Read<std::optional<std::string>> MessageViewer::open(const Message& message) {
  if (!key_ || key_->id != message.content.key) {
    auto row = store_.key(message.content.key);
    if (!row) return base::fail(row.error());
    if (!row.value()) return std::optional<std::string>();
    key_ = std::move(*row);
  }
  auto text = cipher_.open(*key_, {message.id, message.sender, message.recipient}, message.content);
  if (!text && text.error() == CipherError::kUnknownKey) return base::fail(StoreError::kNoKey);
  if (!text) return std::optional<std::string>();
  return std::optional<std::string>(std::move(*text));
}

Read<MessageViewer::Newest> MessageViewer::newest(const Message& message) {
  const Pair pair{message.sender, message.recipient};
  if (const auto known = newest_.find(pair); known != newest_.end()) return known->second;
  Newest newest;
  for (const auto kind : {WatermarkKind::kDelivered, WatermarkKind::kRead}) {
    const auto step = store_.watermark(message.sender, message.recipient, kind, std::nullopt);
    if (!step) return base::fail(step.error());
    if (step.value()) (kind == WatermarkKind::kRead ? newest.read : newest.delivered) = step.value()->up_to;
  }
  newest_.emplace(pair, newest);
  return newest;
}

Read<std::optional<WatermarkStep>> MessageViewer::covering_step(const Message& message, WatermarkKind kind,
                                                                ConversationSeq newest) {
  if (newest < message.seq) return std::optional<WatermarkStep>();
  auto step = store_.watermark(message.sender, message.recipient, kind, message.seq);
  if (!step || !step.value() || viewer_ != message.sender || told_to_author(*step.value(), message.seq)) return step;
  // The first covering step was taken during a block and told to nobody; a later one may have been.
  auto last = store_.watermark(message.sender, message.recipient, kind, std::nullopt);
  if (!last || (last.value() && told_to_author(*last.value(), message.seq))) return last;
  return std::optional<WatermarkStep>();
}

Read<MessageView> MessageViewer::view(const Message& message) {
  MessageView view;
  view.id = message.id;
  view.sender = message.sender;
  view.recipient = message.recipient;
  view.seq = message.seq;
  view.timestamp = message.timestamp;
  view.failure = message.failure;
  if (viewer_ == message.sender) view.client_id = message.client_id;
  // What expired was never delivered: its author keeps the text, nobody else is shown it.
  const bool withheld = message.failure == FailureReason::kExpired && viewer_ != message.sender;
  if (!withheld) {
    auto text = open(message);
    // Found unreadable by a node that had its key: with or without ours, there is nothing to show.
    const bool failed_already = message.failure == FailureReason::kUnreadable;
    if (!text && text.error() == StoreError::kNoKey && failed_already) text = std::optional<std::string>();
    if (!text) return base::fail(text.error());
    if (text.value()) {
      view.content = std::move(*text.value());
    } else if (message.failure != FailureReason::kExpired) {
      view.failure = FailureReason::kUnreadable;
    }
  }
  auto last = newest(message);
  if (!last) return base::fail(last.error());
  const auto delivered = covering_step(message, WatermarkKind::kDelivered, last->delivered);
  if (!delivered) return base::fail(delivered.error());
  const auto read = covering_step(message, WatermarkKind::kRead, last->read);
  if (!read) return base::fail(read.error());
  const auto status = derive_status(message, delivered.value() ? &*delivered.value() : nullptr,
                                    read.value() ? &*read.value() : nullptr);
  view.status = view.failure == FailureReason::kUnreadable ? MessageStatus::kFailed : status.status;
  view.delivered_at = status.delivered_at;
  view.read_at = status.read_at;
  return view;
}

}  // namespace chat
