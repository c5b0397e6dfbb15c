// SEND (docs/protocol.md): what is stored is answered first and for free; then the refusals in a fixed order; then the
// number, the seal, the row, the entries. One message, one place.

#include "chat/rules/may_send.hpp"
#include "chat/services/accounts_decision.hpp"
#include "chat/services/lane_commands.hpp"
#include "chat/services/message_viewer.hpp"

namespace chat {
namespace {

Refusal refusal(ErrorCode code, const char* message, std::uint32_t retry_after = 0) {
  return {.code = code, .message = message, .retry_after_seconds = retry_after, .field = {}, .reason = {}};
}

}  // namespace

Refusal store_refusal(StoreError error) {
  if (error == StoreError::kFull) return refusal(ErrorCode::kStorageFull, "the server has no room left");
  if (error == StoreError::kNoKey || error == StoreError::kCorrupt) return refusal_of(error);
  return refusal(ErrorCode::kRetry, "the outcome is not known, repeat with the same client id", 1);
}

bool session_is_valid(LaneDesk& desk, UserState& user, const LoginId& login, ConnectionId connection) {
  if (connection.value != 0) {
    const auto* const live = user.record(connection);
    return live != nullptr && live->login == login;
  }
  const auto row = desk.take(desk.store().login(login));
  return row && row->user == user.key && row->expires > desk.now();
}

Refusal session_ended() {
  return {ErrorCode::kUnauthorized, "the session has ended", 0, {}, "revoked"};
}

LiveRecord* SendCommand::record(UserState& sender) const {
  return request_.connection.value == 0 ? nullptr : sender.record(request_.connection);
}

void SendCommand::refuse_because(base::Counter& counter, Refusal why) {
  refused_by_ = &counter;
  set(std::move(why));
}

/// A client repeats what it has had no answer to: after it has come back, or soon after a refusal. Where a repeat would
/// only be noticed by the commit, the whole batch has to be staged again, so that is for those who never did it.
bool SendCommand::may_assume_new(UserState& sender, base::SteadyTime now) const {
  constexpr std::chrono::seconds kComesBack{5};
  if (conflicted_ || in_turn_ || request_.held_back) return false;
  const auto* const live = record(sender);
  return live != nullptr && !live->held && !live->repeats && now - live->handshake > kComesBack;
}

void SendCommand::stage_hot(LaneDesk& desk) {
  auto& sender = desk.user(request_.sender);
  if (answer_repeat(desk) || desk.failed()) return;
  decide(desk, sender);
  if (!refused() || desk.failed()) return;
  if (std::exchange(assumed_new_, false)) {
    // What is stored is answered before anything is refused, so now it has to be known.
    auto why = std::exchange(outcome(), SendAnswer{});
    if (answer_repeat(desk) || desk.failed()) return;
    set(std::move(why));
  }
  if (!admitted_) hold_back(desk, sender);
}

void SendCommand::decide(LaneDesk& desk, UserState& sender) {
  if (!admitted_ && !admitted(desk, sender)) return;
  admitted_ = true;
  if (!session_is_valid(desk, sender, request_.login, request_.connection)) {
    if (desk.failed()) return;  // not known is not ended
    return refuse_because(desk.metrics().refused_session, session_ended());
  }
  auto& recipient = desk.user(request_.recipient);
  const bool self = request_.sender == request_.recipient;
  const Party from{sender.key, sender.exists, sender.deactivated};
  const Party to{recipient.key, recipient.exists, recipient.deactivated};
  auto* const conversation =
      self ? nullptr : &desk.conversation(ConversationKey::of(request_.sender, request_.recipient));
  if (desk.failed()) return;
  if (self || may_send(from, to, conversation->relation) != SendVerdict::kAllowed) {
    return refuse_because(desk.metrics().refused_relation,
                          refusal(ErrorCode::kNotAllowed, "you cannot send messages to this user"));
  }
  number(desk, sender, recipient, *conversation);
}

HoldBack::When SendCommand::when(const LaneDesk& desk) const {
  const auto now = desk.steady_now();
  return request_.accepted == base::SteadyTime{} ? HoldBack::When(now) : HoldBack::When(request_.accepted, now);
}

void SendCommand::hold_back(LaneDesk& desk, UserState& sender) const {
  auto* const live = record(sender);
  const auto& why = std::get<Refusal>(outcome());
  if (live == nullptr || waits_ || request_.client_id.empty() || !holds_back(why.code)) return;
  if (!live->held) live->held = std::make_unique<HoldBack>();
  live->held->refused(request_.recipient, request_.client_id, why, when(desk));
}

bool SendCommand::stage_after_conflict(LaneContext& /*context*/) {
  if (refused() || answered_) return false;
  made_ = {};
  repeats_ = nullptr;
  numbered_ = false;
  stored_known_ = false;
  assumed_new_ = false;
  conflicted_ = true;
  return true;
}

/// True: a message with this client id is already there, and the outcome is set (I2).
bool SendCommand::answer_repeat(LaneDesk& desk) {
  if (request_.client_id.empty()) return false;
  if ((repeats_ = desk.staged_send(request_)) != nullptr) return true;
  if (assumed_new_) return false;
  const auto stored =
      stored_known_
          ? std::move(stored_)
          : desk.take(desk.store().message_by_client_id(request_.sender, request_.recipient, request_.client_id));
  if (!stored || desk.failed()) return false;
  MessageViewer viewer(desk.store(), desk.cipher(), request_.sender);
  auto shown = viewer.view(*stored);
  if (!shown && shown.error() == StoreError::kNoKey) {
    refuse_because(desk.metrics().refused_store, store_refusal(StoreError::kNoKey));
    return true;
  }
  auto view = desk.take(std::move(shown));
  if (desk.failed()) return false;
  note_repeat(desk, desk.user(request_.sender));
  const bool readable = view.failure != FailureReason::kUnreadable;
  if (readable && !in_turn_ && view.content != request_.content) {
    refuse_because(desk.metrics().refused_conflict,
                   refusal(ErrorCode::kConflict, "this client id was used for another text"));
    return true;
  }
  answered_ = true;
  desk.metrics().messages_duplicate.add();
  set(SendAnswer{std::move(view), false, true});
  desk.ask_presence(request_.recipient, std::get<SendAnswer>(outcome()).online);
  return true;
}

/// What admitted() took of the limits.
void SendCommand::give_back(const LaneDesk& desk, UserState& sender) const {
  if (desk.options().limits.messages_per_minute != 0) sender.rate.give_back();
  sender.bytes.give_back(request_.content.size());
}

/// It costs nothing, and whoever did it once may do it again.
void SendCommand::note_repeat(LaneDesk& desk, UserState& sender) {
  if (admitted_) give_back(desk, sender);
  auto* const live = record(sender);
  if (live == nullptr) return;
  live->repeats = true;
  if (live->held) live->held->answered(request_.recipient, request_.client_id);
}

/// Held back, room, limits: refusals that a client answers by repeating. False: the outcome is set.
bool SendCommand::admitted(LaneDesk& desk, UserState& sender) {
  auto& metrics = desk.metrics();
  const auto now = desk.steady_now();
  if (request_.held_back) {
    refuse_because(metrics.refused_held, refusal(*request_.held_back, "an earlier message has to come first", 1));
    waits_ = true;
    return false;
  }
  if (auto* const live = record(sender); live != nullptr && live->held) {
    if (const auto held = live->held->check(request_.recipient, request_.client_id, when(desk))) {
      refuse_because(metrics.refused_held,
                     refusal(held->code, "an earlier message has to come first", held->retry_after_seconds));
      waits_ = true;
      return false;
    }
    if (live->held->empty()) live->held.reset();
  }
  if (in_turn_) {
    set(refusal(ErrorCode::kOverloaded, "the server is busy, try again", 1));  // counted when the queue refused it
    return false;
  }
  if (!desk.store().has_room()) {
    refuse_because(metrics.refused_storage_full, store_refusal(StoreError::kFull));
    return false;
  }
  const auto& limits = desk.options().limits;
  if (const auto verdict = sender.rate.take(now, limits.messages_per_minute); !verdict.allowed) {
    refuse_because(metrics.refused_rate,
                   refusal(ErrorCode::kRateLimited, "too many messages", verdict.retry_after_seconds));
    return false;
  }
  const auto verdict = sender.bytes.take(now, request_.content.size(), limits.bytes_per_second);
  if (!verdict.allowed) {
    if (limits.messages_per_minute != 0) sender.rate.give_back();
    refuse_because(metrics.refused_bytes,
                   refusal(ErrorCode::kRateLimited, "too many bytes", verdict.retry_after_seconds));
    return false;
  }
  return true;
}

bool SendCommand::seal(LaneDesk& desk, ConversationState& conversation, Message& message) {
  const ContentBinding binding{message.id, message.sender, message.recipient};
  for (int attempt = 0; attempt < 2; ++attempt) {
    const bool fresh = attempt > 0 || !conversation.wrapped || desk.cipher().should_rotate(*conversation.wrapped);
    auto key = fresh ? desk.cipher().create_key(conversation.key) : *conversation.wrapped;
    auto sealed = desk.cipher().seal(key, binding, request_.content);
    if (!sealed) continue;
    message.content = std::move(*sealed);
    if (fresh) {
      desk.batch().keys.push_back(key);
      conversation.wrapped = std::move(key);
    }
    return true;
  }
  return false;
}

void SendCommand::number(LaneDesk& desk, UserState& sender, UserState& recipient, ConversationState& conversation) {
  Message message;
  const auto now = desk.now();
  message.id = MessageId::make(now, desk.random());
  message.sender = request_.sender;
  message.recipient = request_.recipient;
  if (!seal(desk, conversation, message)) {
    return refuse_because(desk.metrics().refused_store,
                          refusal(ErrorCode::kInternal, "the message could not be sealed"));
  }
  auto& own = conversation.author(request_.sender);
  conversation.last = conversation.last.next();
  conversation.last_at = std::max(now, conversation.last_at + std::chrono::milliseconds(1));
  message.seq = conversation.last;
  message.timestamp = conversation.last_at;
  message.sender_ordinal = ++own.ordinal;
  message.recipient_ordinal = conversation.author(request_.recipient).ordinal;
  own.newest_known = true;
  own.newest_seq = message.seq;
  own.newest = message.id;
  message.client_id = request_.client_id;
  desk.ask_presence(request_.recipient, made_.online);
  append_items(desk, sender, recipient, message);
  desk.counts().more_pending(recipient.key, 1);
  desk.batch().messages.push_back(std::move(message));
  numbered_ = true;
  if (!request_.client_id.empty()) desk.stage_send(request_, *this);
}

void SendCommand::append_items(LaneDesk& desk, UserState& sender, UserState& recipient, const Message& message) {
  auto& view = made_.message;
  view.id = message.id;
  view.sender = message.sender;
  view.recipient = message.recipient;
  view.seq = message.seq;
  view.timestamp = message.timestamp;
  view.content = request_.content;

  MailboxEntry entry;
  entry.kind = EntryKind::kMessage;
  entry.owner = message.recipient;
  entry.peer = message.sender;
  entry.at = message.timestamp;
  entry.seq = message.seq;
  entry.message = message.id;
  const auto append = [&](const UserState& owner) {
    if (owner.live.empty()) {
      desk.append_entry(entry);
      return;
    }
    auto item = std::make_shared<LogItem>();
    item->entry = entry;
    item->message = view;
    item->author_ordinal = message.sender_ordinal;
    item->accepted = request_.accepted;
    desk.append_item(std::move(item));
  };
  append(recipient);
  desk.owe_pushes(recipient, message, recipient.head);
  view.client_id = request_.client_id;  // shown to the author only
  if (sender.devices.size() < 2) return;
  entry.owner = message.sender;
  entry.peer = message.recipient;
  entry.own = true;
  entry.origin = request_.device;
  append(sender);
}

void SendCommand::finish_hot(LaneDesk& desk, std::optional<StoreError> failed) {
  settle(desk, failed);
  if (!refused()) return;
  desk.metrics().messages_refused.add();
  if (refused_by_ != nullptr) refused_by_->add();
}

void SendCommand::settle(LaneDesk& desk, std::optional<StoreError> failed) {
  if (refused() || answered_) return;
  if (failed) {
    auto why = store_refusal(*failed);
    auto& sender = desk.known_user(request_.sender);
    if (auto* const live = record(sender); live != nullptr && !request_.client_id.empty()) {
      if (!live->held) live->held = std::make_unique<HoldBack>();
      if (admitted_) {
        live->held->failed(request_.recipient, request_.client_id, why, when(desk));
      } else {
        live->held->unseen(request_.recipient, request_.client_id, why, when(desk));
      }
    }
    if (admitted_) give_back(desk, sender);
    return refuse_because(desk.metrics().refused_store, std::move(why));
  }
  if (repeats_ != nullptr) {
    if (!in_turn_ && repeats_->request_.content != request_.content) {
      return refuse_because(desk.metrics().refused_conflict,
                            refusal(ErrorCode::kConflict, "this client id was used for another text"));
    }
    const auto& first = repeats_->outcome();
    set(first);
    if (const auto* answer = std::get_if<SendAnswer>(&first)) {
      SendAnswer copy = *answer;
      copy.duplicate = true;
      desk.metrics().messages_duplicate.add();
      set(std::move(copy));
    }
    return;
  }
  if (!numbered_) return;
  desk.metrics().messages_accepted.add();
  if (request_.accepted != base::SteadyTime{}) {
    const std::chrono::duration<double> took = desk.steady_now() - request_.accepted;
    desk.metrics().accepted_to_commit.observe(took.count());
  }
  set(std::move(made_));
}

}  // namespace chat
