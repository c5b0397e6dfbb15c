#include "redis/url.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/read_number.hpp"

namespace redis {

namespace {

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    unsigned char value = 0;
    if (i + 3 > text.size()) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data() + i + 1, text.data() + i + 3, value, 16);
    if (error != std::errc() || end != text.data() + i + 3) return std::nullopt;
    out += static_cast<char>(value);
    i += 2;
  }
  return out;
}

bool read_credentials(std::string_view text, Endpoint& endpoint) {
  const std::size_t colon = text.find(':');
  const auto user = decode_percent(text.substr(0, colon));
  const auto password = decode_percent(colon == std::string_view::npos ? "" : text.substr(colon + 1));
  if (!user || !password || password->empty()) return false;
  endpoint.user = *user;
  endpoint.password = *password;
  return true;
}

bool read_address(std::string_view text, std::uint16_t default_port, Address& address) {
  address.port = default_port;
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return false;
    address.host = text.substr(1, end - 1);
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    address.host = text.substr(0, end);
  }
  const std::string_view rest = text.substr(end);
  if (address.host.empty()) return false;
  if (rest.empty()) return true;
  return rest[0] == ':' && base::read_number(rest.substr(1), address.port) && address.port != 0;
}

bool read_server(std::string_view text, Endpoint& endpoint) {
  Address address;
  if (!read_address(text, kDefaultPort, address) || address.host.find(',') != std::string::npos) return false;
  endpoint.host = std::move(address.host);
  endpoint.port = address.port;
  return true;
}

bool read_list(std::string_view text, std::uint16_t default_port, std::vector<Address>& addresses) {
  while (addresses.size() < kMaxHosts) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (!read_address(text.substr(0, comma), default_port, addresses.emplace_back())) return false;
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
  return false;
}

bool read_database(std::string_view text, Endpoint& endpoint) {
  return text.empty() || base::read_number(text, endpoint.database);
}

/// Up to the first `mark`, which is taken off the front with it; the whole text if there is none.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const auto taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

/// `text` is what follows the question mark. Each name once: of two passwords one would be a mistake.
bool read_sentinel_credentials(std::string_view text, Endpoint& endpoint) {
  while (!text.empty()) {
    std::string_view value = take_until(text, '&');
    const auto name = take_until(value, '=');
    if (name != "sentinel_username" && name != "sentinel_password") return false;
    std::string& place = name == "sentinel_username" ? endpoint.sentinel_user : endpoint.sentinel_password;
    auto decoded = decode_percent(value);
    if (!decoded || decoded->empty() || !place.empty()) return false;
    place = std::move(*decoded);
  }
  return endpoint.sentinel_user.empty() || !endpoint.sentinel_password.empty();
}

/// `rest`: what follows the slash after the hosts.
bool read_group(std::string_view hosts, std::string_view rest, Endpoint& endpoint) {
  std::string_view path = take_until(rest, '?');
  auto group = decode_percent(take_until(path, '/'));
  if (!group || group->empty()) return false;
  endpoint.group = std::move(*group);
  return read_list(hosts, kDefaultSentinelPort, endpoint.sentinels) && read_database(path, endpoint) &&
         read_sentinel_credentials(rest, endpoint);
}

/// "redis", "rediss", each alone or with what else the servers are.
bool read_scheme(std::string_view scheme, Endpoint& endpoint, std::string_view& topology) {
  const std::size_t plus = std::min(scheme.find('+'), scheme.size());
  topology = scheme.substr(plus);
  endpoint.tls = scheme.substr(0, plus) == "rediss";
  if (!endpoint.tls && scheme.substr(0, plus) != "redis") return false;
  return topology.empty() || topology == "+sentinel" || topology == "+cluster";
}

}  // namespace

std::optional<Endpoint> parse_url(std::string_view url) {
  Endpoint endpoint;
  std::string_view topology;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos || !read_scheme(url.substr(0, colon), endpoint, topology)) return std::nullopt;
  url.remove_prefix(colon + 3);
  std::string_view hosts = take_until(url, '/');
  if (const std::size_t at = hosts.rfind('@'); at != std::string_view::npos) {
    if (!read_credentials(hosts.substr(0, at), endpoint)) return std::nullopt;
    hosts.remove_prefix(at + 1);
  }
  bool good = false;
  if (topology == "+sentinel") {
    good = read_group(hosts, url, endpoint);
  } else if (topology == "+cluster") {
    good = read_list(hosts, kDefaultPort, endpoint.seeds) && read_database(url, endpoint) && endpoint.database == 0;
  } else {
    good = read_server(hosts, endpoint) && read_database(url, endpoint);
  }
  return good ? std::optional(std::move(endpoint)) : std::nullopt;
}

}  // namespace redis
