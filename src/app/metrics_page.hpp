#pragma once
#include <string>
#include <utility>
#include <vector>

#include "aio/offload_pool.hpp"
#include "aio/shard.hpp"
#include "api/api.hpp"
#include "base/metrics.hpp"
#include "chat/services/accounts_service.hpp"
#include "chat/services/relations_service.hpp"
#include "gateway/gateway.hpp"
#include "socketio/engineio/options.hpp"

namespace app {

/// What the rooms count by themselves, put on the metrics page (docs/operations.md has the table of all of it). What is
/// named here must outlive the registry's last rendering. Rendering reads relaxed atomics and files of /proc, never a
/// lock that a shard takes; it runs on a thread of its own, because counting files may block.
void export_engine(base::Registry& registry, const engineio::Counters& counters);
void export_gateway(base::Registry& registry, const gateway::Counters& counters);
/// The histograms that sessions fill.
gateway::Timings make_timings(base::Registry& registry);
/// Depth and refusals of the queues in front of the pools, and what was posted to the shards.
void export_queues(base::Registry& registry, const std::vector<aio::Shard*>& shards,
                   const std::vector<std::pair<const char*, const aio::OffloadPool*>>& pools);
/// Refusals by the limits of the HTTP API.
void export_limits(base::Registry& registry, const chat::AccountService& accounts,
                   const chat::RelationService& relations, const api::Api& api);
/// Free space of the file system below `directory`, and what the directory holds.
void export_storage(base::Registry& registry, const std::string& directory);
/// Process: resident memory, open descriptors, processor time, start time.
void export_process(base::Registry& registry, const base::Clock& clock);

}  // namespace app
