// CONFIRM: a device's word becomes a position and the receipts that follow from it, in one batch (I5, I6).

#include <bit>

#include "base/log.hpp"
#include "chat/rules/message_status.hpp"
#include "chat/services/lane_commands.hpp"

namespace chat {
namespace {

constexpr std::size_t kRememberedSkips = 16;  // per user; beyond, the mark is removed only by pumps that read it

MailboxEntry status_entry(const WatermarkStep& step) {
  MailboxEntry entry;
  entry.kind = EntryKind::kStatus;
  entry.owner = step.author;
  entry.peer = step.reader;
  entry.at = step.at;
  entry.seq = step.newest_covered_seq;
  entry.message = step.newest_covered;
  entry.watermark = step.kind;
  return entry;
}

/// What its entry knows of a message whose row is damaged. Ordinals go on from the message before it that can be read:
/// those between may have been of either author.
Message remains_of(const MailboxEntry& entry, const std::vector<Message>& before) {
  Message message;
  message.id = entry.message;
  message.sender = entry.own ? entry.owner : entry.peer;
  message.recipient = entry.own ? entry.peer : entry.owner;
  message.seq = entry.seq;
  message.timestamp = entry.at;
  auto numbers = entry.seq.value;
  if (!before.empty()) {
    const auto& last = before.front();
    const bool same = last.sender == message.sender;
    message.sender_ordinal = same ? last.sender_ordinal : last.recipient_ordinal;
    message.recipient_ordinal = same ? last.recipient_ordinal : last.sender_ordinal;
    numbers -= last.seq.value;
  }
  message.sender_ordinal += numbers;
  message.recipient_ordinal += numbers - 1;
  return message;
}

/// The highest of each author covers those below it.
void keep_highest(std::vector<Receipt>& receipts, const Receipt& receipt) {
  const auto known = std::find_if(receipts.begin(), receipts.end(),
                                  [&](const Receipt& each) { return each.author == receipt.author; });
  if (known == receipts.end()) {
    receipts.push_back(receipt);
  } else if (known->seq < receipt.seq) {
    *known = receipt;
  }
}

/// The message of an entry, or what is left of it. nullopt: it is gone, or the read failed.
std::optional<Message> message_or_remains(LaneDesk& desk, const MailboxEntry& entry) {
  auto row = desk.store().message(entry.message);
  if (row || row.error() != StoreError::kCorrupt) return desk.take(std::move(row));
  auto before =
      desk.take_undamaged(desk.store().history(ConversationKey::of(entry.owner, entry.peer), entry.seq.next(), 1));
  if (desk.failed()) return std::nullopt;
  if (before.empty() || before.front().seq != entry.seq) return remains_of(entry, before);
  // Only what leads to it by its id is damaged, or the number is another message's by now.
  if (before.front().id != entry.message) return std::nullopt;
  return std::move(before.front());
}

}  // namespace

void ConfirmCommand::stage_hot(LaneDesk& desk) {
  auto& user = desk.user(confirmation_.user);
  auto* const record = user.record(confirmation_.connection);
  auto* const device = user.device(confirmation_.device);
  // Fenced or gone: another session speaks for the device now (I11).
  if (record == nullptr || device == nullptr || record->device != confirmation_.device) return;
  if (confirmation_.position > user.head) return;
  if (confirmation_.syncs == record->syncs) record->reads_after = std::max(record->reads_after, confirmation_.position);
  if (confirmation_.position <= device->position) return;
  if (device->position < user.expired) {
    // The pump may have written entries that failed before they were confirmed: the store knows which (I14).
    auto derived = desk.derive_confirmation(user, *device, confirmation_.position, confirmation_.skipped);
    confirmation_.receipts = std::move(derived.receipts);
    confirmation_.rescued = std::move(derived.rescued);
    confirmation_.messages = derived.messages;
    if (desk.failed()) return;
  }
  desk.advance(user, *device, confirmation_);
}

void ConfirmCommand::absorb(ConfirmCommand&& later) {
  auto& more = later.confirmation_;
  confirmation_.position = std::max(confirmation_.position, more.position);
  for (const auto& receipt : more.receipts) keep_highest(confirmation_.receipts, receipt);
  confirmation_.skipped.insert(confirmation_.skipped.end(), more.skipped.begin(), more.skipped.end());
  confirmation_.rescued.insert(confirmation_.rescued.end(), more.rescued.begin(), more.rescued.end());
  confirmation_.messages += more.messages;
  confirmation_.at = more.at;
}

void LaneDesk::advance(UserState& user, DeviceState& device, const Confirmation& confirmation) {
  append_skips(user, device, confirmation);
  const auto highest = user.highest_position();
  const auto before = device.position;
  device.position = confirmation.position;
  if (device.poison <= device.position) {
    device.poison = MailboxSeq();
    device.poison_count = device.halvings = 0;
  }
  batch_.positions.push_back({user.key, device.id, device.position});
  drop_confirmed_job(user, device);
  for (const auto& receipt : confirmation.receipts) append_receipt(user, receipt, confirmation.at);
  for (const auto& message : confirmation.rescued) rescue(message);
  std::erase_if(user.skipped, [&](const auto& mark) {
    // Only the confirmation that takes a device over the entry speaks of it: it was skipped then, or stored.
    if (mark.first <= before || mark.first > device.position) return false;
    const bool mine =
        std::find(confirmation.skipped.begin(), confirmation.skipped.end(), mark.first) != confirmation.skipped.end();
    if (!mine) rescue(mark.second);
    return !mine;
  });
  if (device.position > highest) {
    std::uint64_t fresh = confirmation.messages;
    if (before < highest) fresh = std::min(fresh, messages_between(user, highest, device.position));
    counts_.add(parts_.metrics.messages_delivered, fresh);
    if (device.position == user.head) {
      counts_.none_pending(user.key);
    } else {
      counts_.less_pending(user.key, fresh);
    }
  }
  trim_mailbox(user);
}

/// Failed and skipped ones count, too: whoever asks has counted what was confirmed.
std::uint64_t LaneDesk::messages_between(const UserState& user, MailboxSeq after, MailboxSeq through) {
  if (user.head.value - after.value <= user.newest_known) {
    const auto newest = std::min<std::uint64_t>(user.head.value - through.value, 63);
    const auto wanted = through.value - after.value;
    const auto mask = wanted < 64 ? (std::uint64_t{1} << wanted) - 1 : ~std::uint64_t{0};
    return static_cast<std::uint64_t>(std::popcount(user.newest_messages >> newest & mask));
  }
  std::uint64_t messages = 0;
  while (after < through && !failed()) {
    const auto page = take_undamaged(store().read_mailbox(user.key, after, {}));
    if (page.through <= after) break;
    after = page.through;
    for (const auto& row : page.rows) messages += row.entry.position <= through && is_incoming(row.entry) ? 1 : 0;
  }
  return messages;
}

void LaneDesk::append_receipt(UserState& reader, const Receipt& receipt, base::SteadyTime confirmed) {
  auto* const talk = undamaged_conversation(ConversationKey::of(reader.key, receipt.author));
  const auto* const author = undamaged_user(receipt.author);
  // Whoever cannot be told must not keep the device from moving on.
  if (talk == nullptr || author == nullptr) return;
  auto& side = talk->author(receipt.author);
  // Across a block nothing is told, and nothing is kept that could be told later.
  if (talk->relation.blocked() || !side.delivered.advances_to(receipt.seq) || !author->exists) return;
  WatermarkStep step;
  step.author = receipt.author;
  step.reader = reader.key;
  step.kind = WatermarkKind::kDelivered;
  step.after = side.delivered.up_to;
  step.up_to = step.newest_covered_seq = receipt.seq;
  step.at = now();
  step.newest_covered = receipt.message;
  step.author_ordinal = receipt.ordinal;
  side.delivered.take(step);
  auto item = std::make_shared<LogItem>();
  item->entry = status_entry(step);
  item->accepted = confirmed;
  step.author_entry = append_item(std::move(item));
  batch_.watermark_steps.push_back(std::move(step));
}

/// Entries given up for this device: they are not delivered on its account, unless somebody else has them. The author
/// is told nothing: the message is in the history and waits for other devices.
void LaneDesk::append_skips(UserState& user, const DeviceState& device, const Confirmation& confirmation) {
  for (const auto position : confirmation.skipped) {
    if (position <= device.position || position > confirmation.position) continue;
    const auto page =
        take_undamaged(store().read_mailbox(user.key, MailboxSeq(position.value - 1), {.entries = 1, .bytes = 1}));
    if (page.rows.empty() || page.rows.front().entry.position != position) continue;
    const auto& entry = page.rows.front().entry;
    if (entry.kind != EntryKind::kMessage || entry.own) continue;
    auto* const talk = undamaged_conversation(ConversationKey::of(user.key, entry.peer));
    if (talk == nullptr) continue;
    const auto& side = talk->author(entry.peer);
    bool covered = !side.delivered.advances_to(entry.seq) || !side.read.advances_to(entry.seq) || user.gone >= position;
    for (const auto& other : user.devices) covered |= other.id != device.id && other.position >= position;
    counts_.add(parts_.metrics.messages_skipped);
    if (covered || !mark_skipped(user, device, entry)) continue;
    if (user.skipped.size() == kRememberedSkips) user.skipped.erase(user.skipped.begin());
    user.skipped.emplace_back(position, entry.message);
  }
}

bool LaneDesk::mark_skipped(const UserState& user, const DeviceState& device, const MailboxEntry& entry) {
  base::log::warning("a message held up session after session and is given up for this device",
                     {{"user", base::log::tag(user.key.view())},
                      {"device", base::log::tag(device.id.value)},
                      {"message", base::log::tag(entry.message.view())}});
  auto row = take_undamaged(store().message(entry.message));
  if (!row || row->failure || failing_.contains(entry.message)) return false;
  row->failure = FailureReason::kSkipped;
  batch_.messages.push_back(std::move(*row));
  return true;
}

void LaneDesk::rescue(const MessageId& id) {
  for (auto& staged : batch_.messages) {
    if (staged.id == id && staged.failure == FailureReason::kSkipped) return staged.failure.reset();
  }
  auto row = take_undamaged(store().message(id));
  if (!row || row->failure != FailureReason::kSkipped || failing_.contains(id)) return;
  row->failure.reset();
  batch_.messages.push_back(std::move(*row));
}

Confirmation LaneDesk::derive_confirmation(const UserState& user, const DeviceState& device, MailboxSeq through,
                                           const std::vector<MailboxSeq>& skipped) {
  Confirmation derived;
  derived.user = user.key;
  derived.device = device.id;
  derived.position = through;
  auto after = device.position;
  while (after < through && !failed()) {
    const auto page = take_undamaged(store().read_mailbox(user.key, after, {}));
    if (page.through <= after) break;  // damaged: what cannot be read has no receipt
    after = page.through;
    for (const auto& row : page.rows) {
      const auto& entry = row.entry;
      const bool counts = entry.position <= through && is_incoming(entry) && row.message && !has_failed(*row.message);
      if (!counts || std::find(skipped.begin(), skipped.end(), entry.position) != skipped.end()) continue;
      ++derived.messages;
      if (row.message->failure) derived.rescued.push_back(entry.message);
      keep_highest(derived.receipts, {row.message->sender, entry.seq, entry.message, row.message->sender_ordinal});
    }
  }
  return derived;
}

/// Not what a pump is still to read either: it would pass over the gap without a word (I10).
void LaneDesk::trim_mailbox(UserState& user) {
  auto lowest = user.head;
  for (const auto& device : user.devices) lowest = std::min(lowest, device.position);
  for (const auto& session : user.live) lowest = std::min(lowest, session.reads_after);
  if (lowest.value <= user.first.value + options_.trim_tail + options_.trim_step) return;
  user.first = MailboxSeq(lowest.value - options_.trim_tail);
  batch_.trims.push_back({user.key, user.first});
}

void UnreadableCommand::stage_hot(LaneDesk& desk) {
  static_cast<void>(desk.fail_message(entry_, FailureReason::kUnreadable));
}

/// Marks the row, or puts what is left of the message into the place of one that is damaged, so that this is told once;
/// tells the author, and tells the recipient of the gap. False: it had failed already, or nobody is left.
bool LaneDesk::fail_message(const MailboxEntry& entry, FailureReason reason) {
  // Another device may have reported it in this batch, which the store does not have yet.
  if (failing_.contains(entry.message)) return false;
  auto message = message_or_remains(*this, entry);
  if (!message || has_failed(*message)) return false;  // erased meanwhile: there is nobody to tell
  message->failure = reason;
  batch_.messages.push_back(std::move(*message));
  failing_.insert(entry.message);
  const bool expired = reason == FailureReason::kExpired;
  counts_.add(expired ? parts_.metrics.messages_expired : parts_.metrics.messages_unreadable);
  const auto tell = [&](EntryKind kind, const UserId& owner, const UserId& peer) {
    const auto* const state = undamaged_user(owner);
    if (state == nullptr || !state->exists) return;
    auto told = std::make_shared<LogItem>();
    told->entry.kind = kind;
    told->entry.owner = owner;
    told->entry.peer = peer;
    told->entry.at = now();
    told->entry.seq = entry.seq;
    told->entry.message = entry.message;
    told->entry.reason = reason;
    append_item(std::move(told));
  };
  const auto& recipient = entry.own ? entry.peer : entry.owner;
  const auto& author = entry.own ? entry.owner : entry.peer;
  const auto* const reader = undamaged_user(recipient);
  const bool waited = !entry.own && reader != nullptr && entry.position > reader->highest_position();
  if (waited) counts_.less_pending(recipient, 1);
  tell(EntryKind::kFailed, author, recipient);
  tell(EntryKind::kRemoved, recipient, author);
  return true;
}

}  // namespace chat
