#include "chat/rules/hold_back.hpp"

#include <algorithm>

namespace chat {

bool holds_back(ErrorCode code) {
  return code == ErrorCode::kRetry || code == ErrorCode::kOverloaded || code == ErrorCode::kRateLimited ||
         code == ErrorCode::kStorageFull;
}

HoldBack::Queue* HoldBack::find(const UserId& recipient, SteadyTime arrived) {
  // Of all recipients: nobody else comes for those to whom this socket writes no more. Only the first is awaited: who
  // gave up behind it goes when its turn comes.
  for (auto& queue : queues_) {
    while (!queue.ids.empty() && queue.ids.front().since + kPatience <= arrived) queue.ids.pop_front();
  }
  std::erase_if(queues_, [](const Queue& queue) { return queue.ids.empty(); });
  const auto queue =
      std::find_if(queues_.begin(), queues_.end(), [&](const Queue& q) { return q.recipient == recipient; });
  return queue == queues_.end() ? nullptr : &*queue;
}

std::optional<HoldBack::Held> HoldBack::check(const UserId& recipient, std::string_view client_id, When when) {
  if (client_id.empty()) return std::nullopt;
  Queue* const queue = find(recipient, when.arrived);
  if (queue == nullptr) return std::nullopt;
  queue->failed = 0;
  auto& ids = queue->ids;
  if (ids.front().id == client_id) {
    ids.pop_front();
    if (ids.empty()) std::erase_if(queues_, [&](const Queue& q) { return q.recipient == recipient; });
    return std::nullopt;
  }
  const auto known = std::find_if(ids.begin(), ids.end(), [&](const Id& id) { return id.id == client_id; });
  if (known != ids.end()) {
    known->since = when.now;
  } else if (ids.size() < kMaxIds) {
    ids.push_back({std::string(client_id), when.now});
  }
  Held held{.code = queue->code, .retry_after_seconds = 0};
  if (queue->retry_at != SteadyTime{}) {
    const auto left = std::chrono::ceil<std::chrono::seconds>(queue->retry_at - when.now).count();
    held.retry_after_seconds = static_cast<std::uint32_t>(std::max<std::int64_t>(1, left));
  }
  return held;
}

void HoldBack::answered(const UserId& recipient, std::string_view client_id) {
  for (auto& queue : queues_) {
    if (queue.recipient == recipient) std::erase_if(queue.ids, [&](const Id& id) { return id.id == client_id; });
  }
  std::erase_if(queues_, [](const Queue& queue) { return queue.ids.empty(); });
}

void HoldBack::refused(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when) {
  insert(recipient, client_id, refusal, when, Place::kFirst);
}

void HoldBack::failed(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when) {
  insert(recipient, client_id, refusal, when, Place::kBehindFailed);
}

void HoldBack::unseen(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when) {
  insert(recipient, client_id, refusal, when, Place::kLast);
}

void HoldBack::insert(const UserId& recipient, std::string_view client_id, const Refusal& refusal, When when,
                      Place where) {
  if (client_id.empty() || !holds_back(refusal.code)) return;
  Queue* queue = find(recipient, when.arrived);
  if (queue == nullptr) {
    if (queues_.size() >= kMaxRecipients) queues_.erase(queues_.begin());
    queues_.push_back({.recipient = recipient, .code = refusal.code, .retry_at = {}, .ids = {}});
    queue = &queues_.back();
  }
  queue->code = refusal.code;
  queue->retry_at =
      refusal.retry_after_seconds == 0 ? SteadyTime{} : when.now + std::chrono::seconds(refusal.retry_after_seconds);
  const auto known =
      std::find_if(queue->ids.begin(), queue->ids.end(), [&](const Id& id) { return id.id == client_id; });
  if (known != queue->ids.end()) {
    known->since = when.now;
    return;
  }
  // Whatever waits in the queue arrived after a send that was let through, whose place is in front of them.
  std::size_t place = where == Place::kLast ? queue->ids.size() : 0;
  if (where == Place::kBehindFailed) place = std::min(queue->failed++, queue->ids.size());
  queue->ids.insert(queue->ids.begin() + static_cast<std::ptrdiff_t>(place), {std::string(client_id), when.now});
  if (queue->ids.size() > kMaxIds) queue->ids.pop_back();
}

}  // namespace chat
