#pragma once
#include "base/metrics.hpp"

namespace chat {

/// What the commit lane counts (names: docs/operations.md). Any thread may read; the lane writes.
struct LaneMetrics {
  explicit LaneMetrics(base::Registry& registry);

  base::Histogram& commit_seconds;      // Store::commit, per batch
  base::Histogram& accepted_to_commit;  // accepted at the gateway -> durable, per message
  base::Histogram& batch_commands;      // commands per batch
  base::Counter& messages_accepted;
  base::Counter& messages_duplicate;
  base::Counter& messages_refused;
  base::Counter& messages_delivered;   // confirmed by the first device
  base::Counter& messages_read;        // as the recipient says
  base::Counter& messages_expired;     // no device confirmed it in time
  base::Counter& messages_skipped;     // given up for one device (poison)
  base::Counter& messages_unreadable;  // failed for everyone
  base::Counter& refused_rate;
  base::Counter& refused_bytes;
  base::Counter& refused_held;
  base::Counter& refused_relation;
  base::Counter& refused_storage_full;
  base::Counter& refused_queue_full;
  base::Counter& refused_conflict;
  base::Counter& refused_session;
  base::Counter& refused_store;     // a read or a commit failed: `retry`
  base::Counter& commands_damaged;  // failed for a damaged row that they cannot do without
  base::Counter& presence_hits;
  base::Counter& presence_misses;
  base::Gauge& queue_depth;
  base::Gauge& pending_messages;
  base::Gauge& push_jobs;
  base::Gauge* pending_users[4];  // 1-10, 11-100, 101-1000, more: alerts say "more than 1000"
};

}  // namespace chat
