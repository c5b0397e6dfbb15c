#pragma once
// Where FCM finds an app: the JSON that a client stores for its device (docs/push.md).
//
//   address = {"token": registration token}  |  {"fid": Firebase installation id}      other members are ignored

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace adapters::fcm {

struct FcmAddress {
  enum Kind : std::uint8_t { kToken, kInstallation };
  Kind kind = kToken;
  std::string value;  // visible ASCII
};

/// Member of FCM's message object.
[[nodiscard]] std::string_view field_of(FcmAddress::Kind kind);

/// The error is a sentence for whoever wrote the client.
base::Result<FcmAddress, std::string> parse_address(std::string_view json);

}  // namespace adapters::fcm
