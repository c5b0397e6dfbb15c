#include "api/api.hpp"

#include <algorithm>

#include "api/call.hpp"
#include "api/replies.hpp"
#include "api/router.hpp"

namespace api {
namespace {

constexpr int kMaxExports = 2;

// What a user may write over HTTP, in seconds' worth of events_per_second: by default 600 changes in any minute, each a
// commit of its own, and 1000 read marks in any five seconds, the burst of a socket. Never so few that what a person
// does with a few clicks would be a flood.
constexpr std::int64_t kWritesWorth = 3;
constexpr std::chrono::seconds kWritesWindow{60};
constexpr std::int64_t kMarksWorth = 5;
constexpr std::chrono::seconds kMarksWindow{5};
constexpr std::int64_t kFewestWrites = 60;

std::int64_t worth(std::int64_t seconds, std::uint32_t events_per_second) {
  return events_per_second == 0 ? 0 : std::max(kFewestWrites, seconds * events_per_second);
}

// No inline script or style, nothing from elsewhere, no frame around it. 'self' covers the WebSocket of one's own host.
constexpr auto kPagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'";

/// The token of `Authorization: Bearer <token>` (RFC 6750 §2.1); empty when there is none.
std::string bearer_token(const engineio::HttpRequest& request) {
  const auto found = request.headers.find("authorization");
  if (found == request.headers.end()) return {};
  std::string_view value = found->second;
  constexpr std::string_view kScheme = "bearer ";
  if (value.size() <= kScheme.size()) return {};
  const auto same = [](char lower, char given) {
    return lower == (given >= 'A' && given <= 'Z' ? static_cast<char>(given - 'A' + 'a') : given);
  };
  if (!std::equal(kScheme.begin(), kScheme.end(), value.begin(), same)) return {};
  value.remove_prefix(kScheme.size());
  return std::string(value);
}

void apply_cors(Call& call, const std::vector<std::string>& origins) {
  if (origins.empty()) return;
  call.cors_vary = true;
  const auto origin = call.request.headers.find("origin");
  if (origin == call.request.headers.end()) return;
  const bool any = origins.size() == 1 && origins.front() == "*";
  if (any || std::find(origins.begin(), origins.end(), origin->second) != origins.end()) {
    call.cors_origin = origin->second;
  }
}

/// Takes as long for a nearly right secret as for a wrong one; its length is no secret.
bool equal_in_constant_time(std::string_view given, std::string_view expected) {
  if (given.size() != expected.size()) return false;
  volatile unsigned char different = 0;
  for (std::size_t i = 0; i < given.size(); ++i) {
    different = static_cast<unsigned char>(different | (given[i] ^ expected[i]));
  }
  return different == 0;
}

chat::Refusal unknown_path() {
  return chat::not_found("no such path");
}

/// The words for a request that was refused before it was one.
chat::Refusal broken_request(int status) {
  switch (status) {
    case 408:
      return invalid("", "the request did not come in time");
    case 413:
      return {chat::ErrorCode::kTooLarge, "the body is too large", 0, {}, {}};
    case 414:
      return {chat::ErrorCode::kTooLarge, "the target is too long", 0, {}, {}};
    case 431:
      return {chat::ErrorCode::kTooLarge, "the headers are too large", 0, {}, {}};
    case 501:
      return invalid("", "chunked is the only transfer coding");
    case 505:
      return invalid("", "HTTP/1.1 and HTTP/1.0 are spoken");
    default:
      return invalid("", "the request is not well-formed HTTP");
  }
}

/// RFC 9110 section 13.1.2: one of the list, a weak one too. `etag` is a strong one.
bool etag_matches(const engineio::HttpRequest& request, std::string_view etag) {
  const auto given = request.headers.find("if-none-match");
  if (given == request.headers.end()) return false;
  std::string_view list = given->second;
  if (list == "*") return true;
  for (;;) {
    list.remove_prefix(std::min(list.find_first_not_of(", \t"), list.size()));
    if (list.starts_with("W/")) list.remove_prefix(2);
    const auto end = list.starts_with('"') ? list.find('"', 1) : std::string_view::npos;
    if (end == std::string_view::npos) return false;  // the end, or no tag
    if (list.substr(0, end + 1) == etag) return true;
    list.remove_prefix(end + 1);
  }
}

}  // namespace

Api::Api(Services services, Options options)
    : services_(services),
      options_(std::move(options)),
      files_(options_.web_root),
      writes_(worth(kWritesWorth, options_.events_per_second), kWritesWindow),
      marks_(worth(kMarksWorth, options_.events_per_second), kMarksWindow) {
  CHECK(options_.here);
}

engineio::HttpHandler Api::handler() {
  return [this](engineio::HttpRequest request, engineio::HttpResponder respond) {
    handle(std::move(request), std::move(respond));
  };
}

std::shared_ptr<void> Api::begin_export() {
  std::shared_ptr<void> permit(exports_.get(), [exports = exports_](void*) { --*exports; });
  return (*exports_)++ < kMaxExports ? std::move(permit) : nullptr;
}

void Api::handle(engineio::HttpRequest request, engineio::HttpResponder respond) {
  auto call = std::make_shared<Call>(std::move(request), std::move(respond), options_.here());
  apply_cors(*call, options_.allowed_origins);
  handle_route(std::move(call));
}

void Api::handle_route(CallPtr call) {
  if (const int refused = call->request.refused; refused != 0) return call->refuse(broken_request(refused), refused);
  auto match = find_route(call->request.method, call->request.path);
  if (match.route == nullptr) {
    if (match.allow.empty()) return handle_file(call);
    const bool options = call->request.method == "OPTIONS";
    return call->answer_methods(options ? 204 : 405, match.allow + ", OPTIONS");
  }
  call->parameters = std::move(match.parameters);
  if (match.route->access == Access::kBearer) return authenticate(std::move(call), *match.route);
  if (match.route->access == Access::kOperator) return authenticate_operator(std::move(call), *match.route);
  if (match.route->body == BodyRule::kObject && !call->parse_body()) return;
  match.route->handler(*this, std::move(call));
}

void Api::authenticate(CallPtr call, const Route& route) {
  auto token = bearer_token(call->request);
  if (token.empty()) {
    return call->refuse({chat::ErrorCode::kUnauthorized, "an access token is needed", 0, {}, {}});
  }
  auto reply = [this, call, &route](std::variant<chat::Caller, chat::Refusal> outcome) {
    if (const auto* refusal = std::get_if<chat::Refusal>(&outcome)) return call->refuse(*refusal);
    call->caller = std::get<chat::Caller>(std::move(outcome));
    if (const auto wait = rate_wait(*call, route.rate); wait != 0) {
      return call->refuse({chat::ErrorCode::kRateLimited, "too many changes", wait, {}, {}});
    }
    if (route.body == BodyRule::kObject && !call->parse_body()) return;
    route.handler(*this, call);
  };
  services_.accounts.authenticate(std::move(token), call->on, std::move(reply));
}

std::uint32_t Api::rate_wait(const Call& call, Rate rate) {
  if (rate == Rate::kFree) return 0;
  auto& throttle = rate == Rate::kWrite ? writes_ : marks_;
  return throttle.admit(call.caller.user.hex(), services_.clock.steady_now());
}

void Api::authenticate_operator(CallPtr call, const Route& route) {
  const auto& expected = options_.operator_token;
  if (expected.empty() || !equal_in_constant_time(bearer_token(call->request), expected)) {
    return call->refuse({chat::ErrorCode::kUnauthorized, "the operator's token is needed", 0, {}, {}});
  }
  if (services_.inspection == nullptr) return call->refuse(unknown_path());
  route.handler(*this, std::move(call));
}

void Api::handle_file(const CallPtr& call) {
  const auto& method = call->request.method;
  const auto* file = files_.find(call->request.path);
  if (file == nullptr) return call->refuse(unknown_path());
  if (method != "GET" && method != "HEAD") return call->answer_methods(405, "GET, HEAD");
  engineio::HttpResponse response;
  response.headers = {{"ETag", file->etag},
                      {"Cache-Control", "no-cache"},  // kept, but asked about each time
                      {"Content-Security-Policy", kPagePolicy},
                      {"Cross-Origin-Opener-Policy", "same-origin"}};
  if (etag_matches(call->request, file->etag)) {
    response.status = 304;
  } else {
    response.headers.emplace_back("Content-Type", std::string(file->type));
    response.body = file->content;
  }
  call->finish(std::move(response));
}

}  // namespace api
