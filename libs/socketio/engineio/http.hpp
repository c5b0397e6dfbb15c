#pragma once
// HTTP/1.1 as the host application sees it: requests for any path but the engine's arrive as values, are answered once,
// then or later, from any thread.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/task.hpp"

namespace engineio {

struct HttpRequest {
  std::string method;                          // "GET", "POST", …
  std::string target;                          // as sent, with the query
  std::string path;                            // percent-decoded, without the query; no dot segments
  std::map<std::string, std::string> query;    // percent-decoded; the last duplicate wins
  std::map<std::string, std::string> headers;  // lower-case names
  std::string body;                            // whole; bounded by the server's limit (413 beyond it)
  std::string address;                         // peer, or what a trusted proxy says of it
  bool secure = false;
  bool from_trusted = false;  // loopback or a trusted proxy without a forwarded address
  /// Not 0: the request is refused with this status: 400 not well-formed, 408 too slow, 413 or 414 or 431 beyond a
  /// limit, 501 another transfer coding than chunked, 505. The handler only words it: the answer has this status
  /// whatever it says, and the connection closes behind it. `body` is empty; so are `headers` when the head did not
  /// come to its end or is broken, and `path` and `query` when the target is (`target` is cut off at its limit). One
  /// that does not tell its target is answered without the handler.
  int refused = 0;
};

struct HttpResponse {
  int status = 200;
  std::vector<std::pair<std::string, std::string>> headers;  // Content-Length and Connection are the server's business
  std::string body;                                          // omitted on the wire for HEAD and 204
  /// Let go, on any thread, when the whole answer has been handed to the system or never will be: a bound on large
  /// answers holds for as long as their bytes are here.
  std::shared_ptr<void> held = nullptr;
};

/// Answers one request; call it exactly once, on any thread. The connection may be gone by then: the answer is dropped.
/// Destroyed uncalled, it answers 500.
using HttpResponder = base::Function<void(HttpResponse)>;

/// Called on the connection's shard. Must not block.
using HttpHandler = std::function<void(HttpRequest request, HttpResponder respond)>;

}  // namespace engineio
