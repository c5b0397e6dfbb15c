#include "socketio/server/standalone.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "aio/shard.hpp"
#include "base/clock.hpp"
#include "socketio/engineio/server.hpp"

namespace socketio {

namespace {

// Clients that do not take their last packets by then lose them; a supervisor usually waits ten seconds.
constexpr std::chrono::milliseconds kDrainAtMost{2'000};

sigset_t ending_signals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  return signals;
}

int serve(engineio::Server& engine, const StandaloneOptions& options, const sigset_t& signals) {
  const auto port = engine.listen(options.host, options.port);
  if (!port.ok()) {
    const std::string_view cause = engineio::to_string(port.error());
    std::fprintf(stderr, "cannot listen on %s:%u: %.*s\n", options.host.c_str(), unsigned{options.port},
                 static_cast<int>(cause.size()), cause.data());
    return 1;
  }
  std::printf("listening on http://%s:%u\n", options.host.c_str(), unsigned{port.value()});
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  engine.stop_accepting();
  engine.close_all(engineio::CloseReason::kServerShuttingDown, true);
  engine.wait_until_empty(kDrainAtMost);
  return 0;
}

}  // namespace

int run_standalone(Server& server, StandaloneOptions options) {
  // Blocked before the shards start, so that they inherit it and only this thread waits.
  const sigset_t signals = ending_signals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  const base::SystemClock clock;
  std::vector<std::unique_ptr<aio::Shard>> shards(std::clamp<std::size_t>(
      options.shards != 0 ? options.shards : std::thread::hardware_concurrency(), 1, engineio::kMostShards));
  std::vector<aio::Shard*> places;
  for (std::size_t i = 0; i < shards.size(); ++i) {
    shards[i] = std::make_unique<aio::Shard>(aio::ShardIndex{static_cast<std::uint16_t>(i)}, clock);
    shards[i]->start();
    places.push_back(shards[i].get());
  }
  int status = 0;
  {
    engineio::Server engine(options.engine, places, clock);
    server.attach(engine, places);
    status = serve(engine, options, signals);
    if (options.on_drained) options.on_drained();
  }
  for (aio::Shard* shard : places) shard->stop();
  return status;
}

}  // namespace socketio
