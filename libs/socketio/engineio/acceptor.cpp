#include "socketio/engineio/acceptor.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "socketio/engineio/shard_server.hpp"

namespace engineio {

namespace {
/// Accepted in one turn; the rest waits in the kernel's queue.
constexpr int kAcceptsPerTurn = 64;
/// Out of descriptors: pause instead of spinning on a listener that stays readable.
constexpr std::chrono::milliseconds kRetry{100};
}  // namespace

Acceptor::Acceptor(ShardServer& server, int descriptor)
    : server_(server), descriptor_(descriptor), retry_(aio::Timer::member<&Acceptor::watch>(*this)) {
  watch();
}

Acceptor::~Acceptor() {
  if (watched_) server_.shard().readiness().remove(descriptor_, *this);
  ::close(descriptor_);
}

void Acceptor::watch() {
  watched_ = server_.shard().readiness().add(descriptor_, *this, EPOLLIN);
  if (!watched_) server_.shard().timers().arm_after(retry_, kRetry);
}

void Acceptor::on_ready(std::uint32_t) {
  for (int i = 0; i < kAcceptsPerTurn && accept_one(); ++i) {
  }
}

bool Acceptor::accept_one() {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  auto* address = reinterpret_cast<sockaddr*>(&storage);
  const int descriptor = ::accept4(descriptor_, address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (descriptor < 0) {
    if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
      server_.shard().readiness().remove(descriptor_, *this);
      watched_ = false;
      server_.shard().timers().arm_after(retry_, kRetry);
    }
    return errno == ECONNABORTED || errno == EINTR;
  }
  auto& context = server_.context();
  const auto peer = PeerAddress::of(*address);
  const bool counted = context.limiter.enabled() && !peer.is_loopback() && !context.is_trusted(peer);
  if (counted && !context.limiter.admit(peer, server_.now())) {
    context.counters.refused_address_limit.fetch_add(1, std::memory_order_relaxed);
    ::close(descriptor);
    return true;
  }
  if (!take_place(context.counters.connections_now, context.options.max_connections)) {
    context.counters.refused_connection_limit.fetch_add(1, std::memory_order_relaxed);
    if (counted) context.limiter.release(peer);
    ::close(descriptor);
    return true;
  }
  const int on = 1;  // answers are gathered by us; waiting for more would only add latency
  ::setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  server_.accept(descriptor, peer, counted);
  return true;
}

}  // namespace engineio
