#pragma once
// redis://[user][:password@]host[:port][/database], rediss:// for TLS.
// redis+sentinel://[user][:password@]host[:port][,host[:port]…]/group[/database][?sentinel_username=…&
// sentinel_password=…] where Sentinels know which server is the master of the group; rediss+sentinel:// for TLS, to
// them too. User and password before the hosts are the servers', those of the query are the Sentinels'.
// redis+cluster://[user][:password@]host[:port][,host[:port]…][/0] for a Redis Cluster, of which any nodes are named;
// rediss+cluster:// for TLS. A cluster has database 0 only. No I/O.

#include <compare>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redis {

inline constexpr std::uint16_t kDefaultPort = 6379;
inline constexpr std::uint16_t kDefaultSentinelPort = 26379;
/// Sentinels, or nodes of a cluster: three to six are usual; a longer list is a mistake.
inline constexpr std::size_t kMaxHosts = 32;

struct Address {
  std::string host;
  std::uint16_t port = 0;
  friend auto operator<=>(const Address&, const Address&) = default;
};

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = kDefaultPort;
  bool tls = false;
  std::string user;      // empty: the default user
  std::string password;  // empty: no AUTH
  unsigned database = 0;
  /// Not empty: these are asked for the master of `group`, and `host` and `port` mean nothing.
  std::vector<Address> sentinels;
  std::string group;
  std::string sentinel_user;      // empty: the default user
  std::string sentinel_password;  // empty: no AUTH
  /// Not empty: nodes of a Redis Cluster, from which the others are learnt; `host` and `port` mean nothing.
  std::vector<Address> seeds;
};

/// nullopt: not such a URL. Users, passwords and group may be percent-encoded; an IPv6 address stands in brackets.
std::optional<Endpoint> parse_url(std::string_view url);

}  // namespace redis
