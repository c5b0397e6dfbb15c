#pragma once
// JSON (RFC 8259) read without building a tree: one pass validates the text under limits, then JsonValue is a view into
// it. Problem: every event of every client is JSON from strangers, and most of it is only looked at in a few places.
// Answer: scan once, allocate nothing, decode only what is asked for.
//
// A JsonValue lives as long as the text it was parsed from. Reading one member walks the object: linear in its text.
// Thread: any; values are immutable.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/result.hpp"

namespace base {

enum class JsonError : std::uint8_t {
  kSyntax,     // not JSON, or followed by anything but white space
  kTruncated,  // the text ended inside a value; also an empty text
  kInvalidUtf8,
  kLoneSurrogate,  // an escape such as \ud800 without its other half
  kTooDeep,
  kTooManyMembers,  // of one object or array
  kDuplicateKey,
};
std::string_view to_string(JsonError error);

struct JsonLimits {
  /// Containers inside each other; bounds the recursion of every reader. At most kMaxJsonDepth.
  std::size_t depth = 16;
  /// Members of one object, elements of one array; 0 = no limit.
  std::size_t members = 128;
  /// Keys are compared decoded: "a" and "\u0061" are the same. Off: the last one wins.
  bool refuse_duplicate_keys = false;
  /// Off: such an escape reads as U+FFFD.
  bool refuse_lone_surrogates = false;

  /// For content that is stored and shown to others.
  static JsonLimits strict() { return {.refuse_duplicate_keys = true, .refuse_lone_surrogates = true}; }
};
/// The scanner recurses once per container, in frames of some 100 bytes.
inline constexpr std::size_t kMaxJsonDepth = 512;

enum class JsonKind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

/// A validated value: a slice of the text, without the white space around it. The default is `null`.
class JsonValue {
 public:
  JsonValue() = default;

  [[nodiscard]] JsonKind kind() const noexcept { return kind_; }
  [[nodiscard]] bool is_null() const noexcept { return kind_ == JsonKind::kNull; }
  [[nodiscard]] bool is_string() const noexcept { return kind_ == JsonKind::kString; }
  [[nodiscard]] bool is_array() const noexcept { return kind_ == JsonKind::kArray; }
  [[nodiscard]] bool is_object() const noexcept { return kind_ == JsonKind::kObject; }
  /// The text as it was sent: can be passed on as JSON unchanged.
  [[nodiscard]] std::string_view raw() const noexcept { return text_; }

  // Each is nullopt when the value is of another kind, or does not fit.
  [[nodiscard]] std::optional<bool> as_bool() const noexcept;
  /// Digits only (no fraction, no exponent, also when they would amount to nothing), within the type's range.
  [[nodiscard]] std::optional<std::int64_t> as_int64() const noexcept;
  [[nodiscard]] std::optional<std::uint64_t> as_uint64() const noexcept;
  /// The nearest double; nullopt for numbers outside its range (1e400).
  [[nodiscard]] std::optional<double> as_double() const noexcept;
  /// Decoded UTF-8.
  [[nodiscard]] std::optional<std::string> as_string() const;
  /// Appends the decoded string to `out`; false, and `out` unchanged, when this is no string.
  bool append_string_to(std::string& out) const;
  /// The string without a copy, when it holds no escape. A view into the text.
  [[nodiscard]] std::optional<std::string_view> as_plain_string_view() const noexcept;
  /// True when this is a string that decodes to `utf8`.
  [[nodiscard]] bool is_string_equal_to(std::string_view utf8) const;

  /// The member of that (decoded) name, the last one if it is repeated; nullopt when absent or this is no object.
  [[nodiscard]] std::optional<JsonValue> member(std::string_view name) const;
  /// Elements or members; 0 for other kinds. Walks the value.
  [[nodiscard]] std::size_t count() const noexcept;
  /// fn(JsonValue element), in order; a bool result `false` stops. Nothing happens when this is no array.
  template <class Fn>
  void for_each_element(Fn&& fn) const;
  /// fn(JsonValue key, JsonValue value), in order, repeated keys as often as they come; `false` stops.
  template <class Fn>
  void for_each_member(Fn&& fn) const;

 private:
  friend class JsonScanner;
  friend class JsonCursor;
  JsonValue(std::string_view text, JsonKind kind) : text_(text), kind_(kind) {}

  std::string_view text_ = "null";
  JsonKind kind_ = JsonKind::kNull;
};

/// Validates all of `text` under `limits`. Allocates nothing (refusing duplicate keys with `members` above 128, or off,
/// may).
Result<JsonValue, JsonError> parse_json(std::string_view text, const JsonLimits& limits = {});

/// Of a member that may be absent: null means the same, nothing was given.
[[nodiscard]] inline bool is_given(const std::optional<JsonValue>& member) {
  return member && !member->is_null();
}

/// A text of an object; empty when there is no such member, or it is none.
[[nodiscard]] std::string text_member(const JsonValue& object, std::string_view name);

/// Walks the elements of an array, or keys and values of an object alternately. Of another kind: nothing.
class JsonCursor {
 public:
  explicit JsonCursor(const JsonValue& container) noexcept;
  /// False at the end.
  bool next(JsonValue& value) noexcept;

 private:
  friend class JsonWalker;
  const char* at_;
  const char* end_;
};

/// Walks a value with everything inside it. A cursor in every container would pass each byte once per level around it;
/// this passes it once.
class JsonWalker {
 public:
  enum class Step : std::uint8_t { kScalar, kOpenArray, kOpenObject, kClose, kEnd };

  explicit JsonWalker(const JsonValue& value) noexcept;
  Step next() noexcept;
  /// After kScalar: the key or value.
  [[nodiscard]] const JsonValue& scalar() const noexcept { return scalar_; }
  /// Behind what the last step passed.
  [[nodiscard]] const char* at() const noexcept { return rest_.at_; }

 private:
  JsonCursor rest_;
  JsonValue scalar_;
};

template <class Fn>
void JsonValue::for_each_element(Fn&& fn) const {
  if (!is_array()) return;
  JsonCursor cursor(*this);
  for (JsonValue element; cursor.next(element);) {
    if constexpr (std::is_same_v<decltype(fn(element)), bool>) {
      if (!fn(element)) return;
    } else {
      fn(element);
    }
  }
}

template <class Fn>
void JsonValue::for_each_member(Fn&& fn) const {
  if (!is_object()) return;
  JsonCursor cursor(*this);
  JsonValue value;
  for (JsonValue key; cursor.next(key) && cursor.next(value);) {
    if constexpr (std::is_same_v<decltype(fn(key, value)), bool>) {
      if (!fn(key, value)) return;
    } else {
      fn(key, value);
    }
  }
}

}  // namespace base
