#include "chat/rules/push_preview.hpp"

#include <cstddef>
#include <cstdint>

namespace chat {
namespace {

constexpr std::size_t kPreviewCharacters = 100;  // as the founding document has it
constexpr std::size_t kMostMarks = 16;           // looked back over: longer piles of marks are cut

constexpr std::uint32_t kJoiner = 0x200D;

bool continues_byte(char byte) {
  return (static_cast<unsigned char>(byte) & 0xC0) == 0x80;
}

std::size_t next(std::string_view text, std::size_t at) {
  do ++at;
  while (at < text.size() && continues_byte(text[at]));
  return at;
}

std::size_t previous(std::string_view text, std::size_t at) {
  do --at;
  while (at > 0 && continues_byte(text[at]));
  return at;
}

std::uint32_t code_point(std::string_view text, std::size_t at) {
  const auto lead = static_cast<unsigned char>(text[at]);
  std::uint32_t value = lead < 0x80 ? lead : lead < 0xE0 ? lead & 0x1Fu : lead < 0xF0 ? lead & 0x0Fu : lead & 0x07u;
  for (std::size_t i = at + 1; i < next(text, at); ++i)
    value = value << 6 | (static_cast<unsigned char>(text[i]) & 0x3Fu);
  return value;
}

/// It is drawn onto what stands before it.
bool is_mark(std::uint32_t c) {
  const auto in = [c](std::uint32_t from, std::uint32_t to) { return c >= from && c <= to; };
  return c == kJoiner || in(0x0300, 0x036F) || in(0x0591, 0x05BD) || in(0x064B, 0x065F) || in(0x093A, 0x094D) ||
         in(0x1AB0, 0x1AFF) || in(0x1DC0, 0x1DFF) || in(0x20D0, 0x20FF) || in(0x3099, 0x309A) || in(0xFE00, 0xFE0F) ||
         in(0xFE20, 0xFE2F) || in(0x1F3FB, 0x1F3FF) || in(0xE0020, 0xE007F) || in(0xE0100, 0xE01EF);
}

/// The cut at `at` would part what belongs together.
bool parts(std::string_view text, std::size_t at) {
  return is_mark(code_point(text, at)) || code_point(text, previous(text, at)) == kJoiner;
}

}  // namespace

std::string_view push_preview(std::string_view text) {
  std::size_t end = 0;
  for (std::size_t i = 0; i < kPreviewCharacters && end < text.size(); ++i) end = next(text, end);
  if (end == text.size()) return text;
  auto cut = end;
  for (std::size_t i = 0; i < kMostMarks && cut > 0 && parts(text, cut); ++i) cut = previous(text, cut);
  const bool found = cut > 0 && !parts(text, cut);
  return text.substr(0, found ? cut : end);
}

}  // namespace chat
