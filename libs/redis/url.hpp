#pragma once
// redis://[user][:password@]host[:port][/database], rediss:// for TLS. No I/O.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace redis {

inline constexpr std::uint16_t kDefaultPort = 6379;

struct Endpoint {
  std::string host = "127.0.0.1";
  std::uint16_t port = kDefaultPort;
  bool tls = false;
  std::string user;      // empty: the default user
  std::string password;  // empty: no AUTH
  unsigned database = 0;
};

/// nullopt: not such a URL. User and password may be percent-encoded; an IPv6 address stands in brackets.
std::optional<Endpoint> parse_url(std::string_view url);

}  // namespace redis
