#include "socketio/engineio/server.hpp"

#include <algorithm>
#include <future>
#include <thread>

#include "base/check.hpp"
#include "socketio/engineio/listening.hpp"
#include "socketio/engineio/server_context.hpp"
#include "socketio/engineio/shard_server.hpp"

namespace engineio {

namespace {

/// How often wait_until_empty looks.
constexpr std::chrono::milliseconds kLookInterval{2};

websocket_codec::ParserOptions parser_options(const ServerOptions& options) {
  websocket_codec::ParserOptions out;
  out.max_message_bytes = static_cast<std::uint32_t>(std::min<std::size_t>(options.max_payload, 0x7FFF'FFFF));
  out.max_fragments = static_cast<std::uint16_t>(std::min<std::size_t>(options.max_fragments, 0xFFFF));
  return out;
}

/// Runs `work` on the shard's thread and waits, until after the end of that turn if asked.
void run_on(aio::Shard& shard, const std::function<void()>& work, bool until_end_of_turn = false) {
  if (!shard.running()) return work();
  CHECK(!shard.on_this_thread());
  std::promise<void> done;
  shard.post([&] {
    work();
    if (!until_end_of_turn) return done.set_value();
    shard.at_end_of_turn([&] { done.set_value(); });
  });
  done.get_future().wait();
}

}  // namespace

std::string_view to_string(ListenError error) {
  switch (error) {
    case ListenError::kBadAddress:
      return "not an IP address";
    case ListenError::kAddressInUse:
      return "address in use";
    case ListenError::kNoPermission:
      return "no permission";
    case ListenError::kSystem:
      return "the system refused";
    case ListenError::kTls:
      return "certificate or key cannot be used";
  }
  return "unknown";
}

std::optional<TlsProblem> check_tls(const TlsOptions& options) {
  const auto loaded = TlsContext::load(options);
  return loaded ? std::nullopt : std::optional(loaded.error());
}

ServerContext::ServerContext(ServerOptions o, std::vector<aio::Shard*> s, const base::Clock& c)
    : options(std::move(o)),
      clock(c),
      shards(std::move(s)),
      websocket(parser_options(options)),
      limiter(options.addresses) {}

bool ServerContext::is_trusted(const PeerAddress& address) const {
  return std::any_of(options.trusted_proxies.begin(), options.trusted_proxies.end(),
                     [&](const AddressRange& proxies) { return proxies.contains(address); });
}

struct Server::Shared : ServerContext {
  using ServerContext::ServerContext;
};

Server::Server(ServerOptions options, std::vector<aio::Shard*> shards, const base::Clock& clock)
    : shared_(std::make_unique<Shared>(std::move(options), std::move(shards), clock)) {
  CHECK(!shared_->shards.empty());
  for (std::uint16_t i = 0; i < shared_->shards.size(); ++i) {
    shards_.push_back(std::make_unique<ShardServer>(*shared_, i));
    shared_->shard_servers.push_back(shards_.back().get());
  }
}

Server::~Server() {
  shared_->draining = true;
  // Two passes: a connection that one shard sent away in the first arrives at another before the second.
  for (const auto& shard : shards_) run_on(shard->shard(), [&] { shard->shut_down(); });
  for (int pass = 0; pass < 2; ++pass)
    for (const auto& shard : shards_) run_on(shard->shard(), [] {}, true);
  for (auto& shard : shards_) run_on(shard->shard(), [&] { shard.reset(); });
}

void Server::on_session(SessionHandler handler) {
  shared_->on_session = std::move(handler);
}
void Server::on_http(HttpHandler handler) {
  shared_->on_http = std::move(handler);
}

base::Result<std::uint16_t, ListenError> Server::listen(const std::string& host, std::uint16_t port) {
  const auto& tls = shared_->options.tls;
  if (!tls.certificate_file.empty() && !shared_->tls) {
    auto loaded = TlsContext::load(tls);
    if (!loaded) return base::fail(ListenError::kTls);
    shared_->tls = std::move(*loaded);
  }
  auto opened = open_listeners(host, port, shards_.size());
  if (!opened) return base::fail(opened.error());
  for (std::size_t i = 0; i < shards_.size(); ++i)
    run_on(shards_[i]->shard(), [&] { shards_[i]->add_listener(opened->descriptors[i]); });
  return opened->port;
}

void Server::stop_accepting() {
  shared_->draining = true;
  for (const auto& shard : shards_) run_on(shard->shard(), [&] { shard->stop_accepting(); });
}

void Server::close_all(CloseReason reason, bool flush) {
  for (const auto& shard : shards_) run_on(shard->shard(), [&] { shard->close_all(reason, flush); });
}

bool Server::wait_until_empty(std::chrono::milliseconds at_most) {
  const auto deadline = std::chrono::steady_clock::now() + at_most;
  const auto empty = [&] {
    return shared_->counters.sessions_now.load() == 0 && shared_->counters.connections_now.load() == 0;
  };
  while (!empty()) {
    if (std::chrono::steady_clock::now() >= deadline) return false;
    // A polling session that was between two polls: nobody can come any more to fetch its close.
    if (shared_->counters.connections_now.load() == 0) close_all(CloseReason::kServerShuttingDown, false);
    std::this_thread::sleep_for(kLookInterval);
  }
  return true;
}

const ServerOptions& Server::options() const {
  return shared_->options;
}
const Counters& Server::counters() const {
  return shared_->counters;
}

}  // namespace engineio
