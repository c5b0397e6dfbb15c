#include "redis/url.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace redis {

namespace {

template <class Number>
bool to_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

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
  return rest[0] == ':' && to_number(rest.substr(1), address.port) && address.port != 0;
}

bool read_server(std::string_view text, Endpoint& endpoint) {
  Address address;
  if (!read_address(text, kDefaultPort, address) || address.host.find(',') != std::string::npos) return false;
  endpoint.host = std::move(address.host);
  endpoint.port = address.port;
  return true;
}

bool read_sentinels(std::string_view text, Endpoint& endpoint) {
  while (endpoint.sentinels.size() < kMaxSentinels) {
    const std::size_t comma = std::min(text.find(','), text.size());
    if (!read_address(text.substr(0, comma), kDefaultSentinelPort, endpoint.sentinels.emplace_back())) return false;
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
  return false;
}

bool read_database(std::string_view text, Endpoint& endpoint) {
  return text.empty() || to_number(text, endpoint.database);
}

/// Up to the first `mark`, which is taken off the front with it; the whole text if there is none.
std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t end = std::min(text.find(mark), text.size());
  const auto taken = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return taken;
}

}  // namespace

std::optional<Endpoint> parse_url(std::string_view url) {
  Endpoint endpoint;
  const std::size_t colon = url.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view scheme = url.substr(0, colon);
  const bool by_sentinels = scheme.ends_with("+sentinel");
  endpoint.tls = scheme.starts_with("rediss");
  if (scheme != std::string(endpoint.tls ? "rediss" : "redis") + (by_sentinels ? "+sentinel" : "")) return std::nullopt;
  url.remove_prefix(colon + 3);
  std::string_view authority = take_until(url, '/');
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    if (!read_credentials(authority.substr(0, at), endpoint)) return std::nullopt;
    authority.remove_prefix(at + 1);
  }
  if (by_sentinels) {
    auto group = decode_percent(take_until(url, '/'));
    if (!group || group->empty() || !read_sentinels(authority, endpoint)) return std::nullopt;
    endpoint.group = std::move(*group);
  } else if (!read_server(authority, endpoint)) {
    return std::nullopt;
  }
  if (!read_database(url, endpoint)) return std::nullopt;
  return endpoint;
}

}  // namespace redis
