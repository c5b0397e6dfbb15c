#pragma once
// Https URLs from strangers (push endpoints) and operators. Accepts a subset of RFC 3986 on which every parser agrees,
// so that what was checked here is what the client connects to: no user, no fragment, no escapes in the host.
//
//   url  = "https://" host [ ":" port ] [ ( "/" | "?" ) *visible ]
//   host = 1*( letter | digit | "-" | "_" | "." )  |  "[" 1*( hex digit | ":" | "." ) "]"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace http_client {

/// RFC 9110 §4.1 asks for 8000; push endpoints have some 200, and each is stored with a device.
inline constexpr std::size_t kMaxUrlBytes = 2048;
inline constexpr std::uint16_t kHttpsPort = 443;

struct HttpsUrl {
  std::string host;  // lower case; IPv6 with its brackets
  std::uint16_t port = kHttpsPort;
  std::string origin;  // RFC 6454: https://host, and :port unless it is the default
};

[[nodiscard]] std::optional<HttpsUrl> parse_https_url(std::string_view url);

/// `pattern` is a host, or "*.domain" for every host below the domain (not itself). Case does not matter.
[[nodiscard]] bool host_matches(std::string_view host, std::string_view pattern);

}  // namespace http_client
