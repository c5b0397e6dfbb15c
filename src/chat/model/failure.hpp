#pragma once
#include <cstdint>
#include <string>
#include <string_view>

namespace chat {

/// Error codes that a peer is told; the list is closed (docs/protocol.md says of each whether to retry).
enum class ErrorCode : std::uint8_t {
  kInvalid,
  kUnauthorized,
  kNotAllowed,
  kNotFound,
  kConflict,
  kTooLarge,
  kRateLimited,
  kOverloaded,
  kRetry,
  kStorageFull,
  kInternal,
};
/// `invalid`, `unauthorized`, `not_allowed`, …
std::string_view to_string(ErrorCode code);

/// A refusal of the business, told to the peer as {code, message, retryAfter?, field?}.
struct Refusal {
  ErrorCode code = ErrorCode::kInternal;
  std::string message{};                  // for a developer's eyes; no content, no secret
  std::uint32_t retry_after_seconds = 0;  // 0: not told
  std::string field{};                    // the offending input field, if one is to blame
  std::string reason{};                   // CONNECT only: "expired" | "revoked" | "invalid"
};

/// What was asked for is not there, or not for whoever asks.
inline Refusal not_found(std::string_view message) {
  return {.code = ErrorCode::kNotFound, .message = std::string(message)};
}
inline Refusal invalid(std::string_view field, std::string_view message) {
  return {.code = ErrorCode::kInvalid, .message = std::string(message), .field = std::string(field)};
}

/// Why a live socket is ended for good (interface.md §3, `session_expired`).
enum class EndReason : std::uint8_t { kLogout, kRevoked, kPasswordChanged, kDeviceRemoved, kBanned, kReplaced };
std::string_view to_string(EndReason reason);

}  // namespace chat
