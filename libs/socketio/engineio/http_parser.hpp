#pragma once
// One HTTP/1.1 request out of bytes (RFC 9112), strict where two readers could disagree about where a request ends
// (request smuggling): bare CR or LF, obs-fold, space before a colon, missing or repeated Host, Content-Length next to
// Transfer-Encoding, any coding but a single "chunked". Beast parses; the strictness is ours, because Beast 1.81 lets
// these pass.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "socketio/engineio/options.hpp"

namespace engineio {

struct RequestHead {
  std::string method;
  std::string target;
  bool http11 = true;
  bool keep_alive = true;
  bool expects_continue = false;
  bool upgrade = false;                                      // to WebSocket; other upgrades are ignored
  std::vector<std::pair<std::string, std::string>> headers;  // lower-case names, in order

  /// The first header of that name; empty if absent.
  [[nodiscard]] std::string_view header(std::string_view lower_case_name) const;
  [[nodiscard]] bool has(std::string_view lower_case_name) const;
};

/// One per request, and only while the request is being read.
class HttpParser {
 public:
  explicit HttpParser(const HttpLimits& limits);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  enum class State : std::uint8_t {
    kHead,      // the head is incomplete
    kHeadDone,  // read head(), then call accept_body()
    kBody,      // the body is incomplete
    kDone,
    kFailed,  // status() says how to answer; nothing after it on this connection can be trusted
  };
  /// Reads what it can of `bytes`, which start where the last call stopped consuming, and returns how much it consumed.
  /// An incomplete head is not consumed: call again with the same bytes and more.
  std::size_t feed(std::string_view bytes);
  [[nodiscard]] State state() const noexcept { return state_; }
  /// 400, 413, 414, 431, 501 or 505, once failed.
  [[nodiscard]] int status() const noexcept { return status_; }
  /// From kHeadDone on. In kFailed and after name_request() method and target at least, if the request line told them
  /// (a target beyond its limit: the beginning of it); both are empty otherwise.
  [[nodiscard]] const RequestHead& head() const noexcept { return head_; }
  /// For the refusal of a head that does not come to its end: `bytes`, what there is of it.
  void name_request(std::string_view bytes);
  /// Only in kHeadDone: reads a body of at most `limit` bytes (inclusive); more fails with 413, at once if announced.
  /// A chunk's header, and the last chunk with its trailers, fail with 400 beyond HttpLimits::headers; so no more than
  /// that of a body is ever left unconsumed.
  void accept_body(std::size_t limit);
  /// Only in kDone.
  [[nodiscard]] std::string& body();
  [[nodiscard]] std::size_t body_received() const;

 private:
  struct Beast;
  std::size_t fail(int status);
  std::size_t fail_head(int status, std::string_view bytes);
  std::size_t feed_head(std::string_view bytes);
  std::size_t feed_body(std::string_view bytes);
  void read_head();

  const HttpLimits& limits_;
  std::unique_ptr<Beast> beast_;
  RequestHead head_;
  std::size_t scanned_ = 0;  // of the incomplete head
  std::size_t body_limit_ = 0;
  State state_ = State::kHead;
  int status_ = 0;
};

/// Empty lines before a request line are allowed (RFC 9112 §2.2): how many bytes of them `bytes` starts with.
std::size_t leading_empty_lines(std::string_view bytes);

/// Method and target of the request line that `bytes` start with, however broken what follows them is. Both empty: they
/// cannot be told, or `bytes` end within the first `long_target` bytes of the target.
std::pair<std::string_view, std::string_view> request_names(std::string_view bytes, std::size_t long_target);

/// The checks that Beast does not make; 0 or the status to refuse with. `block` ends with an empty line.
int check_head_block(std::string_view block, const HttpLimits& limits);

}  // namespace engineio
