#include "socketio/engineio/cors.hpp"

#include <algorithm>

namespace engineio {

namespace {

std::string joined(const std::vector<std::string>& items) {
  std::string out;
  for (const auto& item : items) {
    if (!out.empty()) out += ',';
    out += item;
  }
  return out;
}

void add(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ").append(value).append("\r\n");
}

}  // namespace

std::string cors_headers(const RequestHead& head, const CorsOptions& options) {
  std::string out;
  if (options.origins.empty()) return out;
  const auto origin = head.header("origin");
  if (options.origins.size() == 1 && options.origins[0] == "*") {
    add(out, "Access-Control-Allow-Origin", "*");
  } else {
    // Whoever is not listed gets the answer without the permission to read it; caches must keep the two apart.
    const bool listed = std::find(options.origins.begin(), options.origins.end(), origin) != options.origins.end();
    if (listed) add(out, "Access-Control-Allow-Origin", origin);
    add(out, "Vary", "Origin");
  }
  if (options.credentials) add(out, "Access-Control-Allow-Credentials", "true");
  if (!options.exposed_headers.empty()) add(out, "Access-Control-Expose-Headers", joined(options.exposed_headers));
  return out;
}

std::string preflight_headers(const RequestHead& head, const CorsOptions& options) {
  std::string out;
  add(out, "Access-Control-Allow-Methods",
      options.methods.empty() ? "GET,HEAD,PUT,PATCH,POST,DELETE" : joined(options.methods));
  if (!options.allowed_headers.empty()) {
    add(out, "Access-Control-Allow-Headers", joined(options.allowed_headers));
  } else {
    add(out, "Vary", "Access-Control-Request-Headers");
    const auto asked = head.header("access-control-request-headers");
    if (!asked.empty()) add(out, "Access-Control-Allow-Headers", asked);
  }
  // RFC 9110 forbids it in a 204, yet old browsers wait for a body without it, and the original sends it.
  add(out, "Content-Length", "0");
  if (options.max_age) add(out, "Access-Control-Max-Age", std::to_string(options.max_age->count()));
  return out;
}

}  // namespace engineio
