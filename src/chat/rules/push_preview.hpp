#pragma once
#include <string_view>

namespace chat {

/// What a notification may show of a text: its first 100 characters (code points) at most, never half a character, and
/// no base character without the marks, joiners and skin tones that belong to it, as far as 100 allow. `text` is UTF-8.
[[nodiscard]] std::string_view push_preview(std::string_view text);

}  // namespace chat
