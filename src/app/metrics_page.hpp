#pragma once
#include "base/metrics.hpp"
#include "gateway/gateway.hpp"
#include "socketio/engineio/options.hpp"

namespace app {

/// What the rooms count by themselves, put on the metrics page. The counters must outlive the registry's last
/// rendering.
void export_engine(base::Registry& registry, const engineio::Counters& counters);
void export_gateway(base::Registry& registry, const gateway::Counters& counters);
/// Push: nothing is sent in this version.
void export_push(base::Registry& registry);
/// Process: resident memory, open descriptors, start time.
void export_process(base::Registry& registry, const base::Clock& clock);

}  // namespace app
