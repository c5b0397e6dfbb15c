#pragma once
// What a Pump needs of the session it belongs to. The gateway implements it; everything runs on the session's shard.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "chat/ports/mail_store.hpp"
#include "chat/services/messaging.hpp"

namespace chat {

/// Identifies one event's ack within its socket; grows from event to event (Socket.IO's own ack number).
using AckNumber = std::uint64_t;

/// What a grown run is worth to the lane; the host adds user, device and connection and calls Messaging::confirm.
struct PumpProgress {
  MailboxSeq position;
  std::vector<Receipt> receipts;
  std::vector<MailboxSeq> skipped;
  std::vector<MessageId> rescued;
  std::uint32_t messages = 0;
};

class PumpHost {
 public:
  virtual ~PumpHost() = default;

  [[nodiscard]] virtual base::SteadyTime now() const = 0;
  /// When a message of that timestamp was accepted, as far as wall clocks can be trusted; not later than now().
  [[nodiscard]] virtual base::SteadyTime accepted_at(WallTime timestamp) const = 0;
  /// The device of this session: entries with this origin are passed over. Stable as long as the pump.
  [[nodiscard]] virtual const DeviceId& device() const = 0;

  /// What the entry adds to a batch, in bytes on the wire at most; alone it is about as long.
  [[nodiscard]] virtual std::size_t wire_bytes(const LogItem& item) const = 0;
  /// Queues one entry as its own event and returns the number of its ack. nullopt: the socket is gone.
  virtual std::optional<AckNumber> write_entry(const LogItem& item) = 0;
  /// Queues `receive_batch` {entries, from, to} with one ack for all.
  virtual std::optional<AckNumber> write_batch(std::span<const std::shared_ptr<const LogItem>> items, MailboxSeq from,
                                               MailboxSeq to) = 0;
  /// Queues an Engine.IO ping behind everything written so far; its pong comes as Pump::on_pong with this number.
  virtual std::uint64_t ping() = 0;
  [[nodiscard]] virtual std::size_t buffered_bytes() const = 0;
  /// engineio::Session::last_fully_written().
  [[nodiscard]] virtual base::SteadyTime last_fully_written() const = 0;

  /// Exactly one Pump::on_page or on_page_failed follows, in a later turn. Never called while one is outstanding.
  virtual void read_page(MailboxSeq after, PageLimit limit) = 0;
  /// Messaging::check_head.
  virtual void check_head(MailboxSeq known) = 0;
  virtual void confirm(PumpProgress progress) = 0;
  /// Messaging::report_unreadable.
  virtual void unreadable(const MailboxEntry& entry) = 0;
  /// A message accepted while this device was connected was confirmed (restante_delivery_seconds).
  virtual void delivered(base::SteadyTime accepted) = 0;
  /// A message that was pending when this session began, and that no other device had, was confirmed
  /// (restante_offline_wait_seconds).
  virtual void waited(WallTime since) = 0;

  /// Emit `drained` and Messaging::announce. Once.
  virtual void drained(MailboxSeq position) = 0;
  /// Messaging::set_silent.
  virtual void silent(bool silent) = 0;
  /// This session never confirmed anything and ran into the no-confirmation time: count it, name it in the log. Once.
  virtual void stalled() = 0;
  /// Messaging::report_poison.
  virtual void report_poison(MailboxSeq position) = 0;
  /// Close the transport without DISCONNECT, so that the client returns by itself.
  virtual void close_unconfirmed() = 0;
  /// This node lacks the key of the next message: the same, in the hope for another node. Once.
  virtual void close_without_key() = 0;

  /// Call Pump::turn() at the end of this turn of the shard (once, however often it is asked for).
  virtual void wake() = 0;
};

}  // namespace chat
