#pragma once
// The validating pass of json_reader.hpp; not for use elsewhere.

#include <cstddef>

#include "base/json_reader.hpp"

namespace base {

/// Recursive descent over one text. Depth is bounded by the limits, so is the stack.
class JsonScanner {
 public:
  JsonScanner(std::string_view text, const JsonLimits& limits);
  Result<JsonValue, JsonError> scan();

 private:
  // Each scans one construct at at_ and returns false with error_ set.
  bool value(std::size_t depth);
  bool object(std::size_t depth);
  bool array(std::size_t depth);
  bool string();
  bool escape();
  bool hex_escape(std::uint32_t& unit);
  bool multibyte();
  bool number();
  bool digits();
  bool literal(std::string_view word);
  bool separator(char close, std::size_t members, bool& more);
  bool enter(std::size_t depth);
  bool distinct_keys(const char* open, std::size_t members);

  bool fail(JsonError error) {
    error_ = error;
    return false;
  }
  bool unexpected() { return fail(at_ == end_ ? JsonError::kTruncated : JsonError::kSyntax); }
  void skip_space();

  const char* at_;
  const char* end_;
  const JsonLimits& limits_;
  JsonError error_ = JsonError::kSyntax;
};

/// Orders two string values by their decoded code points.
int compare_json_strings(const JsonValue& a, const JsonValue& b) noexcept;

/// First byte in [at, end) that a string scan must look at: quote, backslash, control, or not ASCII; `end` if none.
const char* plain_string_end(const char* at, const char* end) noexcept;

}  // namespace base
