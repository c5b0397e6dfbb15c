// Header values of a stranger, of whom they say who sent a request and from which page: nobody may speak for another
// address unless trusted, no page gets a permission that the options do not give, no answer gets a line of a
// stranger's.

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/check.hpp"
#include "socketio/engineio/cors.hpp"
#include "socketio/engineio/engine_query.hpp"
#include "socketio/engineio/forwarded.hpp"
#include "socketio/engineio/url.hpp"

using namespace engineio;  // NOLINT: a fuzz target has no names of its own to protect

namespace {

constexpr const char* kNames[] = {"x-forwarded-for", "x-forwarded-proto", "origin", "access-control-request-headers"};
constexpr const char* kProxy = "10.0.0.1";
constexpr const char* kStranger = "192.0.2.7";
constexpr const char* kAllowed = "https://chat.example";

/// One header a line, its first byte chooses the name; values as the parser lets them through.
RequestHead head_of(std::string_view text) {
  RequestHead head;
  while (!text.empty()) {
    const auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.empty()) continue;
    std::string value(line.substr(1));
    std::erase_if(value, [](char c) { return c == '\r' || c == '\0'; });
    head.headers.emplace_back(kNames[static_cast<unsigned char>(line[0]) % std::size(kNames)], std::move(value));
  }
  return head;
}

const ServerContext& context() {
  static const base::SystemClock clock;
  static const ServerContext made(
      [] {
        ServerOptions options;
        options.trusted_proxies = {*AddressRange::parse(kProxy), *AddressRange::parse("::1")};
        options.allowed_origins = {kAllowed};
        return options;
      }(),
      {}, clock);
  return made;
}

void check_sender(const RequestHead& head) {
  const auto stranger = sender_of(context(), *PeerAddress::parse(kStranger), false, head);
  CHECK(stranger.address == kStranger && !stranger.secure && !stranger.trusted);
  const auto proxied = sender_of(context(), *PeerAddress::parse(kProxy), false, head);
  const auto address = PeerAddress::parse(proxied.address);
  CHECK(address && address->text() == proxied.address);
  CHECK(proxied.trusted == !head.has("x-forwarded-for"));
  CHECK(!proxied.secure || head.header("x-forwarded-proto") == "https");
}

void check_lines(const std::string& lines) {
  CHECK(lines.empty() || lines.ends_with("\r\n"));
  for (std::size_t at = lines.find_first_of("\r\n"); at != std::string::npos;
       at = lines.find_first_of("\r\n", at + 2)) {
    CHECK(lines.compare(at, 2, "\r\n") == 0);
  }
}

void check_cors(const RequestHead& head) {
  CorsOptions options;
  CHECK(cors_headers(head, options).empty());
  options.origins = {kAllowed, "https://other.example"};
  options.credentials = true;
  const auto lines = cors_headers(head, options);
  check_lines(lines);
  check_lines(preflight_headers(head, options));
  const bool permitted = lines.find("Access-Control-Allow-Origin") != std::string::npos;
  const auto& origins = options.origins;
  CHECK(permitted == (std::find(origins.begin(), origins.end(), head.header("origin")) != origins.end()));
  CHECK(origin_allowed(head, context().options) == (!head.has("origin") || head.header("origin") == kAllowed));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto head = head_of(text);
  check_sender(head);
  check_cors(head);
  const auto query = EngineQuery::of(parse_query(text), context().options);
  CHECK(!query.transport || *query.transport == Transport::kPolling || *query.transport == Transport::kWebSocket);
  const auto body = refusal_body(forbidden(std::string(text)));
  CHECK(std::none_of(body.begin(), body.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; }));
  return 0;
}
