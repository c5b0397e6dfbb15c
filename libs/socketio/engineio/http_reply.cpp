#include "socketio/engineio/http_reply.hpp"

#include <algorithm>

namespace engineio {

namespace {

bool same_name(std::string_view name, std::string_view lower) {
  return std::equal(name.begin(), name.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return (a >= 'A' && a <= 'Z' ? static_cast<char>(a - 'A' + 'a') : a) == b; });
}

bool framing_is_ours(std::string_view name) {
  return same_name(name, "content-length") || same_name(name, "connection") || same_name(name, "transfer-encoding") ||
         same_name(name, "keep-alive") || same_name(name, "date");
}

bool breaks_lines(std::string_view text) {
  return text.find('\r') != text.npos || text.find('\n') != text.npos || text.find('\0') != text.npos;
}

}  // namespace

std::string_view status_text(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 303:
      return "See Other";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 406:
      return "Not Acceptable";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Payload Too Large";
    case 414:
      return "URI Too Long";
    case 415:
      return "Unsupported Media Type";
    case 422:
      return "Unprocessable Entity";
    case 426:
      return "Upgrade Required";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    default:
      return "Status";
  }
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
  const bool bodiless = head.status == kNotModified || head.status == kNoContent;
  if (!bodiless || head.status == kNoContent)
    out.append("Content-Length: ").append(std::to_string(bodiless ? 0 : body.size())).append("\r\n");
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
