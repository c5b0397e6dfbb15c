#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace chat {

enum class TextError : std::uint8_t { kEmpty, kTooLong, kNotUtf8, kControlCharacter };

/// The text as it is stored: CRLF folded to LF. 1..kTextLimit bytes of UTF-8; LF and TAB are allowed, every other
/// control character (Unicode Cc) is refused.
[[nodiscard]] base::Result<std::string, TextError> accept_text(std::string text);

/// 1..64 visible ASCII characters.
[[nodiscard]] bool is_client_id(std::string_view text);

}  // namespace chat
