#pragma once
// CommitBatch: everything that becomes true at once. The commit lane fills it with plain rows that already carry their
// numbers; a store makes it durable in one atomic step or not at all. Vectors are reused from batch to batch.
// Within a batch erasures come first, then puts (a later row of a key wins), then trims.

#include <optional>
#include <string>
#include <vector>

#include "chat/model/account.hpp"
#include "chat/model/failure.hpp"
#include "chat/model/mailbox.hpp"
#include "chat/model/message.hpp"
#include "chat/model/push.hpp"

namespace chat {

/// A random data key of one conversation, wrapped by the master key's epoch key; the store keeps it as it is.
struct WrappedKey {
  KeyId id;
  ConversationKey conversation;
  std::string wrapped;
};

struct MailboxTrim {
  UserId owner;
  MailboxSeq below;  // entries with a smaller position go; the head entry always stays
};

/// Sockets that have to end, on whatever node they are: those of this login, of this device, of this user, all of which
/// are meant that are set; not those of `except`. `handshake`: made room for a socket of this handshake; one that is
/// younger is not told to stay away, but closed, so that it comes back and wins.
struct Ending {
  std::optional<LoginId> login;
  std::optional<UserId> user;
  std::optional<DeviceId> device;
  std::optional<LoginId> except;
  std::optional<WallTime> handshake;
  EndReason reason = EndReason::kRevoked;
};

struct CommitBatch {
  // Hot rows.
  /// Insert, or replace (failure mark) by (conversation, seq). One that failed and has no client id leaves the row the
  /// one that it had: what takes the place of a damaged row does not know it, and a repeat still finds it (I2).
  std::vector<Message> messages;
  std::vector<MailboxEntry> entries;
  std::vector<DevicePosition> positions;
  std::vector<WatermarkStep> watermark_steps;
  std::vector<MailboxTrim> trims;
  std::vector<PushJob> push_jobs;                             // put by (user, device)
  std::vector<std::pair<UserId, DeviceId>> erased_push_jobs;  // of a device that was erased, its job goes as well
  std::vector<DeviceTrace> device_traces;                     // put by (user, device); go with the device
  // Cold rows: put replaces by key.
  std::vector<WrappedKey> keys;  // also becomes the current key of its conversation
  std::vector<User> users;       // and the indices username -> id, email -> id
  std::vector<Device> devices;
  std::vector<Login> logins;
  std::vector<Relation> relations;                          // listed under both users
  std::vector<std::pair<UserId, DeviceId>> erased_devices;  // and each one's own position
  std::vector<LoginId> erased_logins;
  std::vector<ConversationKey> erased_conversations;  // messages, steps, keys, client ids
  std::vector<UserId> erased_users;                   // user, devices, positions, logins, relations, mailbox
  /// For the other nodes of a store that several share (CommitLog::shared()); empty otherwise.
  std::vector<Ending> endings;

  /// True when a crash may lose it at the price of a resend or of a second push: it moves positions and push jobs and
  /// nothing else. A new job is never alone: it comes with its message.
  [[nodiscard]] bool may_be_lost() const {
    return messages.empty() && entries.empty() && watermark_steps.empty() && keys.empty() && users.empty() &&
           devices.empty() && logins.empty() && relations.empty() && erased_devices.empty() && erased_logins.empty() &&
           erased_conversations.empty() && erased_users.empty();
  }
  [[nodiscard]] bool empty() const {
    return may_be_lost() && positions.empty() && trims.empty() && push_jobs.empty() && erased_push_jobs.empty() &&
           device_traces.empty() && endings.empty();
  }
  /// How many there are of any kind.
  [[nodiscard]] std::size_t rows() const {
    return messages.size() + entries.size() + positions.size() + watermark_steps.size() + trims.size() +
           push_jobs.size() + erased_push_jobs.size() + device_traces.size() + keys.size() + users.size() +
           devices.size() + logins.size() + relations.size() + erased_devices.size() + erased_logins.size() +
           erased_conversations.size() + erased_users.size() + endings.size();
  }
  void clear() {
    messages.clear();
    entries.clear();
    positions.clear();
    watermark_steps.clear();
    trims.clear();
    push_jobs.clear();
    erased_push_jobs.clear();
    device_traces.clear();
    keys.clear();
    users.clear();
    devices.clear();
    logins.clear();
    relations.clear();
    erased_devices.clear();
    erased_logins.clear();
    erased_conversations.clear();
    erased_users.clear();
    endings.clear();
  }
};

}  // namespace chat
