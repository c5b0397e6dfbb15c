#include "socketio/engineio/listening.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace engineio {

namespace {

/// Connections that the kernel completes while we are busy.
constexpr int kBacklog = 4096;

struct Endpoint {
  sockaddr_storage storage{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* address() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

std::optional<Endpoint> endpoint_of(const std::string& host, std::uint16_t port) {
  Endpoint out;
  const std::string literal = host == "localhost" ? "127.0.0.1" : host;
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, literal.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&out.storage, &v4, out.size = sizeof v4);
    return out;
  }
  if (::inet_pton(AF_INET6, literal.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
  v6.sin6_family = AF_INET6;
  v6.sin6_port = htons(port);
  std::memcpy(&out.storage, &v6, out.size = sizeof v6);
  return out;
}

ListenError cause_of(int error) {
  if (error == EADDRINUSE) return ListenError::kAddressInUse;
  if (error == EACCES || error == EPERM) return ListenError::kNoPermission;
  return ListenError::kSystem;
}

base::Result<int, ListenError> bind_one(const Endpoint& endpoint, bool shared) {
  const int descriptor = ::socket(endpoint.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return base::fail(ListenError::kSystem);
  const int on = 1;  // connections of a former process in TIME_WAIT are no obstacle
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (shared) ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  if (::bind(descriptor, endpoint.address(), endpoint.size) != 0 || ::listen(descriptor, kBacklog) != 0) {
    const int error = errno;
    ::close(descriptor);
    return base::fail(cause_of(error));
  }
  return descriptor;
}

std::uint16_t port_of(int descriptor) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&storage), &size);
  // sin_port and sin6_port lie at the same place.
  sockaddr_in v4;
  std::memcpy(&v4, &storage, sizeof v4);
  return ntohs(v4.sin_port);
}

}  // namespace

base::Result<Listeners, ListenError> open_listeners(const std::string& host, std::uint16_t port, std::size_t count) {
  auto endpoint = endpoint_of(host, port);
  if (!endpoint) return base::fail(ListenError::kBadAddress);
  if (port != 0) {
    const auto probe = bind_one(*endpoint, false);
    if (!probe) return base::fail(probe.error());
    ::close(probe.value());
  }
  Listeners out;
  out.port = port;
  for (std::size_t i = 0; i < count; ++i) {
    const auto bound = bind_one(*endpoint, true);
    if (!bound) {
      for (const int descriptor : out.descriptors) ::close(descriptor);
      return base::fail(bound.error());
    }
    out.descriptors.push_back(bound.value());
    if (out.port == 0) {
      out.port = port_of(bound.value());
      endpoint = endpoint_of(host, out.port);
    }
  }
  return out;
}

}  // namespace engineio
