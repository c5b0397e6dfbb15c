#pragma once
// The query of an Engine.IO request and the table of refusals (socketio.md §§2.2, 2.3).

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "socketio/engineio/http_parser.hpp"
#include "socketio/engineio/options.hpp"
#include "socketio/engineio/session.hpp"

namespace engineio {

struct EngineQuery {
  std::optional<Transport> transport;  // nullopt: unknown, missing or not enabled
  std::string sid;
  bool revision4 = false;
  bool base64 = false;  // binary as text

  static EngineQuery of(const std::map<std::string, std::string>& query, const ServerOptions& options);
};

/// The body is `{"code":…,"message":…}`, or the message alone for a request that wanted to be upgraded.
struct Refusal {
  int status;
  int code;
  std::string message;
};
inline Refusal transport_unknown() {
  return {400, 0, "Transport unknown"};
}
inline Refusal session_unknown() {
  return {400, 1, "Session ID unknown"};
}
inline Refusal bad_handshake_method() {
  return {400, 2, "Bad handshake method"};
}
inline Refusal bad_request() {
  return {400, 3, "Bad request"};
}
inline Refusal forbidden(std::string message) {
  return {403, 4, message.empty() ? "Forbidden" : std::move(message)};
}
inline Refusal unsupported_version() {
  return {400, 5, "Unsupported protocol version"};
}

std::string refusal_body(const Refusal& refusal);

/// The Origin allow-list, for polling and WebSocket alike (CORS does not cover WebSocket).
bool origin_allowed(const RequestHead& head, const ServerOptions& options);

}  // namespace engineio
