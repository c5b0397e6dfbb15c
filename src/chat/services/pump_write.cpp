// The writing half of the pump: what leaves, in which order, and when it has to wait.

#include "chat/services/pump.hpp"
#include "chat/services/pump_flight.hpp"

namespace chat {
namespace {

bool lost_to_everyone(const LogItem& item) {
  if (!item.message) return true;
  const auto& failure = item.message->failure;
  // What expired was never delivered; its author's other devices are shown it all the same.
  return failure == FailureReason::kUnreadable || (failure == FailureReason::kExpired && !item.entry.own);
}

/// What stands around the entries of a batch, its event's name and two numbers: below this in bytes.
constexpr std::size_t kBatchFrame = 128;

}  // namespace

/// Of a message that no other device has: above `pending_through` it was accepted since this one connected, whether it
/// came with its hint or was read later because the device is slow, or the message another node's.
void Pump::Slot::add(const Ready& ready, MailboxSeq pending_through, const PumpHost& host) {
  const auto& item = *ready.item;
  if (first == MailboxSeq()) first = item.entry.position;
  bytes += ready.bytes;
  if (item.entry.own) return;
  ++messages;
  const Receipt fresh{item.entry.peer, item.entry.seq, item.entry.message, item.author_ordinal};
  if (item.message->failure) rescued.push_back(item.entry.message);
  const bool fresh_here = item.message->status == MessageStatus::kSent;
  const bool waited = fresh_here && item.entry.position <= pending_through;
  const bool counted = fresh_here && !waited;
  const auto since =
      counted && item.accepted == base::SteadyTime{} ? host.accepted_at(item.message->timestamp) : item.accepted;
  if (!receipt) {
    receipt = fresh;
    if (counted) live = since;
    if (waited) pending = item.message->timestamp;
    return;
  }
  if (counted || waited || receipt->author != fresh.author) {
    if (!more) more = std::make_unique<More>();
    if (counted) more->live.push_back(since);
    if (waited) more->pending.push_back(item.message->timestamp);
  }
  if (receipt->author == fresh.author) {
    receipt = fresh;
    return;
  }
  const auto known = std::find_if(more->receipts.begin(), more->receipts.end(),
                                  [&](const Receipt& r) { return r.author == fresh.author; });
  if (known == more->receipts.end()) {
    more->receipts.push_back(fresh);
  } else {
    *known = fresh;
  }
}

bool Pump::is_own(const MailboxEntry& entry) const {
  return !entry.origin.value.empty() && entry.origin == host_.device();
}

Pump::Verdict Pump::judge(const LogItem& item) {
  if (is_own(item.entry)) return Verdict::kPass;
  if (item.entry.kind != EntryKind::kMessage) return Verdict::kState;
  if (lost_to_everyone(item)) {
    if (item.message) return Verdict::kPass;
    // Of an entry that cannot be read itself nobody knows whose message it was: the gap is named here, or nowhere.
    if (item.entry.message.is_zero()) return Verdict::kState;
    host_.unreadable(item.entry);
    return Verdict::kPass;
  }
  if (skip_poison_ && item.entry.position == poison_) {
    flight().progress.skipped.push_back(poison_);
    poison_ = MailboxSeq();
    return Verdict::kPass;
  }
  return Verdict::kMessage;
}

Pump::Ready Pump::weighed(std::shared_ptr<const LogItem> item) const {
  const auto bytes = static_cast<std::uint32_t>(host_.wire_bytes(*item));
  return {std::move(item), bytes};
}

/// `before`: bytes that are about to be written with it. What is larger than the window goes alone.
bool Pump::window_open(const Ready& next, std::size_t before) const {
  const auto& f = *flight_;
  const std::size_t limit = batch_entries_ == 0 ? settings_.window_entries : settings_.batches_in_flight;
  if (f.slots.empty() && before == 0) return true;
  if (f.slots.size() >= limit || f.bytes + before + next.bytes > settings_.window_bytes) return false;
  // The suspect travels alone: nothing is in flight with it, nothing follows it until it is confirmed.
  return poison_ == MailboxSeq() || skip_poison_ || next.item->entry.position < poison_;
}

void Pump::fill() {
  if (!flight_) {
    sent_ = looked_;
    return;
  }
  if (batch_entries_ == 0) {
    fill_singles();
  } else {
    fill_batches();
  }
  if (flight_->ready.empty() && !ended_) sent_ = looked_;  // positions that are missing behind the last entry
}

void Pump::fill_singles() {
  auto& f = *flight_;
  while (!f.ready.empty() && !ended_) {
    const auto& next = f.ready.front();
    const auto& item = *next.item;
    const bool state = item.entry.kind != EntryKind::kMessage;
    const bool wait = state ? host_.buffered_bytes() >= settings_.state_buffer : !window_open(next);
    if (wait && !is_own(item.entry)) return;
    const Verdict verdict = judge(item);
    if (verdict != Verdict::kPass && !write_single(next, verdict)) return;
    sent_ = item.entry.position;
    f.pop();
  }
}

bool Pump::write_single(const Ready& ready, Verdict verdict) {
  const auto& item = *ready.item;
  const auto ack = host_.write_entry(item);
  if (!ack) {
    ended_ = true;
    return false;
  }
  const auto position = item.entry.position;
  if (verdict == Verdict::kState) {
    note_state(position, *ack);
    return true;
  }
  auto& f = *flight_;
  if (lowest_open() == nullptr) base_ = host_.now();
  Slot slot;
  slot.ack = *ack;
  slot.from = sent_.next();
  slot.to = position;
  slot.written = host_.now();
  slot.add(ready, drain_target_, host_);
  f.bytes += slot.bytes;
  f.slots.push_back(std::move(slot));
  return true;
}

void Pump::note_state(MailboxSeq position, AckNumber ack) {
  auto& f = *flight_;
  if (first_state_ == MailboxSeq()) {
    first_state_ = position;
    state_ping_at_ = host_.now() + settings_.state_ping_after;
  }
  last_state_ = position;
  if (f.state_acks.size() == Flight::kStateAcks) f.state_acks.pop_front();
  f.state_acks.push_back({ack, position});
}

void Pump::fill_batches() {
  while (!flight_->ready.empty() && !ended_ && take_batch()) {
  }
}

/// Fills and writes one batch; false: it has to wait.
bool Pump::take_batch() {
  auto& f = *flight_;
  const auto from = sent_.next();
  auto through = sent_;
  Slot slot;
  std::size_t bytes = kBatchFrame;
  f.batch.clear();
  while (!f.ready.empty() && f.batch.size() < batch_entries_) {
    const auto& next = f.ready.front();
    const auto& entry = next.item->entry;
    const bool own = is_own(entry);
    const bool message = entry.kind == EntryKind::kMessage;
    if (!own && (message ? !window_open(next, slot.bytes) : host_.buffered_bytes() >= settings_.window_bytes)) break;
    const bool alone = !own && entry.position == poison_ && !skip_poison_;
    const bool full = alone || (!own && bytes + next.bytes > settings_.batch_bytes);
    if (full && !f.batch.empty()) break;
    const Verdict verdict = judge(*next.item);
    if (verdict == Verdict::kMessage) slot.add(next, drain_target_, host_);
    through = entry.position;
    auto taken = f.pop();
    if (verdict != Verdict::kPass) {
      bytes += taken.bytes;
      f.batch.push_back(std::move(taken.item));
    }
    if (alone) break;
  }
  if (through < from) return false;
  if (f.batch.empty()) {
    sent_ = through;
    return true;
  }
  // Entries passed over since the last batch are covered by this one: the client sees no gap between two of them.
  const auto ack = host_.write_batch(f.batch, covered_.next(), through);
  if (!ack) {
    ended_ = true;
    return false;
  }
  if (slot.first == MailboxSeq()) {
    note_state(through, *ack);
    if (first_state_ == through) first_state_ = from;
  } else {
    if (lowest_open() == nullptr) base_ = host_.now();
    slot.ack = *ack;
    slot.from = from;
    slot.to = through;
    slot.written = host_.now();
    f.bytes += slot.bytes;
    f.slots.push_back(std::move(slot));
  }
  sent_ = covered_ = through;
  f.batch.clear();
  return true;
}

void Pump::ping_if_needed() {
  if (ping_ != 0 || ended_ || !flight_) return;
  const bool open = lowest_open() != nullptr;
  const bool states = first_state_ != MailboxSeq();
  // Nothing but state entries keeps the drain from being complete: ask at once instead of at the next heartbeat.
  const bool drain_waits = !drained_ && states && !open && all_sent();
  const bool overdue = states && host_.now() >= state_ping_at_;
  // No pong confirms what was refused: to ask for that alone would never end.
  if (!(heartbeat_ && flight_->awaits()) && !drain_waits && !overdue) return;
  ping_ = host_.ping();
  ping_through_ = sent_;
}

}  // namespace chat
