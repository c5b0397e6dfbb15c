#pragma once
// Cross-origin headers of the engine's path (socketio.md §2.6). Nothing is sent while they are off.

#include <string>

#include "socketio/engineio/http_parser.hpp"
#include "socketio/engineio/options.hpp"

namespace engineio {

/// Header lines (each with its CRLF) for any answer.
std::string cors_headers(const RequestHead& head, const CorsOptions& options);
/// Further lines for the answer to OPTIONS.
std::string preflight_headers(const RequestHead& head, const CorsOptions& options);

}  // namespace engineio
