#pragma once
// The opening handshake's header values (RFC 6455 §4.2, §11.3): what must be true of the request, and the answer to its
// key. Reading HTTP and choosing the status are the transport's business. All checks are linear in the header's length.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace websocket_codec {

/// Values as received; empty when absent. Repeated headers are joined by commas.
struct UpgradeRequest {
  std::string_view upgrade;
  std::string_view connection;
  std::string_view key;      // Sec-WebSocket-Key
  std::string_view version;  // Sec-WebSocket-Version
};

enum class UpgradeError : std::uint8_t {
  kNotAnUpgrade,  // Upgrade lacks "websocket", or Connection lacks "upgrade"
  kBadKey,        // not base64 of 16 bytes: 400
  kBadVersion,    // not 13: 400 (426) with `Sec-WebSocket-Version: 13`
};

using AcceptKey = std::array<char, 28>;

/// Sec-WebSocket-Accept for a valid request.
base::Result<AcceptKey, UpgradeError> accept_upgrade(const UpgradeRequest& request);

/// The answer to any key: base64(SHA-1(key + the protocol's GUID)).
AcceptKey accept_key(std::string_view key);

/// The first name of a Sec-WebSocket-Protocol list, empty for an empty header; nullopt when the list is malformed
/// (400).
std::optional<std::string_view> first_subprotocol(std::string_view header);

/// True when a comma-separated header holds `token`, in any case.
bool has_token(std::string_view header, std::string_view token);

}  // namespace websocket_codec
