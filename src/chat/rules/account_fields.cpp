#include "chat/rules/account_fields.hpp"

#include <algorithm>

#include "base/utf8.hpp"

namespace chat {
namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_local_character(char c) {
  constexpr std::string_view kOthers = "!#$%&'*+-/=?^_`{|}~.";  // RFC 5321 dot-atom
  return is_letter_or_digit(c) || kOthers.find(c) != std::string_view::npos;
}

bool is_label(std::string_view label) {
  constexpr std::size_t kMaxLabel = 63;  // RFC 1035 §2.3.4
  if (label.empty() || label.size() > kMaxLabel || label.front() == '-' || label.back() == '-') return false;
  return std::all_of(label.begin(), label.end(), [](char c) { return is_letter_or_digit(c) || c == '-'; });
}

bool is_host(std::string_view host) {
  std::size_t labels = 0;
  while (true) {
    const auto dot = host.find('.');
    if (!is_label(host.substr(0, dot))) return false;
    ++labels;
    if (dot == std::string_view::npos) return labels >= 2;
    host.remove_prefix(dot + 1);
  }
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xC0) == 0x80;
}

}  // namespace

bool is_username(std::string_view text) {
  if (text.size() < kMinUsername || text.size() > kMaxUsername) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_letter_or_digit(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_email(std::string_view text) {
  const auto at = text.find('@');
  if (text.size() > kMaxEmail || at == std::string_view::npos) return false;
  const auto local = text.substr(0, at);
  if (local.empty() || local.size() > kMaxEmailLocal || local.front() == '.' || local.back() == '.' ||
      local.find("..") != std::string_view::npos) {
    return false;
  }
  return std::all_of(local.begin(), local.end(), is_local_character) && is_host(text.substr(at + 1));
}

bool is_password(std::string_view text) {
  constexpr std::size_t kMaxBytesPerCharacter = 4;
  if (text.size() > kMaxPassword * kMaxBytesPerCharacter || !base::is_valid_utf8(text)) return false;
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (std::any_of(text.begin(), text.end(), control)) return false;
  const auto characters =
      static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return !is_continuation(c); }));
  return characters >= kMinPassword && characters <= kMaxPassword;
}

std::string fold_case(std::string_view text) {
  std::string folded(text);
  for (char& c : folded) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return folded;
}

}  // namespace chat
