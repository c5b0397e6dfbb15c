#pragma once
// The use cases of a connected (or HTTP) sender and reader: send, connect, confirm, read, typing. Every call may come
// from any thread, does no blocking work and answers by posting the callback to the given executor; the answer to a
// send comes only after its batch is durable (I1). Implemented by the commit lane's commands (commit_lane.hpp).

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/executor.hpp"
#include "chat/model/account.hpp"
#include "chat/model/failure.hpp"
#include "chat/model/message.hpp"
#include "chat/services/live_session.hpp"

namespace chat {

template <class T>
using Reply = base::Function<void(std::variant<T, Refusal>)>;

struct SendRequest {
  UserId sender;
  LoginId login;            // checked against the live session or the store
  DeviceId device;          // its own pump passes the copy over
  ConnectionId connection;  // 0: HTTP; else the socket whose order refusals must not break
  UserId recipient;
  std::string content;    // validated text
  std::string client_id;  // validated; empty: none
  base::SteadyTime accepted{};
  /// Whoever sets it holds this send back behind an earlier refusal: a stored client id is still answered, anything
  /// else is refused with this code.
  std::optional<ErrorCode> held_back;
};
struct SendAnswer {
  MessageView message;
  bool online = false;  // of the recipient
  bool duplicate = false;
};

struct ResumePoint {
  std::string epoch;
  MailboxSeq position;
};
struct AttachRequest {
  UserId user;
  LoginId login;
  DeviceId device;  // the token's, or the one CONNECT named
  ConnectionId connection;
  base::SteadyTime handshake_accepted{};  // of two sessions of one device the younger handshake wins
  std::optional<ResumePoint> resume;
  std::shared_ptr<LiveSession> session;
};
struct Attached {
  std::string epoch;  // current
  MailboxSeq head;
  MailboxSeq position;              // where the pump starts
  bool recovered = false;           // (epoch, position) was given and valid
  bool reset = false;               // it was given and not valid, or older than what is retained
  bool returning = false;           // this server remembers an earlier session of the device
  MailboxSeq poison;                // an entry that broke this device's earlier sessions: send it alone; 0: none
  bool skip_poison = false;         // alone did not help either: pass it over for this device
  std::uint8_t batch_halvings = 0;  // how often this device let a batch run into the no-confirmation time
  /// Lost against a younger handshake of the same device: tell `session_expired {replaced}`, no ready.
  bool replaced = false;
};

/// The contiguous run of confirmed entries of a device grew.
struct Receipt {
  UserId author;
  ConversationSeq seq;  // highest confirmed message of that author in the run
  MessageId message;
  std::uint64_t ordinal = 0;  // the author's messages in the conversation up to this one
};
struct Confirmation {
  UserId user;
  DeviceId device;
  ConnectionId connection;  // a fenced connection's word no longer counts
  MailboxSeq position;
  std::vector<Receipt> receipts;    // one per author
  std::vector<MailboxSeq> skipped;  // poison entries given up for this device
  std::vector<MessageId> rescued;   // messages marked kSkipped that this device has stored after all
  std::uint32_t messages = 0;       // how many messages of others the run grew by (restante_pending_messages)
  base::SteadyTime at{};            // when the device said so (restante_receipt_seconds); zero: unknown
  /// Answers to `sync` that this connection's pump had been moved by: an earlier word says nothing of where it is now.
  std::uint32_t syncs = 0;
};

struct ReadRequest {
  UserId reader;
  LoginId login;
  DeviceId device;
  ConnectionId connection;  // zero: over HTTP
  /// A peer and a number of that conversation, clamped to the last committed one; or a message of a conversation.
  std::variant<std::pair<UserId, ConversationSeq>, MessageId> what;
};

struct SyncAnswer {
  std::string epoch;
  MailboxSeq head;
  MailboxSeq position;
  bool reset = false;
};

class Messaging {
 public:
  virtual ~Messaging() = default;

  virtual void send(SendRequest request, base::Executor& on, Reply<SendAnswer> reply) = 0;
  /// Refusal unauthorized {reason expired|revoked|invalid}: the login is gone or the device is bound to another login.
  virtual void attach(AttachRequest request, base::Executor& on, Reply<Attached> reply) = 0;
  /// The socket is gone (or was refused). Idempotent; an older connection's late detach changes nothing (I11).
  /// `written`: the last entry that its pump wrote, 0: none; remembered for whoever asks why it is not delivered.
  virtual void detach(const UserId& user, const DeviceId& device, ConnectionId connection, MailboxSeq written) = 0;
  /// The client announced itself complete: `drained`, or 5 s after ready. Announces user_online.
  virtual void announce(const UserId& user, ConnectionId connection) = 0;
  /// `sync`: the check of CONNECT again.
  virtual void sync(const UserId& user, const DeviceId& device, ConnectionId connection, ResumePoint point,
                    base::Executor& on, Reply<SyncAnswer> reply) = 0;
  virtual void confirm(Confirmation confirmation) = 0;
  /// No confirmation for 20 s (silent) or confirming again: suspect sessions do not count as presence.
  /// `written`: as in detach.
  virtual void set_silent(const UserId& user, ConnectionId connection, bool silent, MailboxSeq written) = 0;
  /// An entry was the lowest unconfirmed one when a session that stayed alive passed the no-confirmation time.
  /// MailboxSeq(): of a batch that was refused as a whole no entry is suspected, but the next session's are smaller.
  virtual void report_poison(const UserId& user, const DeviceId& device, MailboxSeq position) = 0;

  /// A pump met a message that the server itself cannot read: it fails for everyone, author and recipient are told.
  virtual void report_unreadable(const MailboxEntry& entry) = 0;
  /// The pump's jittered head check (I7): posts a hint to the session if its mailbox has grown beyond `known`.
  virtual void check_head(const UserId& user, ConnectionId connection, MailboxSeq known) = 0;

  virtual void mark_read(ReadRequest request, base::Executor& on, Reply<std::monostate> reply) = 0;
  /// To the recipient's live sockets if both are friends; silently nothing otherwise.
  virtual void typing(const UserId& sender, const UserId& recipient, bool typing) = 0;
};

}  // namespace chat
