#include "socketio/websocket_codec/handshake.hpp"

#include <algorithm>
#include <string>

#include "base/base64.hpp"
#include "base/trimmed.hpp"
#include "socketio/websocket_codec/sha1.hpp"

namespace websocket_codec {
namespace {

constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
constexpr std::string_view kVersion = "13";
constexpr std::size_t kKeyDigits = 22;  // of 16 bytes in base64, before the padding
constexpr std::string_view kKeyPadding = "==";

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// RFC 9110 §5.6.2.
bool is_token_char(char c) {
  return is_alphanumeric(c) || (c != '\0' && std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos);
}
char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Cuts the next element off a comma-separated list.
std::string_view take_element(std::string_view& list) {
  const std::size_t comma = list.find(',');
  const std::string_view element = base::trimmed(list.substr(0, comma));
  list = comma == std::string_view::npos ? std::string_view() : list.substr(comma + 1);
  return element;
}

bool equal_in_any_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

bool is_key(std::string_view key) {
  return key.size() == kKeyDigits + kKeyPadding.size() && key.ends_with(kKeyPadding) &&
         std::all_of(key.begin(), key.begin() + kKeyDigits,
                     [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}

}  // namespace

bool has_token(std::string_view header, std::string_view token) {
  while (!header.empty()) {
    if (equal_in_any_case(take_element(header), token)) return true;
  }
  return false;
}

base::Result<AcceptKey, UpgradeError> accept_upgrade(const UpgradeRequest& request) {
  if (!has_token(request.upgrade, "websocket") || !has_token(request.connection, "upgrade")) {
    return base::fail(UpgradeError::kNotAnUpgrade);
  }
  const std::string_view key = base::trimmed(request.key);
  if (!is_key(key)) return base::fail(UpgradeError::kBadKey);
  if (base::trimmed(request.version) != kVersion) return base::fail(UpgradeError::kBadVersion);
  return accept_key(key);
}

AcceptKey accept_key(std::string_view key) {
  std::string joined;
  joined.reserve(key.size() + kGuid.size());
  joined.append(key).append(kGuid);
  const Sha1Digest digest = sha1(joined);
  std::string encoded;
  base::append_base64(encoded, {reinterpret_cast<const char*>(digest.data()), digest.size()});
  AcceptKey answer;
  CHECK(encoded.size() == answer.size());
  std::copy(encoded.begin(), encoded.end(), answer.begin());
  return answer;
}

std::optional<std::string_view> first_subprotocol(std::string_view header) {
  if (base::trimmed(header).empty()) return std::string_view();
  std::optional<std::string_view> first;
  // One more round than there are commas: `a,` has an empty last element, which is malformed.
  for (bool more = true; more;) {
    more = header.find(',') != std::string_view::npos;
    const std::string_view name = take_element(header);
    if (name.empty() || !std::all_of(name.begin(), name.end(), is_token_char)) return std::nullopt;
    if (!first) first = name;
  }
  return first;
}

}  // namespace websocket_codec
