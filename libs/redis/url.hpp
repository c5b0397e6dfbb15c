#pragma once
// redis://[user][:password@]host[:port][/database], rediss:// for TLS.
// redis+sentinel://[user][:password@]host[:port][,host[:port]…]/group[/database] where Sentinels know which server is
// the master of the group; rediss+sentinel:// for TLS, to them too. User and password are the servers', not the
// Sentinels'. No I/O.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace redis {

inline constexpr std::uint16_t kDefaultPort = 6379;
inline constexpr std::uint16_t kDefaultSentinelPort = 26379;
/// Three or five are usual; a longer list is a mistake.
inline constexpr std::size_t kMaxSentinels = 32;

struct Address {
  std::string host;
  std::uint16_t port = 0;
  friend bool operator==(const Address&, const Address&) = default;
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
};

/// nullopt: not such a URL. User, password and group may be percent-encoded; an IPv6 address stands in brackets.
std::optional<Endpoint> parse_url(std::string_view url);

}  // namespace redis
