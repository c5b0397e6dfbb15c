#pragma once
// What the services can tell a live device session. The gateway implements it; it lives on one shard.

#include <memory>
#include <string>
#include <variant>

#include "base/executor.hpp"
#include "chat/model/failure.hpp"
#include "chat/model/mailbox.hpp"
#include "chat/ports/presence.hpp"

namespace chat {

/// A mailbox entry with what a client is shown of it, built once per mailbox and shared by the owner's sessions.
struct LogItem {
  MailboxEntry entry;
  /// Message entries only; nullopt: unreadable or gone.
  std::optional<MessageView> message;
  std::uint64_t author_ordinal = 0;  // message entries: Message::sender_ordinal, for the receipt
  std::string peer_name;             // relation entries: username of `peer`
  /// Live messages: when the send was accepted (restante_delivery_seconds). Live "delivered" entries: when the device
  /// confirmed (restante_receipt_seconds). Zero: unknown; of a message its timestamp tells it nearly as well.
  base::SteadyTime accepted{};
};

/// "The mailbox has at least `head`": wakes the pump; may be lost, repeated or late. `item`, when it is there, is the
/// entry at `head`, so that a pump that has sent everything before it need not read the store.
struct Hint {
  MailboxSeq head;
  std::shared_ptr<const LogItem> item;
  bool read_again = false;  // what was read ahead and not written yet may have been erased since
};

/// Not logged, not confirmed; may be lost.
struct PresenceEvent {
  UserId user;
  bool online = false;
  WallTime at{};       // online: since; offline: last seen
  MailboxSeq after{};  // told once the entries up to here are written: a new friend's state follows `friend_accepted`
};
struct TypingEvent {
  UserId sender;
  bool typing = false;
};
using TransientEvent = std::variant<PresenceEvent, TypingEvent>;

/// Shared by the gateway session and the directory of live sessions, so that a post in flight always finds it; the
/// gateway session empties it when its socket dies. Methods run on `executor()` only; destruction may happen on any
/// thread.
class LiveSession {
 public:
  virtual ~LiveSession() = default;
  [[nodiscard]] virtual base::Executor& executor() const = 0;
  virtual void on_hint(Hint hint) = 0;
  virtual void on_transient(const TransientEvent& event) = 0;
  /// session_expired {reason}, then a Socket.IO DISCONNECT.
  virtual void on_end(EndReason reason) = 0;
  /// The transport is closed, so that the client comes back by itself.
  virtual void on_cut() = 0;
};

}  // namespace chat
