#pragma once
// JsonWriter: writes JSON at the end of a caller's string, so one buffer can serve a whole packet. It places commas and
// escapes; the order of calls (key before value in objects, as many ends as begins) is the caller's promise. Strings
// must be UTF-8: they are not checked again here. Any thread; one writer, one string.

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace base {

/// Appends `text` in quotes, escaping what RFC 8259 §7 requires and nothing else.
void append_json_string(std::string& out, std::string_view text);

class JsonWriter {
 public:
  /// `out` must outlive the writer and may already hold text, which stays.
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);

  JsonWriter& value(std::string_view text);
  JsonWriter& value(const char* text) { return value(std::string_view(text)); }
  JsonWriter& value(const std::string& text) { return value(std::string_view(text)); }
  JsonWriter& value(bool truth);
  JsonWriter& value(std::nullptr_t) { return raw("null"); }
  /// The shortest form that reads back as the same number; NaN and infinities are written as null.
  JsonWriter& value(double number);
  template <std::integral Integer>
  JsonWriter& value(Integer number) {
    if constexpr (std::signed_integral<Integer>) {
      return signed_value(number);
    } else {
      return unsigned_value(number);
    }
  }
  /// Text that is JSON already.
  JsonWriter& raw(std::string_view json);

  /// key() and value() in one.
  template <class Value>
  JsonWriter& member(std::string_view name, Value&& content) {
    return key(name).value(std::forward<Value>(content));
  }
  JsonWriter& raw_member(std::string_view name, std::string_view json) { return key(name).raw(json); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& signed_value(std::int64_t number);
  JsonWriter& unsigned_value(std::uint64_t number);
  void separate() {
    if (comma_due_) out_ += ',';
  }

  std::string& out_;
  bool comma_due_ = false;  // a sibling stands before: one flag serves all depths, since an end is a sibling itself
};

}  // namespace base
