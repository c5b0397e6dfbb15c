// Apart from server.cpp, so that what is tested without an engine links without one.

#include <algorithm>

#include "aio/shard.hpp"
#include "base/check.hpp"
#include "socketio/engineio/server.hpp"
#include "socketio/server/hub.hpp"
#include "socketio/server/server.hpp"

namespace socketio {

void Server::attach(engineio::Server& engine, std::span<aio::Shard* const> shards) {
  CHECK(hubs_.empty());
  bound_attachments(engine.options().max_payload);
  for (aio::Shard* shard : shards) {
    add_hub(Place{.executor = *shard, .timers = shard->timers(), .clock = shard->clock(), .is_here = [shard] {
                    return shard->on_this_thread();
                  }});
  }
  engine.on_session([this](engineio::Session& session, const engineio::Handshake& handshake) {
    const auto here = std::find_if(hubs_.begin(), hubs_.end(), [](const auto& hub) { return hub->is_here(); });
    CHECK(here != hubs_.end());
    return (*here)->accept(session, handshake);
  });
}

}  // namespace socketio
