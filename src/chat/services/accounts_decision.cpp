#include "chat/services/accounts_decision.hpp"

namespace chat {

Refusal refusal_of(StoreError error) {
  switch (error) {
    case StoreError::kCorrupt:
      return {ErrorCode::kInternal, "a stored row cannot be read", 0, {}, {}};
    case StoreError::kUnavailable:
      return {ErrorCode::kRetry, "the store does not answer", 1, {}, {}};
    case StoreError::kFull:
      return {ErrorCode::kStorageFull, "no room left in the store", 0, {}, {}};
    case StoreError::kConflict:
      return {ErrorCode::kRetry, "somebody else changed it at the same moment", 1, {}, {}};
    case StoreError::kUnknown:
      return {ErrorCode::kRetry, "the outcome is not known", 1, {}, {}};
    case StoreError::kNoKey:
      return {ErrorCode::kRetry, "this node lacks the key of a message; another node may have it", 5, {}, {}};
  }
  return {ErrorCode::kInternal, "store error", 0, {}, {}};
}

Refusal refusal_overloaded() {
  // A full queue of commands or reads is worked off within a second or two.
  return {ErrorCode::kOverloaded, "too much to do at the moment", 2, {}, {}};
}

Refusal refusal_unauthorized(std::string_view message, std::string_view reason) {
  return {ErrorCode::kUnauthorized, std::string(message), 0, {}, std::string(reason)};
}

}  // namespace chat
