#include "socketio/engineio/http_parser.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/core/string.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/check.hpp"

namespace engineio {

namespace http = boost::beast::http;

namespace {
/// Beast keeps the length of a field's name and value in 16 bits, less two (basic_fields::new_element).
constexpr std::size_t kLongestBeastField = 0xFFFF - 2;
std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}
std::string_view view(boost::beast::string_view text) {
  return {text.data(), text.size()};
}
}  // namespace

struct HttpParser::Beast {
  http::request_parser<http::string_body> parser;
};

std::string_view RequestHead::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

bool RequestHead::has(std::string_view name) const {
  return std::any_of(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
}

HttpParser::HttpParser(const HttpLimits& limits) : limits_(limits) {}
HttpParser::~HttpParser() = default;

std::size_t HttpParser::fail(int status) {
  state_ = State::kFailed;
  status_ = status;
  return 0;
}

std::size_t HttpParser::feed(std::string_view bytes) {
  if (state_ == State::kHead) return feed_head(bytes);
  if (state_ == State::kBody) return feed_body(bytes);
  return 0;
}

std::size_t HttpParser::fail_head(int status, std::string_view bytes) {
  name_request(bytes);
  return fail(status);
}

void HttpParser::name_request(std::string_view bytes) {
  const auto [method, target] = request_names(bytes, limits_.url);
  head_.method = std::string(method);
  head_.target = std::string(target.substr(0, limits_.url));
}

std::size_t HttpParser::feed_head(std::string_view bytes) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  const std::size_t limit = limits_.url + limits_.headers;
  // The limits come before everything else that may be wrong: how the bytes were cut must not choose the answer.
  constexpr std::size_t kMethodAndSpace = 32;
  const std::size_t line_limit = limits_.url + kMethodAndSpace;
  if (bytes.size() > line_limit && bytes.substr(0, line_limit + 1).find('\n') == std::string_view::npos)
    return fail_head(414, bytes);
  // Only what is new is searched, less the three bytes that a split terminator may have left.
  const std::size_t from = scanned_ < kEnd.size() ? 0 : scanned_ - (kEnd.size() - 1);
  const auto end = bytes.find(kEnd, from);
  if (end == std::string_view::npos) {
    scanned_ = bytes.size();
    return bytes.size() > limit ? fail_head(431, bytes) : 0;
  }
  const auto block = bytes.substr(0, end + kEnd.size());
  if (block.size() > limit) return fail_head(431, bytes);
  if (const int status = check_head_block(block, limits_); status != 0) return fail_head(status, bytes);
  beast_ = std::make_unique<Beast>();
  beast_->parser.header_limit(static_cast<std::uint32_t>(limit + 1));
  // Bodies are bounded in feed_body(): Beast 1.81 counts a chunk again each time it comes back to the chunk's header.
  beast_->parser.body_limit(boost::none);
  boost::beast::error_code error;
  const std::size_t used = beast_->parser.put(boost::asio::const_buffer(block.data(), block.size()), error);
  if (error || !beast_->parser.is_header_done() || used != block.size()) return fail_head(400, bytes);
  read_head();
  state_ = State::kHeadDone;
  return used;
}

void HttpParser::read_head() {
  const auto& message = beast_->parser.get();
  head_.method = std::string(view(message.method_string()));
  head_.target = std::string(view(message.target()));
  head_.http11 = message.version() == 11;
  head_.keep_alive = message.keep_alive();
  for (const auto& field : message)
    head_.headers.emplace_back(lower_case(view(field.name_string())), std::string(view(field.value())));
  head_.expects_continue = head_.http11 && lower_case(head_.header("expect")) == "100-continue";
  // Other upgrades (h2c, which Java's client offers with every request) are declined by ignoring them.
  head_.upgrade =
      beast_->parser.upgrade() && lower_case(head_.header("upgrade")).find("websocket") != std::string::npos;
}

void HttpParser::accept_body(std::size_t limit) {
  CHECK(state_ == State::kHeadDone);
  body_limit_ = limit;
  auto& parser = beast_->parser;
  if (parser.is_done()) {
    state_ = State::kDone;
    return;
  }
  if (const auto announced = parser.content_length(); announced && *announced > limit) {
    fail(413);
    return;
  }
  parser.eager(true);
  state_ = State::kBody;
}

std::size_t HttpParser::feed_body(std::string_view bytes) {
  std::size_t used = 0;
  auto& parser = beast_->parser;
  // Beast 1.81 (parse_chunk_header) asserts that the whole of a last chunk which is also the first has come.
  constexpr std::string_view kShortestLastChunk = "0\r\n\r\n";
  if (parser.chunked() && parser.get().body().empty() && bytes.size() < kShortestLastChunk.size() &&
      bytes.starts_with('0'))
    return 0;
  // Beast bounds neither a chunk's header nor trailers, and throws std::length_error for a field of 64 KiB: it sees as
  // much at a time as one of them may have, however the bytes were cut.
  const std::size_t most = parser.chunked() ? std::min(limits_.headers, kLongestBeastField) : bytes.size();
  while (used < bytes.size() && !parser.is_done()) {
    boost::beast::error_code error;
    const auto piece = bytes.substr(used, most);
    const bool more_follows = used + piece.size() < bytes.size();
    const std::size_t step = parser.put(boost::asio::const_buffer(piece.data(), piece.size()), error);
    used += step;
    if (parser.get().body().size() > body_limit_) return fail(413);
    if (error == http::error::need_more || (!error && step == 0)) {
      if (!more_follows) break;
      if (step == 0) return fail(400);
      continue;  // the rest of this piece belongs to what follows it
    }
    if (error) return fail(400);
  }
  if (parser.is_done()) state_ = State::kDone;
  return used;
}

std::string& HttpParser::body() {
  CHECK(state_ == State::kDone);
  return beast_->parser.get().body();
}

std::size_t HttpParser::body_received() const {
  return beast_ ? beast_->parser.get().body().size() : 0;
}

}  // namespace engineio
