#pragma once
// Poster: sends HTTP POST requests over TLS, one answer each. The interface is what the push providers are tested
// against without a network; CurlClient (curl_client.hpp) is the real one.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.hpp"
#include "base/task.hpp"

namespace http_client {

struct Request {
  std::string url;                                           // as parse_https_url accepts it
  std::vector<std::pair<std::string, std::string>> headers;  // visible ASCII and spaces only: the caller's promise
  std::string body;
};

struct Response {
  int status = 0;
  std::string body;                                 // at most the client's bound
  std::optional<std::chrono::seconds> retry_after;  // RFC 9110 §10.2.3, from now
};

/// Why there is no response. None says whether the server has seen the request, except the last three: it has not.
enum class Error : std::uint8_t {
  kUnreachable,  // no address, no connection, or it broke
  kTimeout,
  kUntrusted,         // no TLS, or a certificate that does not prove the host
  kTooLarge,          // the answer
  kInvalidRequest,    // a URL that the client does not take
  kForbiddenAddress,  // the host is not at a public address
  kStopped,           // the client is being destroyed
};
/// One word for a log line or a trace.
[[nodiscard]] std::string_view to_string(Error error);

using Answer = base::Result<Response, Error>;
using Answered = base::Function<void(Answer)>;

class Poster {
 public:
  virtual ~Poster() = default;
  /// Any thread, never blocks. `done` runs exactly once, on the poster's thread, also when the poster is destroyed.
  virtual void post(Request request, Answered done) = 0;
  /// Runs `task` on the poster's thread, soon, under the same promise.
  virtual void defer(base::Task task) = 0;
};

}  // namespace http_client
