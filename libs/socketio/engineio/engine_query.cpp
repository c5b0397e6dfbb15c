#include "socketio/engineio/engine_query.hpp"

#include <algorithm>

namespace engineio {

EngineQuery EngineQuery::of(const std::map<std::string, std::string>& query, const ServerOptions& options) {
  const auto get = [&](const char* name) {
    const auto found = query.find(name);
    return found == query.end() ? std::string_view() : std::string_view(found->second);
  };
  EngineQuery out;
  if (get("transport") == "polling" && options.polling) out.transport = Transport::kPolling;
  if (get("transport") == "websocket" && options.websocket) out.transport = Transport::kWebSocket;
  out.sid = get("sid");
  out.revision4 = get("EIO") == "4";
  out.base64 = !get("b64").empty();
  return out;
}

std::string refusal_body(const Refusal& refusal) {
  std::string out = "{\"code\":" + std::to_string(refusal.code) + ",\"message\":\"";
  for (const char c : refusal.message) {
    constexpr char kHex[] = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out.append(1, '\\').append(1, c);
    } else if (byte < 0x20) {
      out.append("\\u00").append(1, kHex[byte >> 4]).append(1, kHex[byte & 15]);
    } else {
      out += c;
    }
  }
  return out + "\"}";
}

bool origin_allowed(const RequestHead& head, const ServerOptions& options) {
  if (!head.has("origin")) return true;
  if (options.allow_origin) return options.allow_origin(head.header("origin"), head.header("host"));
  if (options.allowed_origins.empty()) return true;
  const auto& allowed = options.allowed_origins;
  return std::find(allowed.begin(), allowed.end(), head.header("origin")) != allowed.end();
}

}  // namespace engineio
