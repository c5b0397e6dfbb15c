#include "api/router.hpp"

#include "api/handlers.hpp"

namespace api {
namespace {

constexpr auto kOpen = Access::kOpen;
constexpr auto kBearer = Access::kBearer;
constexpr auto kOperator = Access::kOperator;
constexpr auto kNoBody = BodyRule::kIgnored;
constexpr auto kBody = BodyRule::kObject;

constexpr Route kRoutes[] = {
    {"POST", "/api/v1/register", kOpen, kBody, register_user},
    {"POST", "/api/v1/login", kOpen, kBody, log_in},
    {"POST", "/api/v1/refresh", kOpen, kBody, refresh},
    {"POST", "/api/v1/logout", kBearer, kNoBody, log_out},
    {"POST", "/api/v1/me/password", kBearer, kBody, change_password},
    {"GET", "/api/v1/me", kBearer, kNoBody, get_me},
    {"PATCH", "/api/v1/me", kBearer, kBody, patch_me, Rate::kWrite},
    {"DELETE", "/api/v1/me", kBearer, kNoBody, delete_me},
    {"GET", "/api/v1/me/export", kBearer, kNoBody, export_me},
    {"GET", "/api/v1/users", kBearer, kNoBody, find_user},
    {"GET", "/api/v1/friends", kBearer, kNoBody, get_friends},
    {"POST", "/api/v1/friends/requests", kBearer, kBody, post_friend_request, Rate::kWrite},
    {"GET", "/api/v1/friends/requests", kBearer, kNoBody, get_friend_requests},
    {"POST", "/api/v1/friends/requests/{userId}/accept", kBearer, kNoBody, accept_friend, Rate::kWrite},
    {"POST", "/api/v1/friends/requests/{userId}/decline", kBearer, kNoBody, decline_friend, Rate::kWrite},
    {"DELETE", "/api/v1/friends/{userId}", kBearer, kNoBody, delete_friend, Rate::kWrite},
    {"PUT", "/api/v1/blocks/{userId}", kBearer, kNoBody, put_block, Rate::kWrite},
    {"DELETE", "/api/v1/blocks/{userId}", kBearer, kNoBody, delete_block, Rate::kWrite},
    {"GET", "/api/v1/blocks", kBearer, kNoBody, get_blocks},
    {"GET", "/api/v1/conversations", kBearer, kNoBody, get_conversations},
    {"GET", "/api/v1/conversations/{userId}/messages", kBearer, kNoBody, get_history},
    {"POST", "/api/v1/conversations/{userId}/read", kBearer, kBody, post_read, Rate::kMark},
    {"GET", "/api/v1/messages/{id}", kBearer, kNoBody, get_message},
    {"POST", "/api/v1/messages", kBearer, kBody, post_message},
    {"GET", "/api/v1/devices", kBearer, kNoBody, get_devices},
    {"DELETE", "/api/v1/devices/{id}", kBearer, kNoBody, delete_device},
    {"PUT", "/api/v1/devices/{id}/push", kBearer, kBody, put_push, Rate::kWrite},
    {"DELETE", "/api/v1/devices/{id}/push", kBearer, kNoBody, delete_push, Rate::kWrite},
    {"GET", "/api/v1/push", kBearer, kNoBody, get_push},
    {"GET", "/api/v1/sessions", kBearer, kNoBody, get_sessions},
    {"DELETE", "/api/v1/sessions/{id}", kBearer, kNoBody, delete_session},
    {"GET", "/api/v1/openapi.json", kOpen, kNoBody, get_openapi},
    {"GET", "/api/v1/operator/messages/{id}", kOperator, kNoBody, get_operator_message},
    {"GET", "/api/v1/operator/pending", kOperator, kNoBody, get_operator_pending},
    {"GET", "/healthz", kOpen, kNoBody, get_health},
    {"GET", "/readyz", kOpen, kNoBody, get_ready},
    {"GET", "/metrics", kOpen, kNoBody, get_metrics},
};

/// Takes the first segment off `path`, which begins with '/'.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const auto end = path.find('/');
  const auto segment = path.substr(0, end);
  path.remove_prefix(segment.size());
  return segment;
}

bool matches(std::string_view pattern, std::string_view path, std::vector<std::string>& parameters) {
  parameters.clear();
  while (!pattern.empty() && !path.empty()) {
    const auto expected = take_segment(pattern);
    const auto given = take_segment(path);
    if (!expected.empty() && expected.front() == '{') {
      if (given.empty()) return false;
      parameters.emplace_back(given);
    } else if (expected != given) {
      return false;
    }
  }
  return pattern.empty() && path.empty();
}

}  // namespace

std::span<const Route> routes() {
  return kRoutes;
}

Match find_route(std::string_view method, std::string_view path) {
  Match match;
  if (path.empty() || path.front() != '/') return match;
  if (method == "HEAD") method = "GET";
  std::vector<std::string> parameters;
  std::size_t fewest = SIZE_MAX;
  for (const auto& route : kRoutes) {
    if (!matches(route.pattern, path, parameters) || parameters.size() > fewest) continue;
    if (parameters.size() < fewest) match = Match();
    fewest = parameters.size();
    if (route.method == method) {
      match.route = &route;
      match.parameters = parameters;
    }
    match.allow += match.allow.empty() ? "" : ", ";
    match.allow += route.method;
    if (route.method == "GET") match.allow += ", HEAD";
  }
  return match;
}

}  // namespace api
