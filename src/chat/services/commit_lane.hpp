#pragma once
// The commit lane: the one thread that decides, numbers and commits.
//
// Problem: numbers must be dense and in commit order (I3), checks must hold at the commit (I13), a retry must find what
// the first try stored (I2), and one fsync must serve hundreds of messages.
//
//   shards ── submit ──> [bounded queue] ──> stage × n ──> one batch ──> Store::commit (sync) ──> finish × n ──>
//   replies, hints
//
// Commands are staged one after the other against the lane's own state, which already includes what earlier commands of
// the batch staged; then the batch is made durable; only then does anybody hear of it (I1). The directory of live
// sessions belongs to the lane too: attaching, fencing and detaching are ordered with the commits, so "register for
// hints first" and "the late disconnect changes nothing" hold by construction.
//
// A commit that fails is a refusal before anything was numbered (kFull), a conflict with another node, after which
// everything is read, checked and staged again, or unknown: then the store is asked what became of it, and if it cannot
// say, the lane forgets what the batch had in hand and answers `retry`. The embedded store never returns from a failed
// sync (I12).

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/executor.hpp"
#include "base/random.hpp"
#include "chat/model/failure.hpp"
#include "chat/ports/store.hpp"
#include "chat/services/live_session.hpp"

namespace chat {

class LaneContext;
class ConfirmCommand;
class SendCommand;

/// One decision. Owned by the lane from submit() on; both calls come on the lane's thread.
class LaneCommand {
 public:
  virtual ~LaneCommand() = default;

  /// Cold commands (accounts, relations, …) read rows from the store directly: the lane commits what is staged before
  /// and commits their own batch alone, so that they see and leave a settled store.
  [[nodiscard]] virtual bool exclusive() const { return true; }
  /// Reads, decides, stages rows into context.batch(). Nothing may be told to anybody yet.
  virtual void stage(LaneContext& context) = 0;
  /// After the batch is durable (or was empty): replies through context.reply(). `failed`: nothing of the batch can be
  /// relied on (kFull: certainly not written; kUnknown: nobody knows). kCorrupt: this command met a damaged row, while
  /// the others of its batch go on; it is not staged again, whatever it says below.
  virtual void finish(LaneContext& context, std::optional<StoreError> failed) = 0;

  /// After a failed commit: true for what nobody would repeat (a device's word, for one). The lane stages the command
  /// again before any other, and finish() is not called for the failed try.
  [[nodiscard]] virtual bool stage_again() const { return false; }

  /// After kConflict (another node wrote first, nothing of the batch was written): true once the command has forgotten
  /// what it staged, and it is staged again as above, alone if it is exclusive. After a few such rounds in a row, or
  /// LaneOptions::conflict_patience, the lane fails it instead.
  [[nodiscard]] virtual bool stage_after_conflict(LaneContext& /*context*/) { return stage_again(); }

  /// False: it reads and changes what is known here only, and what other nodes do meanwhile does not matter to it.
  [[nodiscard]] virtual bool needs_turn() const { return true; }
  [[nodiscard]] virtual SendCommand* as_send() { return nullptr; }
  [[nodiscard]] virtual ConfirmCommand* as_confirm() { return nullptr; }
  /// The connection that leaves the directory with this command: it stays behind what is kept of that one's word.
  [[nodiscard]] virtual std::optional<ConnectionId> detaches() const { return std::nullopt; }

  /// Instead of context.reply(), for the hot path: after finish() the lane hands the command itself to this executor,
  /// which calls answer() and destroys it there. nullptr: it dies with its batch.
  [[nodiscard]] virtual base::Executor* answers_on() { return nullptr; }
  virtual void answer() {}
};

/// What commands work with. Valid during stage() and finish() only; lane thread.
class LaneContext {
 public:
  virtual ~LaneContext() = default;

  [[nodiscard]] virtual const Store& store() const = 0;
  [[nodiscard]] virtual CommitBatch& batch() = 0;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual base::RandomSource& random() = 0;

  /// Nothing of the batch is written, and no end of a session that it orders comes about.
  virtual void fail(StoreError error) = 0;

  /// Numbers the entry (position, epoch) in its owner's mailbox, stages it, and raises hints after the commit.
  virtual MailboxSeq append_entry(MailboxEntry entry) = 0;
  /// What has been numbered in this mailbox so far, staged entries included.
  [[nodiscard]] virtual MailboxSeq head(const UserId& owner) = 0;

  /// The relation, from the lane's cache or the store, staged changes included.
  [[nodiscard]] virtual Relation relation(const ConversationKey& pair) = 0;
  /// Stages a changed relation and updates the cache.
  virtual void put_relation(const Relation& relation) = 0;

  /// Stages the end of a job that the store has, and counts it (restante_push_jobs). Not of a device that goes itself.
  virtual void erase_push_job(const PushJob& job) = 0;

  /// Forget what is cached of this user or conversation (devices changed, erased, …); it is read again when needed.
  virtual void forget_user(const UserId& user) = 0;
  virtual void forget_conversation(const ConversationKey& conversation) = 0;

  // Live sessions on this node.
  /// Ends the sockets of this login / this device / this user (all but `except_login`), after the commit.
  virtual void end_login(const LoginId& login, EndReason reason) = 0;
  virtual void end_device(const UserId& user, const DeviceId& device, EndReason reason) = 0;
  virtual void end_user(const UserId& user, EndReason reason, std::optional<LoginId> except_login) = 0;
  [[nodiscard]] virtual bool is_online(const UserId& user) const = 0;
  /// Presence::look_up_devices(): on this node or another. May wait, bounded; of a store that nobody else writes it
  /// never does, and everything is known.
  [[nodiscard]] virtual std::vector<Presence::Found> look_up_devices(const UserId& user,
                                                                     std::span<const DeviceId> devices) const = 0;
  /// When a session of this device last ended, or a login named it: the store's row says so some seconds later, and the
  /// later of the two counts. Of the ends on other nodes the row alone tells.
  [[nodiscard]] virtual WallTime last_seen(const Device& row) const = 0;
  /// Tells both of a fresh (or restored) friendship the other's presence, or stops telling after its end, after the
  /// commit.
  virtual void friendship_changed(const ConversationKey& pair, bool friends_now) = 0;

  /// Runs `task` on `executor` after the commit; all replies of a batch to one executor share one wake-up.
  virtual void reply(base::Executor& executor, base::Task task) = 0;
};

/// Any thread. False: the lane's queue is full (answer `overloaded`) or it is stopping; the command is untouched then.
class CommandQueue {
 public:
  virtual ~CommandQueue() = default;
  [[nodiscard]] virtual bool submit(std::unique_ptr<LaneCommand>& command) = 0;
};

}  // namespace chat
