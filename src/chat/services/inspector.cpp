#include "chat/services/inspector.hpp"

#include <algorithm>

#include "chat/services/lane_commands.hpp"

namespace chat {

void Inspector::explain(const MessageId& id, base::Executor& on, Reply<MessageStory> reply) {
  read_on<MessageStory>(reads_, on, std::move(reply), [this, id]() -> Outcome<MessageStory> {
    auto story = explainer_.explain(id);
    if (!story) return refusal_of(story.error());
    if (!story.value()) return not_found("there is no such message");
    return std::move(*story.value());
  });
}

void Inspector::pending(std::size_t top, base::Executor& on, Reply<std::vector<PendingUser>> reply) {
  // Shared, because a lane that is full gives the command back and somebody must still answer.
  auto kept = std::make_shared<Reply<std::vector<PendingUser>>>(std::move(reply));
  std::unique_ptr<LaneCommand> command =
      std::make_unique<DirectoryCommand>([this, top = std::min(top, kMostUsers), &on, kept](LaneDesk& desk) {
        std::vector<PendingUser> users;
        for (const auto& [user, count] : desk.pending().top(top)) users.push_back({user, count, std::nullopt});
        read_on<std::vector<PendingUser>>(reads_, on, std::move(*kept), [this, users = std::move(users)]() mutable {
          return with_oldest(std::move(users));
        });
      });
  if (!lane_.submit(command)) answer<std::vector<PendingUser>>(on, std::move(*kept), refusal_overloaded());
}

Outcome<std::vector<PendingUser>> Inspector::with_oldest(std::vector<PendingUser> users) const {
  for (auto& each : users) {
    const auto oldest = explainer_.oldest_pending(each.user);
    if (!oldest) return refusal_of(oldest.error());
    each.oldest = *oldest;
  }
  return users;
}

}  // namespace chat
