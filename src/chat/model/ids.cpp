#include "chat/model/ids.hpp"

#include <algorithm>

namespace chat {

std::optional<DeviceId> DeviceId::parse(std::string_view text) {
  constexpr std::size_t kMaxLength = 64;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  };
  if (text.empty() || text.size() > kMaxLength || !std::all_of(text.begin(), text.end(), allowed)) return std::nullopt;
  if (text == "." || text == "..") return std::nullopt;  // clients take these out of a path: no call could name it
  return DeviceId{std::string(text)};
}

}  // namespace chat
