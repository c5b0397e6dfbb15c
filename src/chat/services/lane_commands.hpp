#pragma once
// The lane's own commands, which share batches ("hot"). Inside of lane*.cpp; nobody else includes it.

#include "chat/rules/resume.hpp"
#include "chat/services/commit_lane.hpp"
#include "chat/services/lane_desk.hpp"

namespace chat {

class HotCommand : public LaneCommand {
 public:
  [[nodiscard]] bool exclusive() const final { return false; }
  void stage(LaneContext& context) final { stage_hot(static_cast<LaneDesk&>(context)); }
  void finish(LaneContext& context, std::optional<StoreError> failed) final {
    finish_hot(static_cast<LaneDesk&>(context), failed);
  }

 protected:
  virtual void stage_hot(LaneDesk& desk) = 0;
  virtual void finish_hot(LaneDesk& /*desk*/, std::optional<StoreError> /*failed*/) {}
};

/// A hot command that answers once, on the caller's executor.
template <class T>
class AnsweringCommand : public HotCommand {
 public:
  AnsweringCommand(base::Executor& on, Reply<T> reply) : on_(on), reply_(std::move(reply)) {}
  [[nodiscard]] base::Executor* answers_on() final { return &on_; }
  [[nodiscard]] bool stage_after_conflict(LaneContext& /*context*/) override { return !refused(); }
  void answer() final { reply_(std::move(outcome_)); }
  /// Instead of the lane, which did not take the command.
  static void refuse(std::unique_ptr<LaneCommand> command, Refusal refusal) {
    auto& self = static_cast<AnsweringCommand&>(*command);
    self.outcome_ = std::move(refusal);
    self.on_.post([done = std::move(command)] { done->answer(); });
  }

 protected:
  [[nodiscard]] bool refused() const { return std::holds_alternative<Refusal>(outcome_); }
  void set(std::variant<T, Refusal> outcome) { outcome_ = std::move(outcome); }
  [[nodiscard]] const std::variant<T, Refusal>& outcome() const { return outcome_; }
  [[nodiscard]] std::variant<T, Refusal>& outcome() { return outcome_; }

 private:
  base::Executor& on_;
  Reply<T> reply_;
  std::variant<T, Refusal> outcome_;
};

/// Something small for the directory of sessions: runs in finish(), ordered with the commits.
class DirectoryCommand final : public HotCommand {
 public:
  using Act = base::Function<void(LaneDesk&)>;
  explicit DirectoryCommand(Act act, std::optional<ConnectionId> detaches = std::nullopt)
      : act_(std::move(act)), detaches_(detaches) {}
  [[nodiscard]] std::optional<ConnectionId> detaches() const override { return detaches_; }
  [[nodiscard]] bool needs_turn() const override { return false; }
  /// Behind the connection that it is about: ended before that one is registered, it would stay there for ever.
  [[nodiscard]] bool stage_after_conflict(LaneContext& /*context*/) override { return true; }

 private:
  void stage_hot(LaneDesk& /*desk*/) override {}
  void finish_hot(LaneDesk& desk, std::optional<StoreError> /*failed*/) override { act_(desk); }
  Act act_;
  std::optional<ConnectionId> detaches_;
};

class SendCommand final : public AnsweringCommand<SendAnswer> {
 public:
  SendCommand(SendRequest request, base::Executor& on, Reply<SendAnswer> reply)
      : AnsweringCommand(on, std::move(reply)), request_(std::move(request)) {}
  [[nodiscard]] const SendRequest& request() const { return request_; }
  [[nodiscard]] SendCommand* as_send() override { return this; }
  /// The store need not be asked for its client id: if it is there after all, the commit conflicts.
  [[nodiscard]] bool may_assume_new(UserState& sender, base::SteadyTime now) const;
  void assume_new() { assumed_new_ = true; }
  /// What the store has of its client id, so that staging need not ask. A conflict forgets it.
  void know_stored(std::optional<Message> stored) {
    stored_ = std::move(stored);
    stored_known_ = true;
  }
  /// The queue was full: it will be refused, unless it is stored already, and holds back what follows. False: it cannot
  /// hold anything back.
  bool refuse_in_turn() {
    in_turn_ = true;
    request_.content = {};
    return request_.connection.value != 0 && !request_.client_id.empty();
  }

 private:
  void stage_hot(LaneDesk& desk) override;
  void finish_hot(LaneDesk& desk, std::optional<StoreError> failed) override;

  [[nodiscard]] bool stage_after_conflict(LaneContext& context) override;
  bool answer_repeat(LaneDesk& desk);
  void note_repeat(LaneDesk& desk, UserState& sender);
  void give_back(const LaneDesk& desk, UserState& sender) const;
  void decide(LaneDesk& desk, UserState& sender);
  void settle(LaneDesk& desk, std::optional<StoreError> failed);
  [[nodiscard]] HoldBack::When when(const LaneDesk& desk) const;
  void hold_back(LaneDesk& desk, UserState& sender) const;
  bool admitted(LaneDesk& desk, UserState& sender);
  bool seal(LaneDesk& desk, ConversationState& conversation, Message& message);
  void number(LaneDesk& desk, UserState& sender, UserState& recipient, ConversationState& conversation);
  void append_items(LaneDesk& desk, UserState& sender, UserState& recipient, const Message& message);
  void refuse_because(base::Counter& counter, Refusal refusal);
  [[nodiscard]] LiveRecord* record(UserState& sender) const;

  SendRequest request_;
  SendAnswer made_;
  std::optional<Message> stored_;
  bool stored_known_ = false;
  bool assumed_new_ = false;
  bool conflicted_ = false;
  base::Counter* refused_by_ = nullptr;  // counted when it is told
  SendCommand* repeats_ = nullptr;       // a send of the same batch with the same client id
  bool numbered_ = false;
  bool admitted_ = false;  // limits are taken once, whatever the number of conflicts
  bool in_turn_ = false;   // the text is gone, see refuse_in_turn()
  bool waits_ = false;     // behind an earlier refusal, where check() has given it its place
  bool answered_ = false;  // out of the store: no commit can change it
};

class AttachCommand final : public AnsweringCommand<Attached> {
 public:
  AttachCommand(AttachRequest request, base::Executor& on, Reply<Attached> reply)
      : AnsweringCommand(on, std::move(reply)), request_(std::move(request)) {}

 private:
  void stage_hot(LaneDesk& desk) override;
  void finish_hot(LaneDesk& desk, std::optional<StoreError> failed) override;
  bool login_is_valid(LaneDesk& desk);
  [[nodiscard]] bool needs_room(LaneDesk& desk) const;
  DeviceState* admit_device(LaneDesk& desk, UserState& user);
  bool make_room(LaneDesk& desk, UserState& user);

  AttachRequest request_;
  DeviceId own_device_;  // the token's: the session ends with it
  MailboxSeq start_;
  bool recovered_ = false;
  bool reset_ = false;
};

class SyncCommand final : public AnsweringCommand<SyncAnswer> {
 public:
  SyncCommand(UserId user, DeviceId device, ConnectionId connection, ResumePoint point, base::Executor& on,
              Reply<SyncAnswer> reply)
      : AnsweringCommand(on, std::move(reply)),
        user_(user),
        device_(std::move(device)),
        connection_(connection),
        point_(std::move(point)) {}

 private:
  void stage_hot(LaneDesk& desk) override;
  void finish_hot(LaneDesk& desk, std::optional<StoreError> failed) override;

  UserId user_;
  DeviceId device_;
  ConnectionId connection_;
  ResumePoint point_;
  MailboxSeq start_;
  bool valid_ = false;
};

class ConfirmCommand final : public HotCommand {
 public:
  explicit ConfirmCommand(Confirmation confirmation) : confirmation_(std::move(confirmation)) {}
  /// The pump has reported it once and for all: lost, a later position would pass over its receipts.
  [[nodiscard]] bool stage_again() const override { return true; }
  [[nodiscard]] ConfirmCommand* as_confirm() override { return this; }
  [[nodiscard]] ConnectionId connection() const { return confirmation_.connection; }
  /// Says also what a later one of the same connection says.
  void absorb(ConfirmCommand&& later);

 private:
  void stage_hot(LaneDesk& desk) override;
  Confirmation confirmation_;
};

class UnreadableCommand final : public HotCommand {
 public:
  explicit UnreadableCommand(MailboxEntry entry) : entry_(std::move(entry)) {}
  [[nodiscard]] bool stage_again() const override { return true; }

 private:
  void stage_hot(LaneDesk& desk) override;
  MailboxEntry entry_;
};

class MarkReadCommand final : public AnsweringCommand<std::monostate> {
 public:
  MarkReadCommand(ReadRequest request, base::Executor& on, Reply<std::monostate> reply)
      : AnsweringCommand(on, std::move(reply)), request_(std::move(request)) {}

 private:
  void stage_hot(LaneDesk& desk) override;
  void finish_hot(LaneDesk& desk, std::optional<StoreError> failed) override;
  bool find_target(LaneDesk& desk);
  void step_read(LaneDesk& desk, ConversationState& conversation);
  void step_delivered(LaneDesk& desk, ConversationState& conversation, const LaneDesk::Covered& covered);

  ReadRequest request_;
  UserId peer_;
  ConversationSeq up_to_;
};

/// What the check of CONNECT and `sync` decides for a device; stages the confirmation if the client is ahead.
ResumeDecision resume_device(LaneDesk& desk, UserState& user, DeviceState& device, const ResumePoint& point);

/// Sends and reads hold only while their session does (I13): this connection's, or over HTTP (zero) the login itself.
/// False with desk.failed(): not known.
[[nodiscard]] bool session_is_valid(LaneDesk& desk, UserState& user, const LoginId& login, ConnectionId connection);
[[nodiscard]] Refusal session_ended();
[[nodiscard]] Refusal store_refusal(StoreError error);

}  // namespace chat
