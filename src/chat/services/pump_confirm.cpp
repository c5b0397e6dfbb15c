// The confirming half of the pump: what the device has said, and what is made of its silence.

#include "chat/services/pump.hpp"
#include "chat/services/pump_flight.hpp"

namespace chat {

void Pump::on_ack(AckNumber ack, bool ok) {
  if (!running() || !flight_) return;
  auto& f = *flight_;
  if (Slot* const slot = f.find(ack)) {
    if (slot->confirmed || slot->refused) return;
    answered();
    if (!ok) {
      slot->refused = ever_refused_ = true;
      stalled_ = false;  // its owner has not forgotten the callback: it is to be closed
      return wake();     // there is a deadline again, and perhaps it was the last that the session was kept for
    }
    confirm_slot(*slot);
    confirm_states(slot->to);
    return wake();
  }
  if (!ok) return;
  const auto state = std::find_if(f.state_acks.begin(), f.state_acks.end(),
                                  [ack](const Flight::StateAck& each) { return each.ack == ack; });
  if (state == f.state_acks.end()) return;
  confirm_states(state->position);
  wake();
}

void Pump::on_pong(std::uint64_t number) {
  if (!running()) return;
  last_pong_ = host_.now();
  if (ping_ == 0 || number < ping_) return;
  ping_ = 0;
  confirm_states(ping_through_);
  if (heartbeat_ && flight_) {
    for (auto& slot : flight_->slots) {
      if (slot.to <= ping_through_ && slot.awaited()) {
        answered();
        confirm_slot(slot);
      }
    }
  }
  wake();
}

void Pump::answered() {
  base_ = host_.now();
  if (!silent_) return;
  silent_ = false;
  host_.silent(false);
}

void Pump::confirm_slot(Slot& slot) {
  slot.confirmed = true;
  ever_confirmed_ = true;
  stalled_ = false;
  if (slot.live != base::SteadyTime{}) host_.delivered(slot.live);
  if (slot.pending != WallTime{}) host_.waited(slot.pending);
  if (!slot.more) return;
  for (const auto accepted : slot.more->live) host_.delivered(accepted);
  for (const auto since : slot.more->pending) host_.waited(since);
  slot.more->live.clear();
  slot.more->pending.clear();
}

void Pump::confirm_states(MailboxSeq through) {
  if (first_state_ == MailboxSeq() || through < first_state_) return;
  if (through >= last_state_) {
    first_state_ = last_state_ = MailboxSeq();
  } else {
    first_state_ = through.next();  // at most too low: the run is then cut a little early until the next ack
    state_ping_at_ = host_.now() + settings_.state_ping_after;
  }
  if (!flight_) return;
  auto& acks = flight_->state_acks;
  while (!acks.empty() && acks.front().position <= through) acks.pop_front();
}

void Pump::advance_run() {
  auto end = sent_;
  if (const Slot* const open = lowest_open()) end = MailboxSeq(open->from.value - 1);
  if (first_state_ != MailboxSeq()) end = std::min(end, MailboxSeq(first_state_.value - 1));
  if (end <= position_) return;
  position_ = end;
  if (poison_ <= position_) poison_ = MailboxSeq();
  PumpProgress progress;
  if (flight_) {
    auto& f = *flight_;
    while (!f.slots.empty() && f.slots.front().to <= position_) {
      collect(f.slots.front());
      f.bytes -= f.slots.front().bytes;
      f.slots.pop_front();
    }
    progress = std::exchange(f.progress, {});
    // Given up, but the run has not reached it yet: it stays for later.
    std::erase_if(progress.skipped, [&](MailboxSeq skipped) {
      if (skipped <= position_) return false;
      f.progress.skipped.push_back(skipped);
      return true;
    });
  }
  progress.position = position_;
  reported_ = position_;
  host_.confirm(std::move(progress));
}

void Pump::collect(Slot& slot) {
  auto& progress = flight_->progress;
  progress.messages += slot.messages;
  progress.rescued.insert(progress.rescued.end(), slot.rescued.begin(), slot.rescued.end());
  const auto take = [&progress](const Receipt& receipt) {
    const auto known = std::find_if(progress.receipts.begin(), progress.receipts.end(),
                                    [&](const Receipt& each) { return each.author == receipt.author; });
    if (known == progress.receipts.end()) {
      progress.receipts.push_back(receipt);
    } else {
      *known = receipt;
    }
  };
  if (slot.receipt) take(*slot.receipt);
  if (!slot.more) return;
  for (const auto& receipt : slot.more->receipts) take(receipt);
}

const Pump::Slot* Pump::lowest_open() const {
  if (!flight_) return nullptr;
  for (const auto& slot : flight_->slots) {
    if (slot.open()) return &slot;
  }
  return nullptr;
}

void Pump::on_writable() {
  if (!running()) return;
  check_confirmations(true);
  wake();
}

void Pump::on_tick() {
  if (!running()) return;
  check_confirmations(false);
  if (ended_) return;
  if (host_.now() >= head_check_at_) {
    schedule_head_check();
    page_failed_ = false;
    host_.check_head(looked_);
    wake();
  }
  if (page_failed_ && host_.now() >= read_again_at_) {
    page_failed_ = false;
    wake();
  }
  if (first_state_ != MailboxSeq() && ping_ == 0 && host_.now() >= state_ping_at_) wake();
}

void Pump::check_confirmations(bool drained_now) {
  if (lowest_open() == nullptr) return;
  Slot& lowest = *std::find_if(flight_->slots.begin(), flight_->slots.end(), [](const Slot& s) { return s.open(); });
  const auto now = host_.now();
  if (!lowest.accepted) {
    const auto taken = host_.last_fully_written();
    if (host_.buffered_bytes() == 0) {
      // Had it been made to wait, on_writable would have come: that is the moment that counts then.
      lowest.accepted = true;
      base_ = drained_now ? now : std::max(base_, lowest.written);
    } else if (taken >= lowest.written) {
      lowest.accepted = true;
      base_ = std::max(base_, std::min(taken, now));
    } else {
      base_ = now;  // the socket has not taken it yet: the device cannot have answered
    }
  }
  const auto waited = now - base_;
  if (waited >= settings_.silent_after && !silent_ && !lowest.refused) {
    silent_ = true;
    host_.silent(true);
  }
  if (waited >= settings_.close_after && !stalled_) run_into_close(lowest);
}

void Pump::run_into_close(const Slot& lowest) {
  // The suspect travels alone, so there is nothing else to confirm: to leave it stalled would block the mailbox for
  // good, and so would to ask for other confirmations before it counts.
  const bool alone = lowest.first == poison_;
  // Nor is a device that can store nothing at all a sign of poison. Whether a batch holds one entry that it cannot
  // store, smaller ones will show.
  const bool stores_nothing = lowest.refused && !ever_confirmed_ && !alone;
  // A broken connection is none either: only a session that still answered pings counts.
  if (last_pong_ >= base_ && (!stores_nothing || batch_entries_ > 1))
    host_.report_poison(stores_nothing ? MailboxSeq() : lowest.first);
  if (ever_confirmed_ || ever_refused_ || alone) {
    ended_ = true;
    return host_.close_unconfirmed();
  }
  stalled_ = true;
  host_.stalled();
}

void Pump::schedule_head_check() {
  head_check_at_ = host_.now() + jittered(settings_.head_check_least, settings_.head_check_most);
}

std::chrono::milliseconds Pump::jittered(std::chrono::milliseconds least, std::chrono::milliseconds most) {
  jitter_ ^= jitter_ << 13;
  jitter_ ^= jitter_ >> 7;
  jitter_ ^= jitter_ << 17;
  const auto span = static_cast<std::uint64_t>((most - least).count());
  return least + std::chrono::milliseconds(span == 0 ? 0 : jitter_ % span);
}

base::SteadyTime Pump::next_deadline() const {
  if (!running()) return base::SteadyTime::max();
  auto at = head_check_at_;
  if (page_failed_) at = std::min(at, read_again_at_);
  if (first_state_ != MailboxSeq() && ping_ == 0) at = std::min(at, state_ping_at_);
  if (const Slot* const open = lowest_open()) {
    if (!silent_ && !open->refused) at = std::min(at, base_ + settings_.silent_after);
    if (!stalled_) at = std::min(at, base_ + settings_.close_after);
  }
  return at;
}

}  // namespace chat
