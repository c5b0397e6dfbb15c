#pragma once
// What a pump owns only while something is under way: entries read but not written, and what was written but is not
// confirmed. Inside of pump*.cpp; nobody else includes it.

#include <algorithm>
#include <deque>

#include "chat/services/pump.hpp"

namespace chat {

/// An entry that has been read and not been written.
struct Pump::Ready {
  std::shared_ptr<const LogItem> item;
  std::uint32_t bytes = 0;  // PumpHost::wire_bytes(): what it is worth in windows and batches
};

/// One event on its way that holds at least one message: a message, or a batch.
struct Pump::Slot {
  AckNumber ack = 0;
  MailboxSeq from;   // everything after the slot before it, passed-over entries included
  MailboxSeq first;  // the first message in it
  MailboxSeq to;
  std::uint32_t bytes = 0;
  std::uint32_t messages = 0;  // of others
  bool confirmed = false;
  bool refused = false;   // `{ok: false}`: closed to this session
  bool accepted = false;  // the transport has taken its last byte
  base::SteadyTime written{};
  std::optional<Receipt> receipt;  // highest message of the first author in it
  struct More {                    // batches only
    std::vector<Receipt> receipts;
    std::vector<base::SteadyTime> live;
    std::vector<WallTime> pending;
  };
  base::SteadyTime live{};  // of the first message accepted since the session began: when it was; zero: none
  WallTime pending{};       // the same of the first message that was pending when the session began; zero: none
  std::unique_ptr<More> more;
  std::vector<MessageId> rescued;

  [[nodiscard]] bool open() const { return !confirmed; }
  [[nodiscard]] bool awaited() const { return !confirmed && !refused; }
  void add(const Ready& ready, MailboxSeq pending_through, const PumpHost& host);
};

struct Pump::Flight {
  /// Acks of state entries that are remembered one by one; older ones are confirmed by whatever is acked after them.
  static constexpr std::size_t kStateAcks = 64;
  struct StateAck {
    AckNumber ack;
    MailboxSeq position;
  };

  std::deque<Ready> ready;
  std::size_t ready_bytes = 0;
  std::deque<Slot> slots;  // ascending in position and ack
  std::size_t bytes = 0;   // of all slots
  std::deque<StateAck> state_acks;
  std::vector<std::shared_ptr<const LogItem>> batch;  // scratch
  PumpProgress progress;                              // collected, not yet reported

  void push(Ready entry) {
    ready_bytes += entry.bytes;
    ready.push_back(std::move(entry));
  }
  Ready pop() {
    auto entry = std::move(ready.front());
    ready.pop_front();
    ready_bytes -= entry.bytes;
    return entry;
  }
  void forget_ready() {
    ready.clear();
    ready_bytes = 0;
  }
  /// An answer to some of the slots is still to come.
  [[nodiscard]] bool awaits() const {
    return std::any_of(slots.begin(), slots.end(), [](const Slot& slot) { return slot.awaited(); });
  }
  [[nodiscard]] bool idle() const { return ready.empty() && slots.empty() && state_acks.empty(); }
  Slot* find(AckNumber ack) {
    const auto at =
        std::lower_bound(slots.begin(), slots.end(), ack, [](const Slot& slot, AckNumber a) { return slot.ack < a; });
    return at != slots.end() && at->ack == ack ? &*at : nullptr;
  }
};

}  // namespace chat
