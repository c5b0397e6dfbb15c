#include "adapters/fcm/fcm_address.hpp"

#include <algorithm>

#include "base/json_reader.hpp"

namespace adapters::fcm {

namespace {

// Neither length is promised by Google: tokens have some 160 characters today, installation ids 22.
constexpr std::size_t kMaxTokenBytes = 2048;
constexpr std::size_t kMaxInstallationBytes = 128;

bool is_visible(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
}

}  // namespace

std::string_view field_of(FcmAddress::Kind kind) {
  return kind == FcmAddress::kToken ? "token" : "fid";
}

base::Result<FcmAddress, std::string> parse_address(std::string_view json) {
  const auto object = base::parse_json(json);
  if (!object || !object->is_object()) return base::fail("an address is a JSON object");
  const auto token = object->member("token");
  const auto installation = object->member("fid");
  if (token.has_value() == installation.has_value()) return base::fail("give either token or fid");
  FcmAddress address{token ? FcmAddress::kToken : FcmAddress::kInstallation, ""};
  const std::size_t most = token ? kMaxTokenBytes : kMaxInstallationBytes;
  address.value = (token ? *token : *installation).as_string().value_or("");
  const std::string name(field_of(address.kind));
  if (address.value.empty()) return base::fail(name + " must be a string that is not empty");
  if (address.value.size() > most) return base::fail(name + " is longer than " + std::to_string(most));
  if (!is_visible(address.value)) return base::fail(name + " may hold visible ASCII only");
  return address;
}

}  // namespace adapters::fcm
