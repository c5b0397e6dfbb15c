#include "chat/services/explainer.hpp"

#include <algorithm>

#include "chat/rules/message_status.hpp"
#include "chat/services/explainer_verdict.hpp"

namespace chat {
namespace {

constexpr PageLimit kOne{.entries = 1, .bytes = 1};
constexpr PageLimit kPage{.entries = 256, .bytes = 256 * 1024};
constexpr std::size_t kNearPages = 4;  // entries of the same moment, in other conversations
constexpr std::size_t kAllPages = SIZE_MAX;

MailboxSeq position_of(const Device& device, const std::vector<DevicePosition>& positions) {
  for (const auto& each : positions) {
    if (each.device == device.id) return each.position;
  }
  return device.start;
}

}  // namespace

Read<std::optional<MessageStory>> Explainer::explain(const MessageId& id) const {
  const auto row = store_.message(id);
  if (!row) return base::fail(row.error());
  if (!row.value()) return std::optional<MessageStory>();
  const Message& message = **row;
  MessageStory story;
  story.id = message.id;
  story.sender = message.sender;
  story.recipient = message.recipient;
  story.seq = message.seq;
  story.stored = message.timestamp;
  story.failure = message.failure;
  const auto delivered = store_.watermark(message.sender, message.recipient, WatermarkKind::kDelivered, message.seq);
  if (!delivered) return base::fail(delivered.error());
  const auto read = store_.watermark(message.sender, message.recipient, WatermarkKind::kRead, message.seq);
  if (!read) return base::fail(read.error());
  const auto covers = [&](const std::optional<WatermarkStep>& step) {
    return step && step->up_to >= message.seq ? &*step : nullptr;
  };
  const auto status = derive_status(message, covers(*delivered), covers(*read));
  story.status = status.status;
  story.delivered_at = status.delivered_at;
  story.read_at = status.read_at;
  const auto relation = store_.relation(message.conversation());
  if (!relation) return base::fail(relation.error());
  if (relation->blocked()) story.blocked_since = relation->changed;
  const auto recipient = store_.user(message.recipient);
  if (!recipient) return base::fail(recipient.error());
  story.recipient_exists = recipient->has_value();
  if (story.recipient_exists) {
    if (const auto told = tell_devices(message, story); !told) return base::fail(told.error());
  }
  story.verdict = verdict_of(story);
  return std::optional(std::move(story));
}

Read<std::monostate> Explainer::tell_devices(const Message& message, MessageStory& story) const {
  const auto bounds = store_.mailbox_bounds(message.recipient);
  if (!bounds) return base::fail(bounds.error());
  const auto position = find_entry(message, *bounds);
  if (!position) return base::fail(position.error());
  story.position = *position;
  const auto devices = store_.devices(message.recipient);
  if (!devices) return base::fail(devices.error());
  const auto positions = store_.positions(message.recipient);
  if (!positions) return base::fail(positions.error());
  const auto jobs = store_.push_jobs(message.recipient);
  if (!jobs) return base::fail(jobs.error());
  for (const auto& device : *devices) {
    auto told = tell_device(message, device, position_of(device, *positions), *position, *jobs);
    if (!told) return base::fail(told.error());
    story.devices.push_back(std::move(*told));
  }
  return std::monostate{};
}

/// Where the entry lies: entries are in the order of their commits, and but for a clock that was set back of their
/// times.
Read<std::optional<MailboxSeq>> Explainer::find_entry(const Message& message, MailboxBounds bounds) const {
  auto low = MailboxSeq(bounds.first.value - 1);  // everything up to here is older
  auto high = bounds.head;
  while (low < high) {
    const MailboxSeq middle(low.value + (high.value - low.value) / 2);
    const auto page = store_.read_mailbox(message.recipient, middle, kOne);
    if (!page) return base::fail(page.error());
    if (!page->rows.empty() && page->rows.front().entry.at < message.timestamp) {
      low = page->rows.front().entry.position;
    } else {
      high = middle;
    }
  }
  auto near = scan(message, low, kNearPages);
  if (!near || near.value()) return near;
  return scan(message, MailboxSeq(bounds.first.value - 1), kAllPages);
}

Read<std::optional<MailboxSeq>> Explainer::scan(const Message& message, MailboxSeq after, std::size_t pages) const {
  for (; pages > 0; --pages) {
    const auto page = store_.read_mailbox(message.recipient, after, kPage);
    if (!page) return base::fail(page.error());
    for (const auto& [entry, row] : page->rows) {
      if (entry.kind == EntryKind::kMessage && entry.message == message.id) return std::optional(entry.position);
    }
    if (page->through <= after) break;
    after = page->through;
  }
  return std::optional<MailboxSeq>();
}

Read<DeviceStory> Explainer::tell_device(const Message& message, const Device& device, MailboxSeq confirmed,
                                         std::optional<MailboxSeq> position, const std::vector<PushJob>& jobs) const {
  DeviceStory story;
  story.device = device.id;
  story.last_seen = device.last_seen;
  story.position = confirmed;
  if (device.push) story.push_kind = device.push->kind;
  // An entry that is gone was behind every device that there was.
  const bool past = !position || confirmed >= *position;
  if (past) {
    const bool began = position ? device.start >= *position : device.created > message.timestamp;
    const bool skipped = message.failure == FailureReason::kSkipped;
    story.stage = began ? DeviceStage::kBegunLater : skipped ? DeviceStage::kSkipped : DeviceStage::kConfirmed;
    return story;
  }
  const auto trace = store_.device_trace(message.recipient, device.id);
  if (!trace) return base::fail(trace.error());
  if (trace->written >= *position) {
    story.stage = DeviceStage::kWritten;
    story.written_at = trace->written_at;
  }
  if (trace->outcome != PushOutcome::kNone && trace->pushed >= *position) {
    story.push = PushStage::kAttempted;
    story.outcome = trace->outcome;
    story.pushed_at = trace->pushed_at;
    story.detail = trace->detail;
  } else if (device.push) {
    story.push = PushStage::kNotOwed;
  }
  const auto job =
      std::find_if(jobs.begin(), jobs.end(), [&](const PushJob& each) { return each.device == device.id; });
  if (job == jobs.end() || job->position < *position) return story;
  story.attempts = job->attempts;
  if (job->due == kPushHeld) {
    if (story.push != PushStage::kAttempted) story.push = PushStage::kHeld;
  } else {
    if (story.push != PushStage::kAttempted) story.push = PushStage::kDue;
    story.push_due = job->due;
  }
  return story;
}

Read<std::optional<WallTime>> Explainer::oldest_pending(const UserId& user) const {
  const auto positions = store_.positions(user);
  if (!positions) return base::fail(positions.error());
  MailboxSeq after;
  for (const auto& each : *positions) after = std::max(after, each.position);
  for (;;) {
    const auto page = store_.read_mailbox(user, after, kPage);
    if (!page) return base::fail(page.error());
    for (const auto& [entry, message] : page->rows) {
      const bool lost = !message || has_failed(*message);
      if (entry.kind == EntryKind::kMessage && !entry.own && !lost) return std::optional(message->timestamp);
    }
    if (page->through <= after) return std::optional<WallTime>();
    after = page->through;
  }
}

}  // namespace chat
