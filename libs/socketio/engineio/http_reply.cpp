#include "socketio/engineio/http_reply.hpp"

#include <utility>

#include "socketio/engineio/ascii_case.hpp"

namespace engineio {

namespace {

bool framing_is_ours(std::string_view name) {
  return equals_ignoring_case(name, "content-length") || equals_ignoring_case(name, "connection") ||
         equals_ignoring_case(name, "transfer-encoding") || equals_ignoring_case(name, "keep-alive") ||
         equals_ignoring_case(name, "date");
}

bool breaks_lines(std::string_view text) {
  return text.find('\r') != text.npos || text.find('\n') != text.npos || text.find('\0') != text.npos;
}

}  // namespace

constexpr std::pair<int, std::string_view> kStatusTexts[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {422, "Unprocessable Entity"},
    {426, "Upgrade Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

std::string_view status_text(int status) {
  for (const auto& [number, text] : kStatusTexts) {
    if (number == status) return text;
  }
  return "Status";
}

void append_reply(std::string& out, const ReplyHead& head,
                  const std::vector<std::pair<std::string, std::string>>& headers, std::string_view lines,
                  std::string_view body, bool head_only) {
  out.append("HTTP/1.1 ").append(std::to_string(head.status)).append(" ").append(status_text(head.status));
  out.append("\r\n");
  for (const auto& [name, value] : headers) {
    if (framing_is_ours(name) || breaks_lines(name) || breaks_lines(value)) continue;
    out.append(name).append(": ").append(value).append("\r\n");
  }
  out.append(lines);
  constexpr int kNoContent = 204;
  constexpr int kNotModified = 304;
  // Of what has no body, a length is forbidden (204) or that of another answer (304): RFC 9110 section 8.6.
  const bool bodiless = head.status == kNotModified || head.status == kNoContent;
  if (!bodiless) out.append("Content-Length: ").append(std::to_string(body.size())).append("\r\n");
  out.append("Date: ").append(head.date).append("\r\n");
  if (head.keep_alive) {
    out.append("Connection: keep-alive\r\nKeep-Alive: timeout=");
    out.append(std::to_string(head.keep_alive_seconds)).append("\r\n\r\n");
  } else {
    out.append("Connection: close\r\n\r\n");
  }
  if (!bodiless && !head_only) out.append(body);
}

}  // namespace engineio
