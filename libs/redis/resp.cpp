#include "redis/resp.hpp"

#include <algorithm>
#include <utility>

#include "base/read_number.hpp"

namespace redis {

namespace {

/// Elements are reserved for as they come: a count alone may not make us allocate.
constexpr std::size_t kReserveAtMost = 64;
/// Consumed bytes are moved away once they are this many and half of the buffer.
constexpr std::size_t kCompactFrom = 64 * 1024;

std::optional<std::int64_t> to_integer(std::string_view text) {
  std::int64_t value = 0;
  if (!base::read_number(text, value)) return std::nullopt;
  return value;
}

}  // namespace

base::Result<Parser::Step, ParseError> Parser::take(std::size_t end) {
  total_ += end - at_;
  if (total_ > limits_.total_bytes) return base::fail(ParseError::kTooBig);
  at_ = scanned_ = end;
  return Step::kValue;
}

base::Result<Parser::Step, ParseError> Parser::step(Reply& value) {
  const std::size_t line_end = buffer_.find('\n', std::max(at_, scanned_));
  if (line_end == std::string::npos) {
    scanned_ = buffer_.size();
    if (buffer_.size() - at_ > limits_.line_bytes) return base::fail(ParseError::kTooBig);
    return Step::kIncomplete;
  }
  if (line_end - at_ > limits_.line_bytes) return base::fail(ParseError::kTooBig);
  if (line_end < at_ + 2 || buffer_[line_end - 1] != '\r') return base::fail(ParseError::kSyntax);
  const std::string_view text(buffer_.data() + at_ + 1, line_end - at_ - 2);
  const char type = buffer_[at_];
  if (type == '+' || type == '-') {
    value.kind = type == '+' ? ReplyKind::kStatus : ReplyKind::kError;
    value.text = text;
    return take(line_end + 1);
  }
  const auto number = to_integer(text);
  if (!number) return base::fail(ParseError::kSyntax);
  switch (type) {
    case ':':
      value.kind = ReplyKind::kInteger;
      value.integer = *number;
      return take(line_end + 1);
    case '$':
      return read_bulk(*number, line_end, value);
    case '*':
      return open_array(*number, line_end, value);
    default:
      return base::fail(ParseError::kSyntax);
  }
}

base::Result<Parser::Step, ParseError> Parser::read_bulk(std::int64_t size, std::size_t line_end, Reply& value) {
  if (size == -1) return take(line_end + 1);
  if (size < 0) return base::fail(ParseError::kSyntax);
  if (static_cast<std::uint64_t>(size) > limits_.bulk_bytes) return base::fail(ParseError::kTooBig);
  const std::size_t begin = line_end + 1;
  const std::size_t end = begin + static_cast<std::size_t>(size);
  scanned_ = line_end;  // found again at once when the rest is there
  if (buffer_.size() < end + 2) return Step::kIncomplete;
  if (buffer_[end] != '\r' || buffer_[end + 1] != '\n') return base::fail(ParseError::kSyntax);
  value.kind = ReplyKind::kBulk;
  value.text.assign(buffer_, begin, end - begin);
  return take(end + 2);
}

base::Result<Parser::Step, ParseError> Parser::open_array(std::int64_t count, std::size_t line_end, Reply& value) {
  if (count < -1) return base::fail(ParseError::kSyntax);
  if (count > 0 && static_cast<std::uint64_t>(count) > limits_.elements) return base::fail(ParseError::kTooBig);
  if (open_.size() >= limits_.depth) return base::fail(ParseError::kTooDeep);
  if (const auto taken = take(line_end + 1); !taken.ok()) return taken;
  if (count == -1) return Step::kValue;
  value.kind = ReplyKind::kArray;
  if (count == 0) return Step::kValue;
  const auto missing = static_cast<std::size_t>(count);
  value.elements.reserve(std::min(missing, kReserveAtMost));
  open_.push_back({std::move(value), missing});
  return Step::kOpened;
}

base::Result<std::optional<Reply>, ParseError> Parser::next() {
  if (failed_) return base::fail(*failed_);
  while (true) {
    Reply value;
    const auto stepped = step(value);
    if (!stepped.ok()) {
      failed_ = stepped.error();
      return base::fail(*failed_);
    }
    if (stepped.value() == Step::kIncomplete) {
      compact();
      return std::optional<Reply>();
    }
    if (stepped.value() == Step::kOpened) continue;
    // A value completes the arrays that waited for it alone.
    while (!open_.empty()) {
      Open& parent = open_.back();
      parent.array.elements.push_back(std::move(value));
      if (--parent.missing > 0) break;
      value = std::move(parent.array);
      open_.pop_back();
      if (open_.empty()) {
        total_ = 0;
        return std::optional<Reply>(std::move(value));
      }
    }
    if (!open_.empty()) continue;
    total_ = 0;
    return std::optional<Reply>(std::move(value));
  }
}

void Parser::compact() {
  if (at_ == buffer_.size()) {
    buffer_.clear();
    at_ = scanned_ = 0;
  } else if (at_ >= kCompactFrom && at_ * 2 >= buffer_.size()) {
    buffer_.erase(0, at_);
    scanned_ -= std::min(scanned_, at_);
    at_ = 0;
  }
}

void append_command(std::string& out, std::span<const std::string_view> words) {
  out += '*';
  out += std::to_string(words.size());
  out += "\r\n";
  for (const std::string_view word : words) {
    out += '$';
    out += std::to_string(word.size());
    out += "\r\n";
    out += word;
    out += "\r\n";
  }
}

void append_command(std::string& out, std::initializer_list<std::string_view> words) {
  append_command(out, std::span<const std::string_view>(words.begin(), words.size()));
}

}  // namespace redis
