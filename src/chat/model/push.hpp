#pragma once
// Push: waking a device that does not confirm. A job is durable and belongs to the message's own commit; what providers
// said last is kept per device, so that anybody can ask later why a message is still on one tick.

#include <cstdint>
#include <string>

#include "chat/model/ids.hpp"

namespace chat {

/// One wake-up that a device is owed; at most one per device, which newer messages push further.
struct PushJob {
  UserId user;
  DeviceId device;
  std::string kind;            // of the device's address when the job was made: the provider's lane
  MailboxSeq position;         // newest message entry that asks for it; a device that has confirmed it needs no push
  MessageId message;           // that entry's message
  WallTime due{};              // kPushHeld: a session of the device is alive and confirms
  WallTime expires{};          // when the newest message expires: the provider's TTL is what is left
  std::uint32_t attempts = 0;  // failed ones since the last success
};

/// `due` of a job that waits for its device to disconnect or to fall silent. Later than every time of a clock, and
/// representable in a signed 64-bit number of milliseconds.
inline constexpr WallTime kPushHeld{std::chrono::milliseconds(std::int64_t{1} << 62)};

/// How the last attempt to push to a device ended.
enum class PushOutcome : std::uint8_t {
  kNone = 0,            // never attempted
  kAccepted = 1,        // the provider took it; it does not say whether it was shown
  kAddressDead = 2,     // the address was deleted, unless it had changed meanwhile
  kPayloadRefused = 3,  // our fault; dropped and alerted, the address stays
  kThrottled = 4,       // 429
  kServerError = 5,     // 500
  kUnavailable = 6,     // 503, time-out, no connection
  kLaneStopped = 7,     // the provider refuses this server (credentials, permission)
  kNotNeeded = 8,       // confirmed or read in time
};

/// What is remembered of a device for the explainer. Row per (user, device), replaced as a whole; losing it loses no
/// message.
struct DeviceTrace {
  UserId user;
  DeviceId device;
  MailboxSeq written;  // last entry given to a socket of the device when it fell silent or went
  WallTime written_at{};
  MailboxSeq pushed;  // PushJob::position of the last attempt
  WallTime pushed_at{};
  PushOutcome outcome = PushOutcome::kNone;
  std::string detail;  // the provider's own error code, at most 64 visible ASCII characters; no address, no content
};

}  // namespace chat
