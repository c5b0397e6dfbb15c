#include "chat/services/lane_metrics.hpp"

namespace chat {
namespace {

constexpr double kBatchBounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};

base::Counter& outcome(base::Registry& registry, const char* name) {
  return registry.counter("restante_messages_total", "Messages by outcome.", {{"outcome", name}});
}
base::Counter& refusal(base::Registry& registry, const char* reason) {
  return registry.counter("restante_refusals_total", "Refusals by policy and by full queues.", {{"reason", reason}});
}
base::Counter& lookup(base::Registry& registry, const char* result) {
  return registry.counter("restante_presence_lookups_total", "Presence lookups: hit is any answer, miss is none.",
                          {{"result", result}});
}
base::Gauge* bucket(base::Registry& registry, const char* name) {
  return &registry.gauge("restante_pending_users", "Users by number of pending messages.", {{"bucket", name}});
}

}  // namespace

LaneMetrics::LaneMetrics(base::Registry& registry)
    : commit_seconds(registry.histogram("restante_commit_seconds", "Time of one durable batch.")),
      accepted_to_commit(
          registry.histogram("restante_accepted_to_commit_seconds", "From accepting a message to its durable batch.")),
      batch_commands(registry.histogram("restante_batch_commands", "Commands per batch.", kBatchBounds)),
      messages_accepted(outcome(registry, "accepted")),
      messages_duplicate(outcome(registry, "duplicate")),
      messages_refused(outcome(registry, "refused")),
      messages_delivered(outcome(registry, "delivered")),
      messages_read(outcome(registry, "read")),
      messages_expired(outcome(registry, "expired")),
      messages_skipped(outcome(registry, "skipped")),
      messages_unreadable(outcome(registry, "unreadable")),
      refused_rate(refusal(registry, "messages_per_minute")),
      refused_bytes(refusal(registry, "bytes_per_second")),
      refused_held(refusal(registry, "held_back")),
      refused_relation(refusal(registry, "not_allowed")),
      refused_storage_full(refusal(registry, "storage_full")),
      refused_queue_full(refusal(registry, "queue_full")),
      refused_conflict(refusal(registry, "conflict")),
      refused_session(refusal(registry, "session_ended")),
      refused_store(refusal(registry, "store_failed")),
      commands_damaged(registry.counter("restante_commands_damaged_total",
                                        "Commands that failed for a damaged row that they cannot do without.")),
      presence_hits(lookup(registry, "hit")),
      presence_misses(lookup(registry, "miss")),
      queue_depth(registry.gauge("restante_queue_depth", "Waiting tasks.", {{"queue", "lane"}})),
      pending_messages(registry.gauge("restante_pending_messages", "Messages no device has confirmed, all users.")),
      push_jobs(registry.gauge("restante_push_jobs", "Devices that are owed a push, held or due.")),
      pending_users{bucket(registry, "1-10"), bucket(registry, "11-100"), bucket(registry, "101-1000"),
                    bucket(registry, "1001+")} {}

}  // namespace chat
