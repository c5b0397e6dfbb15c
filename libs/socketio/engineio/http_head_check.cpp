// The strict reading of a request head: see http_parser.hpp.
#include <algorithm>
#include <array>

#include "base/trimmed.hpp"
#include "socketio/engineio/ascii_case.hpp"
#include "socketio/engineio/http_parser.hpp"

namespace engineio {

namespace {

constexpr std::string_view kLineEnd = "\r\n";

bool is_token(std::string_view text) {
  constexpr std::string_view kSymbols = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kSymbols.find(c) != std::string_view::npos;
  });
}

bool is_number(std::string_view text) {
  constexpr std::size_t kMostDigits = 18;  // fits 64 bits
  return !text.empty() && text.size() <= kMostDigits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool printable_value(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte < 0x20 && c != '\t') || byte == 0x7F;
  });
}

/// What matters for finding the end of the request, collected line by line.
struct Framing {
  int hosts = 0;
  int lengths = 0;
  int codings = 0;

  int take(std::string_view name, std::string_view value) {
    if (equals_ignoring_case(name, "host")) {
      ++hosts;
      if (value.find_first_of(" \t,/@") != std::string_view::npos) return 400;
    } else if (equals_ignoring_case(name, "content-length")) {
      ++lengths;
      if (!is_number(value)) return 400;
    } else if (equals_ignoring_case(name, "transfer-encoding")) {
      ++codings;
      if (!equals_ignoring_case(value, "chunked")) return 501;
    }
    return 0;
  }
  [[nodiscard]] int verdict(bool http11) const {
    if (hosts > 1 || (http11 && hosts == 0)) return 400;
    if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0)) return 400;
    if (codings > 0 && !http11) return 400;
    return 0;
  }
};

int check_request_line(std::string_view line, const HttpLimits& limits, bool& http11) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return 400;
  const auto method = line.substr(0, first);
  const auto target = line.substr(first + 1, last - first - 1);
  const auto version = line.substr(last + 1);
  if (!is_token(method) || target.empty()) return 400;
  if (target.size() > limits.url) return 414;
  if (std::any_of(target.begin(), target.end(),
                  [](char c) { return static_cast<unsigned char>(c) <= 0x20 || c == 0x7F; }))
    return 400;
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return version.starts_with("HTTP/") ? 505 : 400;
  if (target == "*" && method != "OPTIONS") return 400;  // RFC 9112 §3.2.4
  http11 = version == "HTTP/1.1";
  return 0;
}

}  // namespace

std::size_t leading_empty_lines(std::string_view bytes) {
  std::size_t at = 0;
  while (bytes.substr(at, 2) == kLineEnd) at += 2;
  return at;
}

std::pair<std::string_view, std::string_view> request_names(std::string_view bytes, std::size_t long_target) {
  constexpr std::size_t kLongestMethod = 31;  // with it and its space the longest line is judged: HttpParser::feed_head
  const auto line = bytes.substr(0, bytes.find_first_of("\r\n"));
  const auto space = line.find(' ');
  if (space > kLongestMethod || !is_token(line.substr(0, space))) return {};
  const auto rest = line.substr(space + 1);
  const auto target = rest.substr(0, rest.find(' '));
  const bool cut_off = target.size() == rest.size() && line.size() == bytes.size();
  if (target.empty() || (cut_off && target.size() < long_target)) return {};
  return {line.substr(0, space), target};
}

int check_head_block(std::string_view block, const HttpLimits& limits) {
  bool http11 = true;
  Framing framing;
  std::size_t lines = 0;
  for (bool first = true;; first = false) {
    const auto end = block.find('\n');
    if (end == std::string_view::npos || end == 0 || block[end - 1] != '\r') return 400;
    const auto line = block.substr(0, end - 1);
    block.remove_prefix(end + 1);
    if (line.find('\r') != std::string_view::npos || line.find('\0') != std::string_view::npos) return 400;
    if (first) {
      if (const int status = check_request_line(line, limits, http11); status != 0) return status;
      if (block.size() > limits.headers + kLineEnd.size()) return 431;  // the empty line is not a header
      continue;
    }
    if (line.empty()) return framing.verdict(http11);
    if (++lines > limits.header_lines) return 431;
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return 400;
    const auto value = base::trimmed(line.substr(colon + 1));
    if (!printable_value(value)) return 400;
    if (const int status = framing.take(line.substr(0, colon), value); status != 0) return status;
  }
}

}  // namespace engineio
