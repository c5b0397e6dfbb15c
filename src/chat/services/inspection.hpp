#pragma once
// What an operator asks of a running server. Any thread; answers are posted to the executor.

#include "chat/services/explainer.hpp"
#include "chat/services/messaging.hpp"

namespace chat {

class Inspection {
 public:
  static constexpr std::size_t kMostUsers = 1000;  // of one answer: two small reads each

  virtual ~Inspection() = default;
  /// not_found: there is no such message.
  virtual void explain(const MessageId& id, base::Executor& on, Reply<MessageStory> reply) = 0;
  /// The users with the most messages that no device has confirmed, most first; `top` <= kMostUsers.
  virtual void pending(std::size_t top, base::Executor& on, Reply<std::vector<PendingUser>> reply) = 0;
};

}  // namespace chat
