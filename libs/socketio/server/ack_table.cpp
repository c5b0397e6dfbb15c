#include "socketio/server/ack_table.hpp"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "socketio/server/socket.hpp"

namespace socketio {

void AckTable::add(AckId id, AckCallback callback, base::SteadyTime now, std::chrono::milliseconds timeout) {
  const base::SteadyTime deadline = now + timeout;
  entries_.insert_or_assign(id.value, Entry{deadline, std::move(callback)});
  if (!timer_.armed() || deadline < timer_.deadline()) timers_.arm(timer_, deadline);
}

bool AckTable::settle(const Ack& ack) {
  auto node = entries_.extract(ack.id.value);
  if (!node) return false;
  if (entries_.empty()) timer_.cancel();
  AckCallback callback = std::move(node.mapped().callback);
  if (callback) {
    callback(AckOutcome::kAnswered, ack);
  } else if (socket_.handler() != nullptr) {
    socket_.handler()->on_ack(ack);
  }
  return true;
}

void AckTable::abandon() {
  timer_.cancel();
  auto entries = std::exchange(entries_, {});
  for (auto& [id, entry] : entries) {
    if (entry.callback)
      entry.callback(AckOutcome::kDisconnected, Ack{.id = AckId(id), .arguments = {}, .array = {}, .attachments = {}});
  }
}

void AckTable::on_deadline() {
  // Taken out first: a callback may ask again, or disconnect the socket.
  const base::SteadyTime reached = timer_.deadline();
  std::vector<std::pair<AckId, AckCallback>> expired;
  for (auto at = entries_.begin(); at != entries_.end();) {
    if (at->second.deadline > reached) {
      ++at;
      continue;
    }
    expired.emplace_back(AckId(at->first), std::move(at->second.callback));
    at = entries_.erase(at);
  }
  arm_for_earliest();
  for (auto& [id, callback] : expired) {
    if (callback) {
      callback(AckOutcome::kTimedOut, Ack{.id = id, .arguments = {}, .array = {}, .attachments = {}});
    } else if (socket_.joined() && socket_.handler() != nullptr) {
      socket_.handler()->on_ack_timeout(id);
    }
  }
}

void AckTable::arm_for_earliest() {
  std::optional<base::SteadyTime> earliest;
  for (const auto& [id, entry] : entries_) earliest = std::min(earliest.value_or(entry.deadline), entry.deadline);
  if (earliest) timers_.arm(timer_, *earliest);
}

}  // namespace socketio
