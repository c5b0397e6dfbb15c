#pragma once
// Base64 with the standard alphabet (RFC 4648 §4), into and out of the caller's buffers.

#include <cstddef>
#include <string>
#include <string_view>

namespace base {

/// Length of the encoded form, padding included.
constexpr std::size_t base64_size(std::size_t bytes) {
  return (bytes + 2) / 3 * 4;
}

/// Appends the padded form.
void append_base64(std::string& out, std::string_view bytes);

/// Appends what any text decodes to, as browsers' and Node's decoders do: both alphabets, other characters are passed
/// over, `=` ends the text, leftover bits are dropped. Never fails; at most 3/4 of the text's length.
void append_base64_decoded(std::string& out, std::string_view text);

}  // namespace base
