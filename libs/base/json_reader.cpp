#include "base/json_reader.hpp"

#include <charconv>
#include <cstring>

#include "base/json_scanner.hpp"
#include "base/read_number.hpp"
#include "base/utf8.hpp"

// Everything below the entry point reads validated text, so it checks no syntax.

namespace base {
namespace {

constexpr std::uint32_t kReplacement = 0xFFFD;
// `\u0000` for one byte is the longest an encoded string can be against its decoded form.
constexpr std::size_t kLongestEscape = 6;

std::string_view inside(std::string_view quoted) {
  return quoted.substr(1, quoted.size() - 2);
}

std::uint32_t hex4(const char* at) {
  std::uint32_t unit = 0;
  std::from_chars(at, at + 4, unit, 16);
  return unit;
}

// Decodes the escape at `at` (its backslash) and moves behind it.
std::uint32_t take_escape(const char*& at, const char* end) {
  const char kind = at[1];
  at += 2;
  switch (kind) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case 'u':
      break;
    default:
      return static_cast<unsigned char>(kind);
  }
  const std::uint32_t unit = hex4(at);
  at += 4;
  if (unit < 0xD800 || unit > 0xDFFF) return unit;
  if (unit >= 0xDC00 || end - at < 6 || at[0] != '\\' || at[1] != 'u') return kReplacement;
  const std::uint32_t low = hex4(at + 2);
  if (low < 0xDC00 || low > 0xDFFF) return kReplacement;
  at += 6;
  return 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00);
}

std::uint32_t take_code_point(const char*& at, const char* end) {
  const auto lead = static_cast<unsigned char>(*at);
  if (lead == '\\') return take_escape(at, end);
  ++at;
  if (lead < 0x80) return lead;
  const int tail = lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : 3;
  std::uint32_t code_point = lead & (0x3Fu >> tail);
  for (int i = 0; i < tail; ++i) code_point = (code_point << 6) | (static_cast<unsigned char>(*at++) & 0x3Fu);
  return code_point;
}

bool has_escape(std::string_view text) {
  return std::memchr(text.data(), '\\', text.size()) != nullptr;
}

// Behind the string that opens at `at`.
const char* skip_string(const char* at, const char* end) {
  for (++at; *at != '"';) {
    if (*at == '\\') {
      at += 2;
    } else {
      while (static_cast<unsigned char>(*at) >= 0x80) ++at;
      at = plain_string_end(at, end);
    }
  }
  return at + 1;
}

const char* skip_container(const char* at, const char* end) {
  std::size_t depth = 0;
  do {
    switch (*at) {
      case '"':
        at = skip_string(at, end);
        continue;
      case '[':
      case '{':
        ++depth;
        break;
      case ']':
      case '}':
        --depth;
        break;
      default:
        break;
    }
    ++at;
  } while (depth != 0);
  return at;
}

const char* skip_scalar(const char* at, const char* end) {
  while (at != end && std::memchr(",]}: \n\t\r", *at, 8) == nullptr) ++at;
  return at;
}

bool is_between(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == ',' || c == ':';
}

template <class Number>
std::optional<Number> number_from(std::string_view text) {
  Number number{};
  if (!read_number(text, number)) return std::nullopt;
  return number;
}

}  // namespace

std::string_view to_string(JsonError error) {
  switch (error) {
    case JsonError::kSyntax:
      return "syntax";
    case JsonError::kTruncated:
      return "truncated";
    case JsonError::kInvalidUtf8:
      return "invalid UTF-8";
    case JsonError::kLoneSurrogate:
      return "lone surrogate";
    case JsonError::kTooDeep:
      return "too deep";
    case JsonError::kTooManyMembers:
      return "too many members";
    case JsonError::kDuplicateKey:
      return "duplicate key";
  }
  return "unknown";
}

Result<JsonValue, JsonError> parse_json(std::string_view text, const JsonLimits& limits) {
  return JsonScanner(text, limits).scan();
}

int compare_json_strings(const JsonValue& a, const JsonValue& b) noexcept {
  const std::string_view left = inside(a.raw());
  const std::string_view right = inside(b.raw());
  // The byte order of UTF-8 is the order of its code points, so both ways of comparing agree.
  if (!has_escape(left) && !has_escape(right)) return left.compare(right);
  const char* at = left.data();
  const char* other = right.data();
  const char* end = at + left.size();
  const char* other_end = other + right.size();
  while (at != end && other != other_end) {
    const std::uint32_t x = take_code_point(at, end);
    const std::uint32_t y = take_code_point(other, other_end);
    if (x != y) return x < y ? -1 : 1;
  }
  return at != end ? 1 : other != other_end ? -1 : 0;
}

std::optional<bool> JsonValue::as_bool() const noexcept {
  if (kind_ != JsonKind::kBool) return std::nullopt;
  return text_.front() == 't';
}

std::optional<std::int64_t> JsonValue::as_int64() const noexcept {
  if (kind_ != JsonKind::kNumber) return std::nullopt;
  return number_from<std::int64_t>(text_);
}

std::optional<std::uint64_t> JsonValue::as_uint64() const noexcept {
  if (kind_ != JsonKind::kNumber) return std::nullopt;
  return number_from<std::uint64_t>(text_);
}

std::optional<double> JsonValue::as_double() const noexcept {
  if (kind_ != JsonKind::kNumber) return std::nullopt;
  return number_from<double>(text_);
}

std::string text_member(const JsonValue& object, std::string_view name) {
  const auto member = object.member(name);
  return member ? member->as_string().value_or("") : "";
}

std::optional<std::string> JsonValue::as_string() const {
  if (!is_string()) return std::nullopt;
  std::string decoded;
  append_string_to(decoded);
  return decoded;
}

bool JsonValue::append_string_to(std::string& out) const {
  if (!is_string()) return false;
  const std::string_view text = inside(text_);
  out.reserve(out.size() + text.size());
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    const void* found = std::memchr(at, '\\', static_cast<std::size_t>(end - at));
    const char* run = found != nullptr ? static_cast<const char*>(found) : end;
    out.append(at, run);
    at = run;
    if (at != end) append_utf8(out, take_escape(at, end));
  }
  return true;
}

std::optional<std::string_view> JsonValue::as_plain_string_view() const noexcept {
  if (!is_string() || has_escape(text_)) return std::nullopt;
  return inside(text_);
}

bool JsonValue::is_string_equal_to(std::string_view utf8) const {
  if (!is_string()) return false;
  const std::string_view text = inside(text_);
  if (text.size() < utf8.size() || text.size() > kLongestEscape * utf8.size()) return false;
  if (!has_escape(text)) return text == utf8;
  return as_string() == utf8;
}

std::optional<JsonValue> JsonValue::member(std::string_view name) const {
  std::optional<JsonValue> found;
  for_each_member([&](const JsonValue& key, const JsonValue& value) {
    if (key.is_string_equal_to(name)) found = value;
  });
  return found;
}

std::size_t JsonValue::count() const noexcept {
  std::size_t values = 0;
  JsonCursor cursor(*this);
  for (JsonValue value; cursor.next(value);) ++values;
  return is_object() ? values / 2 : values;
}

JsonCursor::JsonCursor(const JsonValue& container) noexcept {
  const std::string_view text = container.raw();
  const bool walks = container.is_array() || container.is_object();
  at_ = walks ? text.data() + 1 : text.data();
  end_ = walks ? text.data() + text.size() - 1 : text.data();
}

bool JsonCursor::next(JsonValue& value) noexcept {
  while (at_ != end_ && is_between(*at_)) ++at_;
  if (at_ == end_) return false;
  const char* start = at_;
  JsonKind kind = JsonKind::kNumber;
  switch (*start) {
    case '"':
      kind = JsonKind::kString;
      at_ = skip_string(start, end_);
      break;
    case '[':
    case '{':
      kind = *start == '[' ? JsonKind::kArray : JsonKind::kObject;
      at_ = skip_container(start, end_);
      break;
    case 't':
    case 'f':
      kind = JsonKind::kBool;
      at_ = skip_scalar(start, end_);
      break;
    case 'n':
      kind = JsonKind::kNull;
      at_ = skip_scalar(start, end_);
      break;
    default:
      at_ = skip_scalar(start, end_);
      break;
  }
  value = JsonValue({start, static_cast<std::size_t>(at_ - start)}, kind);
  return true;
}

JsonWalker::JsonWalker(const JsonValue& value) noexcept : rest_(value) {
  rest_.at_ = value.raw().data();
  rest_.end_ = rest_.at_ + value.raw().size();
}

JsonWalker::Step JsonWalker::next() noexcept {
  while (rest_.at_ != rest_.end_ && is_between(*rest_.at_)) ++rest_.at_;
  if (rest_.at_ == rest_.end_) return Step::kEnd;
  switch (*rest_.at_) {
    case '[':
      ++rest_.at_;
      return Step::kOpenArray;
    case '{':
      ++rest_.at_;
      return Step::kOpenObject;
    case ']':
    case '}':
      ++rest_.at_;
      return Step::kClose;
    default:
      rest_.next(scalar_);
      return Step::kScalar;
  }
}

}  // namespace base
