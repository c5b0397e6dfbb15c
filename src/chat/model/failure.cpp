#include "chat/model/failure.hpp"

namespace chat {

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalid:
      return "invalid";
    case ErrorCode::kUnauthorized:
      return "unauthorized";
    case ErrorCode::kNotAllowed:
      return "not_allowed";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kTooLarge:
      return "too_large";
    case ErrorCode::kRateLimited:
      return "rate_limited";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kRetry:
      return "retry";
    case ErrorCode::kStorageFull:
      return "storage_full";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

std::string_view to_string(EndReason reason) {
  switch (reason) {
    case EndReason::kLogout:
      return "logout";
    case EndReason::kRevoked:
      return "revoked";
    case EndReason::kPasswordChanged:
      return "password_changed";
    case EndReason::kDeviceRemoved:
      return "device_removed";
    case EndReason::kBanned:
      return "banned";
    case EndReason::kReplaced:
      return "replaced";
  }
  return "revoked";
}

}  // namespace chat
