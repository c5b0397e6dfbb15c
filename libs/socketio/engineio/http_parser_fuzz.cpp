// One request read in one piece and in small pieces must come out alike, and what is accepted must hold what the parser
// promises: names in lower case, no line ends in values, one Host, one way to find the end of the body.

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/check.hpp"
#include "socketio/engineio/http_parser.hpp"
#include "socketio/engineio/url.hpp"

using namespace engineio;  // NOLINT: a fuzz target has no names of its own to protect

namespace {

// Small enough for the fuzzer to reach every one of them.
constexpr std::size_t kBodyLimit = 64;
constexpr std::size_t kUrlLimit = 128;
constexpr std::size_t kHeaderLimit = 192;
constexpr std::size_t kHeaderLines = 8;

struct Seen {
  HttpParser::State state;
  int status = 0;
  std::size_t used = 0;
  RequestHead head;
  std::string body;
};

Seen read(std::string_view bytes, std::size_t step, const HttpLimits& limits) {
  HttpParser parser(limits);
  std::string waiting;
  Seen seen;
  const auto ended = [&] {
    return parser.state() == HttpParser::State::kDone || parser.state() == HttpParser::State::kFailed;
  };
  while (!bytes.empty() && !ended()) {
    const auto piece = bytes.substr(0, step);
    waiting.append(piece);
    bytes.remove_prefix(piece.size());
    while (!ended()) {
      const std::size_t used = parser.feed(waiting);
      CHECK(used <= waiting.size());
      waiting.erase(0, used);
      seen.used += used;
      if (parser.state() == HttpParser::State::kHeadDone) {
        parser.accept_body(kBodyLimit);
        continue;
      }
      if (used == 0 || waiting.empty()) break;
    }
    CHECK(parser.state() != HttpParser::State::kBody || waiting.size() <= limits.headers);
  }
  seen.state = parser.state();
  seen.status = parser.status();
  if (seen.state == HttpParser::State::kDone) {
    seen.head = parser.head();
    seen.body = parser.body();
  }
  return seen;
}

void check_accepted(const Seen& seen) {
  std::size_t hosts = 0;
  for (const auto& [name, value] : seen.head.headers) {
    CHECK(!name.empty());
    CHECK(
        std::none_of(name.begin(), name.end(), [](char c) { return (c >= 'A' && c <= 'Z') || c <= ' ' || c == ':'; }));
    CHECK(value.find_first_of(std::string_view("\r\n\0", 3)) == std::string::npos);
    hosts += name == "host" ? 1 : 0;
  }
  CHECK(hosts <= 1 && (hosts == 1 || !seen.head.http11));
  CHECK(!(seen.head.has("content-length") && seen.head.has("transfer-encoding")));
  CHECK(seen.body.size() <= kBodyLimit);
  if (const auto target = parse_target(seen.head.target)) {
    CHECK(target->path.starts_with('/') || (target->path == "*" && seen.head.method == "OPTIONS"));
    CHECK(target->path.find('\0') == std::string::npos);
    CHECK(target->path.find("/../") == std::string::npos);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  HttpLimits limits;
  limits.url = kUrlLimit;
  limits.headers = kHeaderLimit;
  limits.header_lines = kHeaderLines;
  const std::size_t step = 1 + data[0] % 16;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Seen whole = read(bytes, bytes.size(), limits);
  const Seen pieces = read(bytes, step, limits);
  CHECK(whole.state == pieces.state);
  CHECK(whole.status == pieces.status);
  if (whole.state != HttpParser::State::kDone) {
    CHECK(whole.state != HttpParser::State::kFailed || (whole.status >= 400 && whole.status <= 505));
    return 0;
  }
  CHECK(whole.used == pieces.used);
  CHECK(whole.head.method == pieces.head.method && whole.head.target == pieces.head.target);
  CHECK(whole.head.headers == pieces.head.headers && whole.body == pieces.body);
  check_accepted(whole);
  return 0;
}
