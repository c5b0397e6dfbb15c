#pragma once
// Inspector: Inspection out of the store, on the bounded pool; who has most pending is asked of the lane, which counts.
// Must outlive what it handed to the lane and the pool.

#include "chat/services/accounts_decision.hpp"
#include "chat/services/inspection.hpp"

namespace chat {

class Inspector final : public Inspection {
 public:
  Inspector(CommandQueue& lane, const Store& store, Offload reads)
      : lane_(lane), explainer_(store), reads_(std::move(reads)) {}

  void explain(const MessageId& id, base::Executor& on, Reply<MessageStory> reply) override;
  void pending(std::size_t top, base::Executor& on, Reply<std::vector<PendingUser>> reply) override;

 private:
  Outcome<std::vector<PendingUser>> with_oldest(std::vector<PendingUser> users) const;

  CommandQueue& lane_;
  const Explainer explainer_;
  const Offload reads_;
};

}  // namespace chat
