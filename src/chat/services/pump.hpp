#pragma once
// The pump of one session: the only one that writes log entries to its socket (I4).
//
//   hint, page ──> [ready: at most two pages] ──turn()──> socket ──> [in flight: the window] ──ack, pong──> confirm
//
// Problem: a backlog of a million and a live message must reach the device in the order of their numbers, a position
// may move only on the device's word (I5), and a slow or silent device may cost neither memory (I9) nor anybody else.
// Answer: one cursor over the numbered log. Everything that arrives only changes fields and asks the host for a turn;
// turn() then does all work in a fixed order: confirm the grown run, write while the window is open, read ahead, ping.
//
// Invariants: entries leave in increasing position; position_ <= sent_ <= looked_ <= head_; position_ is the end of the
// run in which every message is confirmed and every state entry confirmed or passed over.
//
// Confirmation. Messages: by their own ack only (a batch's ack confirms the batch); `{ok: false}` leaves a hole that
// only a new connection or sync closes. State entries: by their own ack, the ack of any later entry, or the pong to a
// ping written after them; so two numbers are enough to remember them, and they hold neither window nor silence timer.
// In heartbeat mode the pong confirms messages too.
//
// An idle pump owns no memory besides itself; ring and page exist only while something is under way. No I/O here.

#include <cstdint>
#include <memory>

#include "chat/services/history.hpp"
#include "chat/services/pump_host.hpp"

namespace chat {

/// One for all sessions; every number is a configuration key with its reason in docs/protocol.md.
struct PumpSettings {
  std::size_t window_entries = 64;        // messages in flight; what a client may have to show twice after a break
  std::size_t window_bytes = 256 * 1024;  // the same, in bytes
  std::size_t batch_entries = 256;        // per receive_batch
  std::size_t batch_bytes = 64 * 1024;    // per receive_batch
  std::size_t batches_in_flight = 4;      // the window of a batching client; bytes are bounded by window_bytes
  std::size_t page_entries = 256;         // read ahead; a second page is fetched when half of this is left
  std::size_t page_bytes = 128 * 1024;
  std::size_t state_buffer = 64 * 1024;  // state entries have no window: they stop when this much is unsent
  std::chrono::milliseconds silent_after{20'000};
  std::chrono::milliseconds close_after{60'000};       // without confirmation, since the socket took the last byte
  std::chrono::milliseconds state_ping_after{10'000};  // unanswered state entries cost one ping this often at most
  std::chrono::milliseconds head_check_least{5'000};   // jittered between the two: hints may be lost
  std::chrono::milliseconds head_check_most{30'000};
};

struct PumpOptions {
  bool batch = false;
  bool confirm_by_heartbeat = false;
  std::uint64_t seed = 0;  // of the jitter
};

class Pump {
 public:
  /// Both must outlive the pump.
  Pump(PumpHost& host, const PumpSettings& settings);
  ~Pump();
  Pump(const Pump&) = delete;
  Pump& operator=(const Pump&) = delete;

  /// After `ready` was written. Until then everything that comes in is ignored (Attached::head covers it).
  void start(const Attached& attached, const PumpOptions& options);
  /// `sync` was answered: begin again from there. Acks of what was written before no longer count; entries that were
  /// refused or unanswered are sent again.
  void resync(MailboxSeq position, MailboxSeq head);

  void on_hint(Hint hint);
  void on_page(LogPage page);
  /// The read failed; it is tried again within a second, or with a hint before that.
  void on_page_failed();
  void on_ack(AckNumber ack, bool ok);
  void on_pong(std::uint64_t number);
  /// The transport took everything it was given.
  void on_writable();
  void on_tick();
  /// When on_tick must be called at the latest; SteadyTime::max() before start and after the end.
  [[nodiscard]] base::SteadyTime next_deadline() const;
  /// See PumpHost::wake.
  void turn();
  /// The session goes before its turn ends: reports what has been confirmed since the last one.
  void leave();

  [[nodiscard]] MailboxSeq position() const { return position_; }
  [[nodiscard]] MailboxSeq sent() const { return sent_; }
  /// Bytes of memory besides sizeof(Pump).
  [[nodiscard]] std::size_t memory() const;

 private:
  struct Ready;
  struct Slot;
  struct Flight;
  enum class Verdict : std::uint8_t { kPass, kState, kMessage };

  Flight& flight();
  void wake();
  [[nodiscard]] bool running() const { return started_ && !ended_; }
  [[nodiscard]] bool all_sent() const;

  void forget_removed(const MailboxEntry& removed);
  void forget_read();
  void advance_run();
  void collect(Slot& slot);
  void confirm_slot(Slot& slot);
  void confirm_states(MailboxSeq through);
  void answered();

  void fill();
  void fill_singles();
  void fill_batches();
  bool take_batch();
  Verdict judge(const LogItem& item);
  [[nodiscard]] bool is_own(const MailboxEntry& entry) const;
  [[nodiscard]] Ready weighed(std::shared_ptr<const LogItem> item) const;
  [[nodiscard]] bool window_open(const Ready& next, std::size_t before = 0) const;
  bool write_single(const Ready& ready, Verdict verdict);
  void note_state(MailboxSeq position, AckNumber ack);
  void read_ahead();
  void ping_if_needed();
  void finish_drain();
  void leave_without_key();
  void shed_memory();

  [[nodiscard]] const Slot* lowest_open() const;
  void check_confirmations(bool drained_now);
  void run_into_close(const Slot& lowest);
  void schedule_head_check();
  [[nodiscard]] std::chrono::milliseconds jittered(std::chrono::milliseconds least, std::chrono::milliseconds most);

  PumpHost& host_;
  const PumpSettings& settings_;
  std::unique_ptr<Flight> flight_;
  MailboxSeq position_;      // the confirmed run
  MailboxSeq reported_;      // what of it the lane was told
  MailboxSeq sent_;          // written or passed over
  MailboxSeq covered_;       // by the last batch
  MailboxSeq looked_;        // read; everything in (sent_, looked_] that exists is in flight_->ready
  MailboxSeq head_;          // heard of
  MailboxSeq drain_target_;  // what was pending at connect
  MailboxSeq first_state_;   // state entries not yet confirmed lie in [first, last]; 0: none
  MailboxSeq last_state_;
  MailboxSeq poison_;
  MailboxSeq ping_through_;  // sent_ when the outstanding ping was written
  std::uint64_t ping_ = 0;   // its number; 0: none outstanding
  std::uint64_t jitter_ = 0;
  base::SteadyTime base_{};  // since when a message waits for an answer
  base::SteadyTime last_pong_{};
  base::SteadyTime head_check_at_{};
  base::SteadyTime read_again_at_{};  // with page_failed_
  base::SteadyTime state_ping_at_{};
  std::uint16_t batch_entries_ = 0;  // 0: no batches
  bool heartbeat_ : 1 = false;
  bool started_ : 1 = false;
  bool ended_ : 1 = false;
  bool woken_ : 1 = false;
  bool reading_ : 1 = false;
  bool discard_page_ : 1 = false;  // what it will hold must not be sent, or not from there
  bool no_key_ : 1 = false;        // this node cannot read the entry after looked_
  bool page_failed_ : 1 = false;
  bool drained_ : 1 = false;
  bool silent_ : 1 = false;
  bool stalled_ : 1 = false;
  bool ever_confirmed_ : 1 = false;
  bool ever_refused_ : 1 = false;
  bool skip_poison_ : 1 = false;
};
static_assert(sizeof(Pump) <= 208, "ten thousands of idle sessions carry one each");

}  // namespace chat
