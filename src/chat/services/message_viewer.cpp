#include "chat/services/message_viewer.hpp"

#include "chat/rules/message_status.hpp"

namespace chat {

Read<std::optional<std::string>> MessageViewer::open(const Message& message) {
  if (!key_ || key_->id != message.content.key) {
    auto row = if_readable(store_.key(message.content.key));
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
    auto& up_to = kind == WatermarkKind::kRead ? newest.read : newest.delivered;
    if (step) {
      if (step.value()) up_to = step.value()->up_to;
    } else if (step.error() == StoreError::kCorrupt) {
      up_to = ConversationSeq(UINT64_MAX);  // unknown: each message is looked up
    } else {
      return base::fail(step.error());
    }
  }
  newest_.emplace(pair, newest);
  return newest;
}

Read<std::optional<WatermarkStep>> MessageViewer::step(const Message& message, WatermarkKind kind,
                                                       std::optional<ConversationSeq> covering) const {
  return if_readable(store_.watermark(message.sender, message.recipient, kind, covering));
}

Read<std::optional<WatermarkStep>> MessageViewer::covering_step(const Message& message, WatermarkKind kind,
                                                                ConversationSeq newest) {
  if (newest < message.seq) return std::optional<WatermarkStep>();
  const auto shown = [&](const WatermarkStep& each) {
    return each.up_to >= message.seq && (viewer_ != message.sender || told_to_author(each, message.seq));
  };
  auto first = step(message, kind, message.seq);
  if (!first || (first.value() && shown(*first.value()))) return first;
  // The first covering step was taken during a block and told to nobody, or is damaged; a later one may say it.
  auto last = step(message, kind, std::nullopt);
  if (!last || (last.value() && shown(*last.value()))) return last;
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
