#pragma once
// RESP2, the protocol of Redis, without I/O.
//
//   command = "*" count CRLF *( "$" size CRLF bytes CRLF )
//   reply   = "+" text CRLF | "-" text CRLF | ":" integer CRLF | "$" size CRLF bytes CRLF | "*" count CRLF *reply
//   size and count -1 stand for "nothing here"
//
// A server is trusted to be Redis, but not to be well: what it sends is bounded, and anything else than the grammar
// ends the connection.

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace redis {

enum class ReplyKind : std::uint8_t { kNull, kStatus, kError, kInteger, kBulk, kArray };

struct Reply {
  ReplyKind kind = ReplyKind::kNull;
  std::int64_t integer = 0;
  std::string text;  // status, error, bulk
  std::vector<Reply> elements;

  [[nodiscard]] bool is_error() const { return kind == ReplyKind::kError; }
  [[nodiscard]] bool is_array() const { return kind == ReplyKind::kArray; }
};

enum class ParseError : std::uint8_t { kSyntax, kTooBig, kTooDeep };

struct ReplyLimits {
  std::size_t line_bytes = 64 * 1024;          // a status, an error, a number
  std::size_t bulk_bytes = 64 * 1024 * 1024;   // one published payload or value
  std::size_t elements = 1024 * 1024;          // of one array
  std::size_t total_bytes = 80 * 1024 * 1024;  // of one reply, everything in it
  std::size_t depth = 8;
};

/// Incremental: bytes in any portions, replies out. After an error it stays failed.
class Parser {
 public:
  explicit Parser(ReplyLimits limits = {}) : limits_(limits) {}

  void feed(std::string_view bytes) { buffer_ += bytes; }
  /// The next complete reply; nullopt: more bytes are needed.
  base::Result<std::optional<Reply>, ParseError> next();

 private:
  struct Open {
    Reply array;
    std::size_t missing;
  };
  enum class Step : std::uint8_t { kIncomplete, kOpened, kValue };
  base::Result<Step, ParseError> step(Reply& value);
  base::Result<Step, ParseError> read_bulk(std::int64_t size, std::size_t line_end, Reply& value);
  base::Result<Step, ParseError> open_array(std::int64_t count, std::size_t line_end, Reply& value);
  base::Result<Step, ParseError> take(std::size_t end);
  void compact();

  ReplyLimits limits_;
  std::string buffer_;
  std::size_t at_ = 0;       // first byte that is not part of a value yet
  std::size_t scanned_ = 0;  // no line end before it
  std::size_t total_ = 0;    // of the reply under construction
  std::vector<Open> open_;
  std::optional<ParseError> failed_;
};

/// Appends one command.
void append_command(std::string& out, std::span<const std::string_view> words);
void append_command(std::string& out, std::initializer_list<std::string_view> words);

}  // namespace redis
