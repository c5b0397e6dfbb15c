#include "chat/services/pump.hpp"

#include "chat/services/pump_flight.hpp"

namespace chat {
namespace {

// After a failed read. A store that is back delivers again within a second; while it is away all who wait for a page
// ask it once a second each, at moments of their own.
constexpr std::chrono::milliseconds kReadAgainLeast{500};
constexpr std::chrono::milliseconds kReadAgainMost{1'000};

}  // namespace

Pump::Pump(PumpHost& host, const PumpSettings& settings) : host_(host), settings_(settings) {}

Pump::~Pump() = default;

Pump::Flight& Pump::flight() {
  if (!flight_) flight_ = std::make_unique<Flight>();
  return *flight_;
}

void Pump::wake() {
  if (woken_ || !running()) return;
  woken_ = true;
  host_.wake();
}

void Pump::start(const Attached& attached, const PumpOptions& options) {
  CHECK(!started_);
  started_ = true;
  position_ = reported_ = sent_ = covered_ = looked_ = attached.position;
  head_ = drain_target_ = std::max(attached.head, attached.position);
  if (attached.poison > position_) poison_ = attached.poison;
  skip_poison_ = attached.skip_poison;
  heartbeat_ = options.confirm_by_heartbeat;
  jitter_ = options.seed | 1;
  if (options.batch) {
    batch_entries_ = static_cast<std::uint16_t>(
        std::max<std::size_t>(1, settings_.batch_entries >> std::min<std::uint8_t>(attached.batch_halvings, 15)));
  }
  base_ = last_pong_ = host_.now();
  schedule_head_check();
  wake();
}

void Pump::resync(MailboxSeq position, MailboxSeq head) {
  if (!running()) return;
  flight_.reset();
  position_ = reported_ = sent_ = covered_ = looked_ = position;
  head_ = std::max({head_, head, position});
  first_state_ = last_state_ = MailboxSeq();
  ping_ = 0;
  if (poison_ <= position_) poison_ = MailboxSeq();
  discard_page_ = reading_;
  no_key_ = page_failed_ = false;
  answered();
  wake();
}

/// What was read before the message failed must not be sent any more; what is written is in the client's hands.
void Pump::forget_removed(const MailboxEntry& removed) {
  discard_page_ = discard_page_ || reading_;
  if (!flight_) return;
  auto& f = *flight_;
  for (auto& ready : f.ready) {
    const auto& item = ready.item;
    if (item->entry.kind != EntryKind::kMessage || item->entry.message != removed.message || !item->message) continue;
    auto failed = std::make_shared<LogItem>(*item);
    failed->message->failure = removed.reason;
    failed->message->content.clear();
    f.ready_bytes -= ready.bytes;
    ready = weighed(std::move(failed));
    f.ready_bytes += ready.bytes;
  }
}

/// All that is not written yet is read once more: whoever it is from may have taken it back with the account.
void Pump::forget_read() {
  discard_page_ = discard_page_ || reading_;
  if (looked_ == sent_) return;
  head_ = std::max(head_, looked_);
  looked_ = sent_;
  no_key_ = false;
  if (flight_) flight_->forget_ready();
  wake();
}

void Pump::on_hint(Hint hint) {
  if (!running()) return;
  if (hint.read_again) forget_read();
  if (hint.item && hint.item->entry.kind == EntryKind::kRemoved) forget_removed(hint.item->entry);
  if (hint.head <= looked_) return;
  head_ = std::max(head_, hint.head);
  page_failed_ = false;
  const bool next = hint.item && hint.item->entry.position == looked_.next();
  if (next && !reading_ && !no_key_ &&
      (!flight_ || (flight_->ready.size() < settings_.page_entries && flight_->ready_bytes < settings_.page_bytes))) {
    flight().push(weighed(std::move(hint.item)));
    looked_ = looked_.next();
  }
  wake();
}

void Pump::on_page(LogPage page) {
  if (!running()) return;
  CHECK(reading_);
  reading_ = false;
  if (discard_page_) {
    discard_page_ = false;
    return wake();
  }
  auto& f = flight();
  for (auto& item : page.items) {
    CHECK(item->entry.position > looked_);
    looked_ = item->entry.position;
    if (item->entry.kind == EntryKind::kRemoved) forget_removed(item->entry);  // no hint comes from another node
    f.push(weighed(std::move(item)));
  }
  no_key_ = page.no_key;
  if (page.through > looked_) {
    looked_ = page.through;
  } else if (page.items.empty() && !no_key_) {
    head_ = looked_;  // the hint was wrong; the head check will tell if there is more after all
  }
  head_ = std::max(head_, looked_);
  wake();
}

void Pump::on_page_failed() {
  if (!running()) return;
  reading_ = discard_page_ = false;
  page_failed_ = true;
  read_again_at_ = host_.now() + jittered(kReadAgainLeast, kReadAgainMost);
}

void Pump::turn() {
  woken_ = false;
  if (!running()) return;
  advance_run();
  fill();
  advance_run();  // what fill() passed over
  read_ahead();
  ping_if_needed();
  finish_drain();
  shed_memory();
  leave_without_key();
}

/// What can be read has been delivered, and what comes next cannot be read here. That says nothing about the message:
/// it stays pending, and the device comes back, to another node or when this one has got the key.
void Pump::leave_without_key() {
  if (!no_key_ || ended_ || sent_ < looked_) return;
  if (flight_ && flight_->awaits()) return;
  ended_ = true;
  host_.close_without_key();
}

void Pump::leave() {
  if (running()) advance_run();
}

bool Pump::all_sent() const {
  return sent_ >= head_ && (!flight_ || flight_->ready.empty());
}

void Pump::read_ahead() {
  if (reading_ || page_failed_ || no_key_ || looked_ >= head_ || ended_) return;
  if (flight_ &&
      (flight_->ready.size() > settings_.page_entries / 2 || flight_->ready_bytes > settings_.page_bytes / 2))
    return;
  reading_ = true;
  host_.read_page(looked_, {.entries = settings_.page_entries, .bytes = settings_.page_bytes});
}

void Pump::finish_drain() {
  if (drained_ || ended_ || position_ < drain_target_) return;
  drained_ = true;
  host_.drained(position_);
}

void Pump::shed_memory() {
  if (flight_ && flight_->idle()) flight_.reset();
}

std::size_t Pump::memory() const {
  if (!flight_) return 0;
  std::size_t bytes = sizeof(Flight) + flight_->ready_bytes + flight_->slots.size() * sizeof(Slot) +
                      flight_->state_acks.size() * sizeof(Flight::StateAck);
  return bytes + flight_->ready.size() * sizeof(LogItem);
}

}  // namespace chat
