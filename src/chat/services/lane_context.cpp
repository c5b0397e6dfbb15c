// What commands see of the rows: loading, numbering, relations, the staged sends of a batch.

#include "chat/rules/message_status.hpp"
#include "chat/services/lane_commands.hpp"
#include "chat/services/lane_desk.hpp"

namespace chat {
namespace {

constexpr std::size_t kCountedAtLoad = 4096;  // entries looked at to count what is pending; beyond it is estimated
/// Messages of erased accounts are absent and do not wait; one that cannot be read is, too, and waits until it fails.
/// To tell them apart costs a read each.
constexpr int kAbsentLookedUp = 16;

bool is_damaged(const Store& store, const MessageId& id) {
  const auto row = store.message(id);
  return !row && row.error() == StoreError::kCorrupt;
}

}  // namespace

/// False: it met damage, and nothing else. A batch that has failed already stays so.
template <class Part>
bool LaneDesk::is_undamaged(Part read) {
  const bool before = failed();
  read();
  if (before || failed_ != StoreError::kCorrupt) return true;
  failed_.reset();
  return false;
}

UserState* LaneDesk::undamaged_user(const UserId& id) {
  UserState* state = nullptr;
  return is_undamaged([&] { state = &user(id); }) ? state : nullptr;
}

ConversationState* LaneDesk::undamaged_conversation(const ConversationKey& pair) {
  ConversationState* state = nullptr;
  return is_undamaged([&] { state = &conversation(pair); }) ? state : nullptr;
}

UserState& LaneDesk::user(const UserId& id) {
  auto& state = users_.at(id);
  // Once something has failed, reading is in vain, and may be slow.
  if (!state.loaded && !failed()) load(state);
  if (!std::exchange(state.in_batch, true)) batch_users_.push_back(&state);
  return state;
}

void LaneDesk::load(UserState& state) {
  const auto row = take(store().user(state.key));
  if (failed()) return;
  const auto bounds = take(store().mailbox_bounds(state.key));
  if (failed()) return;
  const auto devices = take(store().devices(state.key));
  if (failed()) return;
  const auto positions = take(store().positions(state.key));
  if (failed()) return;
  state.exists = row.has_value();
  state.deactivated = row && row->deactivated;
  if (row) state.last_seen = std::max(state.last_seen, row->last_seen);
  state.first = bounds.first;
  state.head = bounds.head;
  state.newest_known = 0;
  state.gone = MailboxSeq();
  for (const auto& position : positions) {
    if (position.device.value.empty()) state.gone = position.position;
  }
  std::vector<DeviceState> fresh;
  for (const auto& device : devices) {
    DeviceState one;
    if (auto* const known = state.device(device.id)) one = std::move(*known);
    one.id = device.id;
    one.login = device.login;
    one.last_seen = std::max(one.last_seen, device.last_seen);
    one.position = device.start;
    for (const auto& position : positions) {
      if (position.device == device.id) one.position = position.position;
    }
    load_push(one, device);
    fresh.push_back(std::move(one));
  }
  state.devices = std::move(fresh);
  load_push_jobs(state);
  if (failed()) return;
  state.loaded = true;
  if (!state.exists || pending_.known(state.key)) return;  // an id that is nobody's is not worth remembering
  pending_.set(state.key, 0);
  auto after = state.highest_position();
  if (after >= state.head) return;
  std::uint64_t count = 0;
  int absent = kAbsentLookedUp;
  const auto end = MailboxSeq(std::min(state.head.value, after.value + kCountedAtLoad));
  while (after < end) {
    const auto page = take_undamaged(store().read_mailbox(state.key, after, {}));
    if (page.through <= after) break;  // damaged: the rest is estimated
    after = page.through;
    for (const auto& [entry, message] : page.rows) {
      if (!is_incoming(entry)) continue;
      const bool waits = message ? !has_failed(*message) : absent-- > 0 && is_damaged(store(), entry.message);
      count += waits ? 1 : 0;
    }
  }
  pending_.set(state.key, count + (state.head > after ? state.head.value - after.value : 0));
}

ConversationState& LaneDesk::conversation(const ConversationKey& pair) {
  auto& state = conversations_.at(pair);
  if (!state.loaded && !failed()) load(state);
  if (!std::exchange(state.in_batch, true)) batch_conversations_.push_back(&state);
  return state;
}

void LaneDesk::load(ConversationState& state) {
  const auto pair = state.key;
  const bool in_batch = state.in_batch;
  state = ConversationState(pair);
  state.in_batch = in_batch;
  state.relation = take(store().relation(pair));
  if (failed()) return;
  state.relation.pair = pair;
  state.wrapped = take(store().current_key(pair));
  state.last = take(store().newest_number(pair));
  if (failed()) return;
  const auto last = take(store().history(pair, std::nullopt, 1));
  if (failed()) return;
  if (!last.empty()) {
    const auto& message = last.front();
    state.last = std::max(state.last, message.seq);
    state.last_at = message.timestamp;
    auto& sender = state.author(message.sender);
    auto& recipient = state.author(message.recipient);
    sender.ordinal = message.sender_ordinal;
    recipient.ordinal = message.recipient_ordinal;
    sender.newest_known = true;
    sender.newest_seq = message.seq;
    sender.newest = message.id;
  }
  const auto readable = last.empty() ? ConversationSeq() : last.front().seq;
  if (state.last > readable) {
    // Behind it are only damaged rows. Their numbers were given, and each may have been of either author.
    for (auto& side : state.sides) {
      side.ordinal += state.last.value - readable.value;
      side.newest_known = false;
    }
  }
  load_side(state, pair.low, pair.high);
  if (!failed()) load_side(state, pair.high, pair.low);
  state.loaded = !failed();
}

void LaneDesk::load_side(ConversationState& state, const UserId& author, const UserId& reader) {
  auto& side = state.author(author);
  if (side.ordinal == 0) {
    side.newest_known = true;
    return;  // no message of this author: no watermark over it can matter
  }
  if (auto step = take(store().watermark(author, reader, WatermarkKind::kDelivered, std::nullopt))) {
    side.delivered.take(*step);
  }
  if (failed()) return;
  if (auto step = take(store().watermark(author, reader, WatermarkKind::kRead, std::nullopt))) side.read.take(*step);
}

MailboxSeq LaneDesk::append_entry(MailboxEntry entry) {
  auto& owner = user(entry.owner);
  owner.head = owner.head.next();
  owner.newest_messages = owner.newest_messages << 1 | (is_incoming(entry) ? 1 : 0);
  owner.newest_known = static_cast<std::uint8_t>(std::min(owner.newest_known + 1, 64));
  entry.position = owner.head;
  entry.epoch = EpochNumber(static_cast<std::uint32_t>(epochs_.size()));
  batch_.entries.push_back(std::move(entry));
  hints_.push_back({&owner, {owner.head, nullptr}});
  return owner.head;
}

MailboxSeq LaneDesk::append_item(std::shared_ptr<LogItem> item) {
  const auto position = append_entry(item->entry);
  item->entry.position = position;
  item->entry.epoch = batch_.entries.back().epoch;
  hints_.back().hint.item = std::move(item);
  return position;
}

void LaneDesk::put_relation(const Relation& relation) {
  conversation(relation.pair).relation = relation;
  batch_.relations.push_back(relation);
}

void LaneDesk::forget_user(const UserId& id) {
  if (auto* const state = users_.find(id)) state->loaded = false;
}

void LaneDesk::forget_conversation(const ConversationKey& pair) {
  if (auto* const state = conversations_.find(pair)) state->loaded = false;
}

SendCommand* LaneDesk::staged_send(const SendRequest& request) const {
  const auto found = staged_sends_.find({request.sender, request.recipient, request.client_id});
  return found == staged_sends_.end() ? nullptr : found->second;
}

void LaneDesk::stage_send(const SendRequest& request, SendCommand& command) {
  staged_sends_.emplace(StagedId{request.sender, request.recipient, request.client_id}, &command);
}

}  // namespace chat
