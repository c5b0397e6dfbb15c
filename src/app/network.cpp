#include "app/network.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "base/check.hpp"
#include "base/log.hpp"
#include "socketio/engineio/server.hpp"

namespace app {
namespace {

constexpr std::size_t kUnjoinedBytes = 16 * 1024;  // a CONNECT packet is a token and a few words
constexpr std::size_t kRequestBodyBytes = 256 * 1024;
constexpr std::size_t kNamespaces = 4;  // the chat lives in one
// Descriptors that are not for connections: files of the store, sockets to MongoDB, Redis and push services, event
// loops.
constexpr std::size_t kMostConnections = 200'000;  // where nobody said how many
constexpr std::uint64_t kMostReserved = 1024;
constexpr std::uint64_t kReservedPart = 4;  // a quarter, where the limit is low

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
  int family = AF_INET;
};

std::optional<Address> parse_address(const std::string& host, std::int64_t port) {
  Address address;
  const auto number = htons(static_cast<std::uint16_t>(port));
  sockaddr_in v4{};
  sockaddr_in6 v6{};
  if (::inet_pton(AF_INET, host == "localhost" ? "127.0.0.1" : host.c_str(), &v4.sin_addr) == 1) {
    v4.sin_family = AF_INET;
    v4.sin_port = number;
    std::memcpy(&address.storage, &v4, sizeof v4);
    address.size = sizeof v4;
    return address;
  }
  if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) == 1) {
    v6.sin6_family = AF_INET6;
    v6.sin6_port = number;
    std::memcpy(&address.storage, &v6, sizeof v6);
    address.size = sizeof v6;
    address.family = AF_INET6;
    return address;
  }
  return std::nullopt;
}

/// Some clients write the port that their scheme has anyway, others leave it out (RFC 6454 §6.2 does).
std::string_view without_default_port(std::string_view scheme, std::string_view authority) {
  const auto port = scheme == "https" || scheme == "wss" ? std::string_view(":443") : std::string_view(":80");
  if (authority.ends_with(port)) authority.remove_suffix(port.size());
  return authority;
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

/// `setting` 0: as many as there may be.
std::size_t affordable_connections(std::size_t setting) {
  const auto wanted = setting != 0 ? setting : kMostConnections;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == RLIM_INFINITY) return wanted;
  const auto allowed = connections_within(wanted, files.rlim_cur);
  if (allowed < setting) {
    base::log::warning("the limit of open files allows fewer connections than server.max_connections",
                       {{"open_files", files.rlim_cur}, {"connections", allowed}, {"max_connections", setting}});
  }
  return allowed;
}

std::optional<std::string> refuse_tls(const std::string& certificate, const std::string& key) {
  if (certificate.empty()) return std::nullopt;
  const auto problem = engineio::check_tls({.certificate_file = certificate, .key_file = key});
  if (!problem) return std::nullopt;
  switch (*problem) {
    case engineio::TlsProblem::kCertificate:
      return "tls.certificate: " + certificate + " cannot be read as a PEM file of certificates";
    case engineio::TlsProblem::kKey:
      return "tls.key: " + key + " cannot be read as a PEM file of a private key without a pass phrase";
    case engineio::TlsProblem::kNoPair:
      break;
  }
  return "tls.key: " + key + " is not the key of the certificate in " + certificate;
}

}  // namespace

std::optional<std::string> refuse_to_listen(const Settings& settings) {
  const auto& host = settings.server.host;
  if (!parse_address(host, 0)) return "server.host: \"" + host + "\" is not an IPv4 or IPv6 address";
  for (const auto& each : settings.server.trusted_proxies)
    if (!engineio::AddressRange::parse(each))
      return "server.trusted_proxies: \"" + each + "\" is neither an address nor a network (10.0.0.0/8)";
  if (settings.tls.certificate.empty() != settings.tls.key.empty())
    return std::string("tls.certificate and tls.key belong together");
  if (!is_loopback(host) && settings.tls.certificate.empty() && !settings.server.insecure_plaintext)
    return host +
           " is not a loopback address: set tls.certificate and tls.key, or pass --insecure-plaintext behind a proxy "
           "that ends TLS";
  return refuse_tls(settings.tls.certificate, settings.tls.key);
}

std::optional<std::string> refuse_to_bind(const std::string& host, std::int64_t port) {
  const auto address = parse_address(host, port);
  if (!address) return std::nullopt;
  const int descriptor = ::socket(address->family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return std::nullopt;
  const int one = 1;  // connections of an earlier run that linger are no listener
  ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  const bool bound = ::bind(descriptor, reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0;
  const int why = errno;
  ::close(descriptor);
  if (bound) return std::nullopt;
  const auto where = host + ":" + std::to_string(port);
  if (why == EADDRINUSE) return where + " is in use by another process";
  if (why == EADDRNOTAVAIL) return where + ": this machine does not have that address";
  return where + ": " + std::strerror(why);
}

std::size_t connections_within(std::size_t wanted, std::uint64_t descriptors) {
  const auto reserve = std::min(kMostReserved, descriptors / kReservedPart);
  return static_cast<std::size_t>(std::min<std::uint64_t>(wanted, std::max<std::uint64_t>(descriptors - reserve, 1)));
}

engineio::ServerOptions engine_options(const Settings& settings) {
  const auto& server = settings.server;
  const auto size = [](std::int64_t number) { return static_cast<std::size_t>(number); };
  engineio::ServerOptions options;
  options.path = "/socket.io/";
  options.ping_interval = std::chrono::milliseconds(server.ping_interval_ms);
  options.ping_timeout = std::chrono::milliseconds(server.ping_timeout_ms);
  options.max_payload = size(server.max_payload_bytes);
  options.max_buffered_bytes = size(server.max_buffered_bytes);
  options.max_connections = affordable_connections(size(server.max_connections));
  for (const auto& each : server.trusted_proxies) {
    const auto proxies = engineio::AddressRange::parse(each);
    CHECK(proxies.has_value());  // refuse_to_listen()
    options.trusted_proxies.push_back(*proxies);
  }
  options.cors.origins = server.allowed_origins;
  options.allow_origin = [allowed = server.allowed_origins](std::string_view origin, std::string_view host) {
    return origin_allowed(origin, host, allowed);
  };
  options.http.body = kRequestBodyBytes;
  options.addresses.connects_per_second = settings.limits.connects_per_second;
  options.addresses.connect_burst = chat::kConnectBurst;
  options.addresses.connections = settings.limits.connections_per_address;
  options.tls = {.certificate_file = settings.tls.certificate, .key_file = settings.tls.key};
  return options;
}

socketio::ServerOptions socket_options(const Settings& settings) {
  socketio::ServerOptions options;
  options.connect_timeout = std::chrono::milliseconds(settings.server.join_timeout_ms);
  options.rearm_connect_timeout = true;  // server.max_unjoined counts whoever is in no namespace
  options.max_unjoined_per_address = static_cast<std::size_t>(settings.server.max_unjoined_per_address);
  options.max_namespaces_per_connection = kNamespaces;
  options.max_unjoined_payload = kUnjoinedBytes;
  options.packets = socketio_codec::DecodeLimits();  // the strict ones
  options.handshake_retention = socketio::HandshakeRetention::kUntilJoined;
  return options;
}

bool origin_allowed(std::string_view origin, std::string_view host, const std::vector<std::string>& allowed) {
  for (const auto& each : allowed)
    if (each == "*" || each == origin) return true;
  const auto end = origin.find("://");
  if (end == std::string_view::npos || host.empty()) return false;
  const auto scheme = origin.substr(0, end);
  return without_default_port(scheme, origin.substr(end + 3)) == without_default_port(scheme, host);
}

}  // namespace app
