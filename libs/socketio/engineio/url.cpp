#include "socketio/engineio/url.hpp"

#include <algorithm>
#include <vector>

#include "socketio/engineio/ascii_case.hpp"

namespace engineio {

namespace {

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The byte that an escape at `at` stands for, or -1.
int escaped_byte(std::string_view text, std::size_t at) {
  if (at + 2 >= text.size()) return -1;
  const int high = hex_digit(text[at + 1]);
  const int low = hex_digit(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

std::string decode_query_part(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (const int byte = text[i] == '%' ? escaped_byte(text, i) : -1; byte >= 0) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::optional<std::string> decode_path(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      if (text[i] == '\0') return std::nullopt;
      out += text[i];
      continue;
    }
    const int byte = escaped_byte(text, i);
    if (byte <= 0) return std::nullopt;
    out += static_cast<char>(byte);
    i += 2;
  }
  return out;
}

std::optional<std::string> without_dot_segments(const std::string& path) {
  if (path.find("/.") == std::string::npos) return path;
  std::vector<std::string_view> kept;
  std::string_view rest = path;
  bool ends_with_slash = false;
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the slash
    const auto segment = rest.substr(0, rest.find('/'));
    rest.remove_prefix(segment.size());
    ends_with_slash = segment.empty() || segment == "." || segment == "..";
    if (segment == "..") {
      if (kept.empty()) return std::nullopt;
      kept.pop_back();
    } else if (segment != "." && !(segment.empty() && rest.empty())) {
      kept.push_back(segment);
    }
  }
  std::string out;
  for (const auto segment : kept) out.append("/").append(segment);
  if (ends_with_slash || out.empty()) out += '/';
  return out;
}

}  // namespace

std::map<std::string, std::string> parse_query(std::string_view query) {
  std::map<std::string, std::string> out;
  while (!query.empty()) {
    const auto pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(query.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    const auto value = equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    out.insert_or_assign(decode_query_part(pair.substr(0, equals)), decode_query_part(value));
  }
  return out;
}

std::string_view without_authority(std::string_view target) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (!equals_ignoring_case(target.substr(0, scheme.size()), scheme)) continue;
    const auto past_authority = target.find_first_of("/?#", scheme.size());
    return past_authority == std::string_view::npos ? std::string_view() : target.substr(past_authority);
  }
  return target;
}

std::optional<Target> parse_target(std::string_view target) {
  std::string rooted;
  if (const auto rest = without_authority(target); rest.size() != target.size()) {
    target = rest.starts_with('/') ? rest : rooted.append("/").append(rest);
  }
  if (target == "*") return Target{"*", {}};
  if (!target.starts_with('/')) return std::nullopt;
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  const auto decoded = decode_path(target.substr(0, question));
  if (!decoded) return std::nullopt;
  auto path = without_dot_segments(*decoded);
  if (!path) return std::nullopt;
  Target out{std::move(*path), {}};
  if (question != std::string_view::npos) out.query = parse_query(target.substr(question + 1));
  return out;
}

}  // namespace engineio
