// engineio_echo: the smallest server on libs/socketio/engineio. It sends every message back, text as text and binary as
// binary, and ends on SIGTERM or SIGINT. The official Engine.IO 4 suite runs against it with
//   engineio_echo --port 3000 --ping-interval 300 --ping-timeout 200 --max-payload 1000000
#include <algorithm>
#include <csignal>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "aio/shard.hpp"
#include "flags.hpp"
#include "socketio/engineio/server.hpp"

namespace {

class Echo final : public engineio::Listener {
 public:
  explicit Echo(engineio::Session& session) : session_(session) {}
  void on_text(std::string_view payload) override { session_.send_text(payload); }
  void on_binary(std::string_view payload) override { session_.send_binary(payload); }
  void on_close(engineio::CloseReason) override {}

 private:
  engineio::Session& session_;
};

engineio::ServerOptions options_from(const examples::Flags& flags) {
  engineio::ServerOptions options;
  options.path = flags.text("path");
  options.ping_interval = flags.milliseconds("ping-interval");
  options.ping_timeout = flags.milliseconds("ping-timeout");
  options.max_payload = flags.number<std::size_t>("max-payload");
  (void)flags.milliseconds("connect-timeout");  // a Socket.IO matter; taken so that both echoes take the same
  if (const std::string& origin = flags.text("origin"); !origin.empty()) {
    options.cors.origins = {origin};
    if (origin != "*") options.allowed_origins = {origin};
  }
  return options;
}

}  // namespace

int main(int count, char** arguments) {
  const examples::Flags flags(count, arguments,
                              {{"host", "127.0.0.1"},
                               {"port", "3000"},
                               {"shards", "1"},  // an echo needs no more
                               {"ping-interval", "25000"},
                               {"ping-timeout", "20000"},
                               {"max-payload", "1000000"},
                               {"connect-timeout", "45000"},
                               {"path", "/engine.io/"},
                               {"origin", ""}});
  const auto options = options_from(flags);
  const std::string& host = flags.text("host");
  const auto port = flags.number<std::uint16_t>("port");
  const auto count_of_shards = std::max<std::size_t>(1, flags.number<std::size_t>("shards", engineio::kMostShards));
  // Signals are taken by sigwait below; threads started from here on inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const base::SystemClock clock;
  std::vector<std::unique_ptr<aio::Shard>> shards;
  std::vector<aio::Shard*> running;
  for (std::size_t i = 0; i < count_of_shards; ++i) {
    shards.push_back(std::make_unique<aio::Shard>(aio::ShardIndex{static_cast<std::uint16_t>(i)}, clock));
    shards.back()->start();
    running.push_back(shards.back().get());
  }
  engineio::Server server(options, running, clock);
  server.on_session([](engineio::Session& session, const engineio::Handshake&) -> std::unique_ptr<engineio::Listener> {
    return std::make_unique<Echo>(session);
  });
  const auto listening = server.listen(host, port);
  if (!listening) {
    std::cerr << "engineio_echo: cannot listen on " << host << ":" << port << ": "
              << engineio::to_string(listening.error()) << "\n";
    return 1;
  }
  std::cout << "listening on http://" << host << ":" << listening.value() << std::endl;
  int received = 0;
  sigwait(&signals, &received);
  constexpr std::chrono::milliseconds kDrain{3'000};
  server.stop_accepting();
  server.close_all(engineio::CloseReason::kServerShuttingDown, false);
  server.wait_until_empty(kDrain);
  return 0;
}
