#include "base/json_scanner.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>
#include <vector>

#include "base/utf8.hpp"

namespace base {
namespace {

// Objects of these sizes are checked for duplicate keys without allocation: what events look like, and what the default
// limit allows. Two sizes, because the larger array costs more to prepare than a small object costs to scan.
constexpr std::size_t kFewKeys = 16;
constexpr std::size_t kManyKeys = 128;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

int hex_digit(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Sorting instead of hashing: no key a stranger chooses can make it slow.
bool all_distinct(const JsonValue& object, std::span<JsonValue> keys) {
  JsonCursor cursor(object);
  JsonValue ignored;
  for (JsonValue& key : keys) CHECK(cursor.next(key) && cursor.next(ignored));
  std::sort(keys.begin(), keys.end(), [](const auto& a, const auto& b) { return compare_json_strings(a, b) < 0; });
  return std::adjacent_find(keys.begin(), keys.end(),
                            [](const auto& a, const auto& b) { return compare_json_strings(a, b) == 0; }) == keys.end();
}

template <std::size_t kCapacity>
bool all_distinct_within(const JsonValue& object, std::size_t members) {
  std::array<JsonValue, kCapacity> keys;
  return all_distinct(object, std::span(keys).first(members));
}

}  // namespace

const char* plain_string_end(const char* at, const char* end) noexcept {
  constexpr std::uint64_t kOnes = 0x0101010101010101ull;
  constexpr std::uint64_t kHigh = 0x8080808080808080ull;
  while (end - at >= 8) {
    std::uint64_t word;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t quote = word ^ (kOnes * '"');
    const std::uint64_t backslash = word ^ (kOnes * '\\');
    // A byte's high bit comes out set when the byte is zero (quote, backslash), below 0x20, or itself >= 0x80.
    // Borrows can only mark bytes above a true hit, and the lowest mark is the one used.
    const std::uint64_t hits =
        (((quote - kOnes) & ~quote) | ((backslash - kOnes) & ~backslash) | ((word - kOnes * 0x20) & ~word) | word) &
        kHigh;
    if (hits != 0) {
      if constexpr (std::endian::native == std::endian::little) return at + (std::countr_zero(hits) >> 3);
      break;
    }
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<unsigned char>(*at) >= 0x20 &&
         static_cast<unsigned char>(*at) < 0x80) {
    ++at;
  }
  return at;
}

JsonScanner::JsonScanner(std::string_view text, const JsonLimits& limits)
    : at_(text.data()), end_(text.data() + text.size()), limits_(limits) {
  CHECK(limits.depth <= kMaxJsonDepth);
}

Result<JsonValue, JsonError> JsonScanner::scan() {
  skip_space();
  const char* start = at_;
  if (!value(0)) return base::fail(error_);
  const char* stop = at_;
  skip_space();
  if (at_ != end_) return base::fail(JsonError::kSyntax);
  JsonKind kind = JsonKind::kNumber;
  switch (*start) {
    case 'n':
      kind = JsonKind::kNull;
      break;
    case 't':
    case 'f':
      kind = JsonKind::kBool;
      break;
    case '"':
      kind = JsonKind::kString;
      break;
    case '[':
      kind = JsonKind::kArray;
      break;
    case '{':
      kind = JsonKind::kObject;
      break;
    default:
      break;
  }
  return JsonValue({start, static_cast<std::size_t>(stop - start)}, kind);
}

void JsonScanner::skip_space() {
  while (at_ != end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\t' || *at_ == '\r')) ++at_;
}

bool JsonScanner::value(std::size_t depth) {
  if (at_ == end_) return fail(JsonError::kTruncated);
  switch (*at_) {
    case '{':
      return object(depth + 1);
    case '[':
      return array(depth + 1);
    case '"':
      return string();
    case 't':
      return literal("true");
    case 'f':
      return literal("false");
    case 'n':
      return literal("null");
    default:
      return number();
  }
}

bool JsonScanner::enter(std::size_t depth) {
  if (depth > limits_.depth) return fail(JsonError::kTooDeep);
  ++at_;
  skip_space();
  return true;
}

bool JsonScanner::separator(char close, std::size_t members, bool& more) {
  if (limits_.members != 0 && members > limits_.members) return fail(JsonError::kTooManyMembers);
  skip_space();
  if (at_ == end_ || (*at_ != ',' && *at_ != close)) return unexpected();
  more = *at_++ == ',';
  if (more) skip_space();
  return true;
}

bool JsonScanner::array(std::size_t depth) {
  if (!enter(depth)) return false;
  if (at_ != end_ && *at_ == ']') return ++at_, true;
  bool more = true;
  for (std::size_t members = 1; more; ++members) {
    if (!value(depth) || !separator(']', members, more)) return false;
  }
  return true;
}

bool JsonScanner::object(std::size_t depth) {
  const char* open = at_;
  if (!enter(depth)) return false;
  if (at_ != end_ && *at_ == '}') return ++at_, true;
  bool more = true;
  std::size_t members = 0;
  while (more) {
    if (at_ == end_ || *at_ != '"') return unexpected();
    if (!string()) return false;
    skip_space();
    if (at_ == end_ || *at_ != ':') return unexpected();
    ++at_;
    skip_space();
    if (!value(depth) || !separator('}', ++members, more)) return false;
  }
  return !limits_.refuse_duplicate_keys || members < 2 || distinct_keys(open, members);
}

bool JsonScanner::distinct_keys(const char* open, std::size_t members) {
  const JsonValue object({open, static_cast<std::size_t>(at_ - open)}, JsonKind::kObject);
  bool distinct = false;
  if (members <= kFewKeys) {
    distinct = all_distinct_within<kFewKeys>(object, members);
  } else if (members <= kManyKeys) {
    distinct = all_distinct_within<kManyKeys>(object, members);
  } else {
    std::vector<JsonValue> keys(members);
    distinct = all_distinct(object, keys);
  }
  return distinct || fail(JsonError::kDuplicateKey);
}

bool JsonScanner::literal(std::string_view word) {
  for (const char expected : word) {
    if (at_ == end_ || *at_ != expected) return unexpected();
    ++at_;
  }
  return true;
}

bool JsonScanner::digits() {
  if (at_ == end_ || !is_digit(*at_)) return unexpected();
  while (at_ != end_ && is_digit(*at_)) ++at_;
  return true;
}

bool JsonScanner::number() {
  if (*at_ == '-') ++at_;
  if (at_ != end_ && *at_ == '0') {
    ++at_;
  } else if (!digits()) {
    return false;
  }
  if (at_ != end_ && *at_ == '.') {
    ++at_;
    if (!digits()) return false;
  }
  if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
    ++at_;
    if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
    if (!digits()) return false;
  }
  return true;
}

bool JsonScanner::string() {
  ++at_;
  while (true) {
    at_ = plain_string_end(at_, end_);
    if (at_ == end_) return fail(JsonError::kTruncated);
    if (*at_ == '"') return ++at_, true;
    if (*at_ == '\\') {
      if (!escape()) return false;
    } else if (static_cast<unsigned char>(*at_) < 0x20) {
      return fail(JsonError::kSyntax);
    } else if (!multibyte()) {
      return false;
    }
  }
}

bool JsonScanner::multibyte() {
  Utf8Stream character;
  do {
    if (at_ == end_) return fail(JsonError::kTruncated);
    if (!character.feed({at_, 1})) return fail(JsonError::kInvalidUtf8);
    ++at_;
  } while (!character.complete());
  return true;
}

bool JsonScanner::hex_escape(std::uint32_t& unit) {
  unit = 0;
  for (int i = 0; i < 4; ++i, ++at_) {
    if (at_ == end_) return fail(JsonError::kTruncated);
    const int digit = hex_digit(*at_);
    if (digit < 0) return fail(JsonError::kSyntax);
    unit = unit * 16 + static_cast<std::uint32_t>(digit);
  }
  return true;
}

bool JsonScanner::escape() {
  ++at_;
  if (at_ == end_) return fail(JsonError::kTruncated);
  const char kind = *at_;
  if (kind != 'u') {
    if (std::strchr("\"\\/bfnrt", kind) == nullptr || kind == '\0') return fail(JsonError::kSyntax);
    ++at_;
    return true;
  }
  ++at_;
  std::uint32_t unit = 0;
  if (!hex_escape(unit)) return false;
  if (!limits_.refuse_lone_surrogates || unit < 0xD800 || unit > 0xDFFF) return true;
  if (unit >= 0xDC00) return fail(JsonError::kLoneSurrogate);
  if (end_ - at_ < 2 || at_[0] != '\\' || at_[1] != 'u') return fail(JsonError::kLoneSurrogate);
  at_ += 2;
  std::uint32_t low = 0;
  if (!hex_escape(low)) return false;
  return (low >= 0xDC00 && low <= 0xDFFF) || fail(JsonError::kLoneSurrogate);
}

}  // namespace base
