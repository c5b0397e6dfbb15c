#pragma once
// Three ways to come to an answer, each of which posts the reply exactly once:
//   decide()        in the commit lane, alone in its batch: checks and writes what must hold at the commit
//   read_on()       a store read on a bounded pool
//   answer()        at once
// The reply never runs inside the call.

#include <functional>
#include <memory>
#include <variant>

#include "base/executor.hpp"
#include "chat/ports/store_error.hpp"
#include "chat/services/commit_lane.hpp"
#include "chat/services/messaging.hpp"

namespace chat {

template <class T>
using Outcome = std::variant<T, Refusal>;

/// Hands a task to a bounded pool; false: the pool is full or stopping and the task was destroyed unrun.
using Offload = std::function<bool(base::Task)>;

/// The refusal for a failed read, or for a batch whose commit failed.
[[nodiscard]] Refusal refusal_of(StoreError error);
[[nodiscard]] Refusal refusal_overloaded();
[[nodiscard]] Refusal refusal_unauthorized(std::string_view message, std::string_view reason = "invalid");

template <class T>
void answer(base::Executor& on, Reply<T> reply, Outcome<T> outcome) {
  on.post([reply = std::move(reply), outcome = std::move(outcome)]() mutable { reply(std::move(outcome)); });
}

template <class T>
class Decision final : public LaneCommand {
 public:
  using Decide = base::Function<Outcome<T>(LaneContext&)>;
  Decision(Decide choose, base::Executor& on, Reply<T> reply)
      : decide_(std::move(choose)), on_(on), reply_(std::move(reply)) {}

  void stage(LaneContext& context) override {
    outcome_.emplace(decide_(context));
    const auto* const refusal = std::get_if<Refusal>(&*outcome_);
    // A read has failed, perhaps after half of what belongs together was staged.
    if (refusal != nullptr && (refusal->code == ErrorCode::kRetry || refusal->code == ErrorCode::kInternal))
      context.fail(StoreError::kUnavailable);
  }
  /// Decided afresh, on what the other node has left: names may be taken by now, relations may have changed.
  [[nodiscard]] bool stage_after_conflict(LaneContext& /*context*/) override {
    outcome_.reset();
    return true;
  }
  void finish(LaneContext& context, std::optional<StoreError> failed) override {
    const bool refused = outcome_ && std::holds_alternative<Refusal>(*outcome_);
    if (failed && !refused) outcome_.emplace(refusal_of(*failed));
    context.reply(on_,
                  [reply = std::move(reply_), outcome = std::move(*outcome_)]() mutable { reply(std::move(outcome)); });
  }
  /// Instead of the lane, which did not take the command.
  void refuse(Refusal refusal) { chat::answer<T>(on_, std::move(reply_), std::move(refusal)); }

 private:
  Decide decide_;
  base::Executor& on_;
  Reply<T> reply_;
  std::optional<Outcome<T>> outcome_;
};

/// `choose` runs on the lane's thread; what it stages before it returns a refusal is committed all the same, unless the
/// refusal is that of a failed read. It may run several times, whenever another node was ahead of its batch, and must
/// keep what it captured.
template <class T>
void decide(CommandQueue& lane, base::Executor& on, Reply<T> reply, typename Decision<T>::Decide choose) {
  auto decision = std::make_unique<Decision<T>>(std::move(choose), on, std::move(reply));
  auto& typed = *decision;
  std::unique_ptr<LaneCommand> command = std::move(decision);
  if (!lane.submit(command)) typed.refuse(refusal_overloaded());
}

/// Runs `work` on the pool and posts what it returns.
template <class T>
void read_on(const Offload& pool, base::Executor& on, Reply<T> reply, base::Function<Outcome<T>()> work) {
  // Shared, because a pool that is full destroys the task and somebody must still answer.
  auto kept = std::make_shared<Reply<T>>(std::move(reply));
  const bool taken = pool([kept, &on, work = std::move(work)]() mutable { answer<T>(on, std::move(*kept), work()); });
  if (!taken) answer<T>(on, std::move(*kept), refusal_overloaded());
}

}  // namespace chat
