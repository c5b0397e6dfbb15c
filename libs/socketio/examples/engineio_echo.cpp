// engineio_echo: the smallest server on libs/socketio/engineio. It sends every message back, text as text and binary as
// binary, and ends on SIGTERM or SIGINT. The official Engine.IO 4 suite runs against it with
//   engineio_echo --port 3000 --ping-interval 300 --ping-timeout 200 --max-payload 1000000
#include <algorithm>
#include <charconv>
#include <csignal>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "aio/shard.hpp"
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

struct Settings {
  std::string host = "127.0.0.1";
  std::uint16_t port = 3000;
  unsigned shards = 1;  // an echo needs no more
  engineio::ServerOptions server;
};

bool read_number(const std::string& text, std::uint64_t most, std::uint64_t& value) {
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc() && result.ptr == text.data() + text.size() && value <= most;
}

bool apply_number(Settings& settings, const std::string& flag, std::uint64_t number) {
  if (flag == "--port")
    settings.port = static_cast<std::uint16_t>(number);
  else if (flag == "--ping-interval")
    settings.server.ping_interval = std::chrono::milliseconds(number);
  else if (flag == "--ping-timeout")
    settings.server.ping_timeout = std::chrono::milliseconds(number);
  else if (flag == "--max-payload")
    settings.server.max_payload = number;
  else if (flag == "--shards")
    settings.shards = static_cast<unsigned>(std::max<std::uint64_t>(1, number));
  else if (flag != "--connect-timeout")
    return false;  // a Socket.IO matter; accepted so that both echoes take the same
  return true;
}

bool apply(Settings& settings, const std::string& flag, const std::string& value) {
  if (flag == "--host")
    settings.host = value;
  else if (flag == "--path")
    settings.server.path = value;
  else if (flag == "--origin") {
    settings.server.cors.origins.push_back(value);
    if (value != "*") settings.server.allowed_origins.push_back(value);
  } else {
    constexpr std::uint64_t kMostPort = 65'535;
    constexpr std::uint64_t kMost = 1'000'000'000;
    std::uint64_t number = 0;
    const std::uint64_t most = flag == "--port" ? kMostPort : flag == "--shards" ? engineio::kMostShards : kMost;
    return read_number(value, most, number) && apply_number(settings, flag, number);
  }
  return true;
}

}  // namespace

int main(int count, char** arguments) {
  Settings settings;
  for (int i = 1; i < count; i += 2) {
    const std::string flag = arguments[i];
    if (i + 1 == count || !apply(settings, flag, arguments[i + 1])) {
      std::cerr << "engineio_echo: unknown or incomplete option " << flag << "\n";
      return 2;
    }
  }
  // Signals are taken by sigwait below; threads started from here on inherit the mask.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  const base::SystemClock clock;
  std::vector<std::unique_ptr<aio::Shard>> shards;
  std::vector<aio::Shard*> running;
  for (unsigned i = 0; i < settings.shards; ++i) {
    shards.push_back(std::make_unique<aio::Shard>(aio::ShardIndex{static_cast<std::uint16_t>(i)}, clock));
    shards.back()->start();
    running.push_back(shards.back().get());
  }
  engineio::Server server(settings.server, running, clock);
  server.on_session([](engineio::Session& session, const engineio::Handshake&) -> std::unique_ptr<engineio::Listener> {
    return std::make_unique<Echo>(session);
  });
  const auto port = server.listen(settings.host, settings.port);
  if (!port) {
    std::cerr << "engineio_echo: cannot listen on " << settings.host << ":" << settings.port << ": "
              << engineio::to_string(port.error()) << "\n";
    return 1;
  }
  std::cout << "listening on http://" << settings.host << ":" << port.value() << std::endl;
  int received = 0;
  sigwait(&signals, &received);
  constexpr std::chrono::milliseconds kDrain{3'000};
  server.stop_accepting();
  server.close_all(engineio::CloseReason::kServerShuttingDown, false);
  server.wait_until_empty(kDrain);
  return 0;
}
