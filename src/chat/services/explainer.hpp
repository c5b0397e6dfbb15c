#pragma once
// Explainer: "why is this message still on one tick?", answered out of the store alone, so that it can be asked of a
// running server, of a stopped one and of a copy. It knows where a message is, never what it says.
//
// What it cannot see is what was never committed: an entry that a live session has been given a moment ago is `queued`
// until the session confirms it, falls silent or ends (DeviceTrace).
//
// Stateless; any thread; reads may block. Bounded: two dozen reads, but for a message whose mailbox entry is not where
// its time says (the clock was set back meanwhile), which is searched for page by page.

#include <optional>
#include <string>
#include <vector>

#include "chat/ports/store.hpp"

namespace chat {

/// Where a message stands with one device of its recipient.
enum class DeviceStage : std::uint8_t {
  kQueued,     // in the mailbox, not known to have been given to a socket
  kWritten,    // given to a socket of the device and not confirmed
  kConfirmed,  // the device said that it has stored it
  kSkipped,    // given up for this device after it held up session after session
  kBegunLater  // the device is newer than the message and began behind it; it gets it from the history
};
/// And with its push, while it is queued or written.
enum class PushStage : std::uint8_t {
  kNoAddress,  // the device never said where to wake it, or the provider said that the address is dead
  kNotOwed,    // no push is owed and none was tried for this message: the address is newer than it
  kHeld,       // a session of the device is alive and confirms
  kDue,        // will be tried at `push_due`
  kAttempted   // was tried: see the outcome; `push_due` when it will be tried again
};

struct DeviceStory {
  DeviceId device;
  WallTime last_seen{};
  MailboxSeq position;  // confirmed by this device
  DeviceStage stage = DeviceStage::kQueued;
  std::optional<WallTime> written_at;
  PushStage push = PushStage::kNoAddress;
  std::string push_kind;             // of the address; empty: none
  std::optional<WallTime> push_due;  // kDue, kAttempted
  std::uint32_t attempts = 0;        // failed ones in a row
  // Of the last attempt that spoke of this message.
  PushOutcome outcome = PushOutcome::kNone;
  std::optional<WallTime> pushed_at;
  std::string detail;
};

struct MessageStory {
  MessageId id;
  UserId sender;
  UserId recipient;
  ConversationSeq seq;
  WallTime stored{};
  MessageStatus status = MessageStatus::kSent;
  std::optional<FailureReason> failure;
  bool recipient_exists = true;
  std::optional<MailboxSeq> position;  // of the entry in the recipient's mailbox; nullopt: every device is past it
  std::optional<WallTime> delivered_at;
  std::optional<WallTime> read_at;
  std::optional<WallTime> blocked_since;  // by either of the two
  std::vector<DeviceStory> devices;
  std::string verdict;  // one sentence for an operator
};

/// `queued`, `written`, …
std::string_view to_string(DeviceStage stage);
std::string_view to_string(PushStage stage);
/// `accepted`, `address_dead`, …
std::string_view to_string(PushOutcome outcome);

/// One user for whom messages wait.
struct PendingUser {
  UserId user;
  std::uint64_t pending = 0;
  std::optional<WallTime> oldest;
};

class Explainer {
 public:
  explicit Explainer(const Store& store) : store_(store) {}

  /// nullopt: there is no such message.
  [[nodiscard]] Read<std::optional<MessageStory>> explain(const MessageId& id) const;
  /// When the oldest message was stored that nobody has confirmed. nullopt: none waits.
  [[nodiscard]] Read<std::optional<WallTime>> oldest_pending(const UserId& user) const;

 private:
  Read<std::optional<MailboxSeq>> find_entry(const Message& message, MailboxBounds bounds) const;
  Read<std::optional<MailboxSeq>> scan(const Message& message, MailboxSeq after, std::size_t pages) const;
  Read<std::monostate> tell_devices(const Message& message, MessageStory& story) const;
  Read<DeviceStory> tell_device(const Message& message, const Device& device, MailboxSeq confirmed,
                                std::optional<MailboxSeq> position, const std::vector<PushJob>& jobs) const;

  const Store& store_;
};

}  // namespace chat
