#include "chat/rules/message_text.hpp"

#include <algorithm>

#include "base/utf8.hpp"
#include "chat/rules/limits.hpp"

namespace chat {
namespace {

bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if ((byte < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7F) return true;
    // U+0080..U+009F are C2 80..C2 9F in UTF-8.
    if (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) <= 0x9F) return true;
  }
  return false;
}

void fold_line_ends(std::string& text) {
  std::size_t to = text.find("\r\n");
  if (to == std::string::npos) return;
  for (std::size_t from = to; from < text.size(); ++from) {
    if (text[from] == '\r' && from + 1 < text.size() && text[from + 1] == '\n') continue;
    text[to++] = text[from];
  }
  text.resize(to);
}

}  // namespace

base::Result<std::string, TextError> accept_text(std::string text) {
  // A text of CRLFs only halves when folded; anything longer cannot fit and is not worth scanning.
  if (text.size() > 2 * kTextLimit) return base::fail(TextError::kTooLong);
  fold_line_ends(text);
  if (text.empty()) return base::fail(TextError::kEmpty);
  if (text.size() > kTextLimit) return base::fail(TextError::kTooLong);
  if (!base::is_valid_utf8(text)) return base::fail(TextError::kNotUtf8);
  if (has_control(text)) return base::fail(TextError::kControlCharacter);
  return text;
}

bool is_client_id(std::string_view text) {
  constexpr std::size_t kMaxLength = 64;
  return !text.empty() && text.size() <= kMaxLength &&
         std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace chat
