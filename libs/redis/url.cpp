#include "redis/url.hpp"

#include <algorithm>
#include <charconv>

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

bool read_address(std::string_view text, Endpoint& endpoint) {
  std::size_t end = 0;
  if (text.starts_with('[')) {
    end = text.find(']');
    if (end == std::string_view::npos) return false;
    endpoint.host = text.substr(1, end - 1);
    ++end;
  } else {
    end = std::min(text.find(':'), text.size());
    endpoint.host = text.substr(0, end);
  }
  const std::string_view rest = text.substr(end);
  if (endpoint.host.empty()) return false;
  if (rest.empty()) return true;
  return rest[0] == ':' && to_number(rest.substr(1), endpoint.port) && endpoint.port != 0;
}

}  // namespace

std::optional<Endpoint> parse_url(std::string_view url) {
  Endpoint endpoint;
  if (url.starts_with("rediss://")) {
    endpoint.tls = true;
    url.remove_prefix(9);
  } else if (url.starts_with("redis://")) {
    url.remove_prefix(8);
  } else {
    return std::nullopt;
  }
  const std::size_t slash = url.find('/');
  if (slash != std::string_view::npos) {
    const std::string_view database = url.substr(slash + 1);
    if (!database.empty() && !to_number(database, endpoint.database)) return std::nullopt;
    url = url.substr(0, slash);
  }
  if (const std::size_t at = url.rfind('@'); at != std::string_view::npos) {
    if (!read_credentials(url.substr(0, at), endpoint)) return std::nullopt;
    url.remove_prefix(at + 1);
  }
  if (!read_address(url, endpoint)) return std::nullopt;
  return endpoint;
}

}  // namespace redis
