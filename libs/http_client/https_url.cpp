#include "http_client/https_url.hpp"

#include <algorithm>

#include "base/read_number.hpp"

namespace http_client {

namespace {

constexpr std::string_view kScheme = "https://";
constexpr std::size_t kMaxHostBytes = 253;  // RFC 1035 §2.3.4, as text

constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}
constexpr bool is_name_character(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z') || c == '-' || c == '_' || c == '.';
}
constexpr bool is_ipv6_character(char c) {
  return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f') || c == ':' || c == '.';
}
/// What RFC 3986 leaves out of a URI is out here too: parsers differ about it.
constexpr bool is_path_character(char c) {
  return c > ' ' && c <= '~' && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos;
}

bool is_host(std::string_view host) {
  if (host.starts_with('[')) {
    if (host.size() < 4 || host.back() != ']') return false;
    host = host.substr(1, host.size() - 2);
    return std::all_of(host.begin(), host.end(), is_ipv6_character);
  }
  const bool named = !host.empty() && host.size() <= kMaxHostBytes && host.front() != '.' && host.front() != '-';
  return named && host.find("..") == std::string_view::npos && std::all_of(host.begin(), host.end(), is_name_character);
}

std::optional<std::uint16_t> parse_port(std::string_view digits) {
  std::uint16_t port = 0;
  const bool plain = !digits.empty() && is_digit(digits.front());  // no sign
  if (!plain || !base::read_number(digits, port) || port == 0) return std::nullopt;
  return port;
}

std::string lowered(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(), lower);
  return result;
}

}  // namespace

std::optional<HttpsUrl> parse_https_url(std::string_view url) {
  if (url.size() > kMaxUrlBytes || !url.starts_with(kScheme)) return std::nullopt;
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t path_at = std::min(rest.find_first_of("/?"), rest.size());
  const std::string_view path = rest.substr(path_at);
  if (!std::all_of(path.begin(), path.end(), is_path_character)) return std::nullopt;

  const std::string_view authority = rest.substr(0, path_at);
  const std::size_t bracket = authority.rfind(']');
  const std::size_t colon = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
  HttpsUrl result;
  if (colon != std::string_view::npos) {
    const auto port = parse_port(authority.substr(colon + 1));
    if (!port) return std::nullopt;
    result.port = *port;
  }
  const std::string_view host = authority.substr(0, colon);
  if (!is_host(host)) return std::nullopt;
  result.host = lowered(host);
  result.origin = std::string(kScheme) + result.host;
  if (result.port != kHttpsPort) result.origin += ":" + std::to_string(result.port);
  return result;
}

bool host_matches(std::string_view host, std::string_view pattern) {
  const std::string name = lowered(host);
  const std::string wanted = lowered(pattern);
  if (!wanted.starts_with("*.")) return !wanted.empty() && name == wanted;
  const std::string_view suffix = std::string_view(wanted).substr(1);  // with its dot
  return suffix.size() > 1 && name.size() > suffix.size() && name.ends_with(suffix);
}

}  // namespace http_client
