#include "chat/services/send_input.hpp"

#include "chat/rules/message_text.hpp"

namespace chat {
namespace {

Refusal refused(ErrorCode code, const char* message, const char* field) {
  return {.code = code, .message = message, .retry_after_seconds = 0, .field = field, .reason = {}};
}

}  // namespace

base::Result<std::string, Refusal> check_send_input(std::string content, std::optional<std::string_view> client_id) {
  if (client_id && !is_client_id(*client_id))
    return base::fail(refused(ErrorCode::kInvalid, "clientId is 1 to 64 visible ASCII characters", "clientId"));
  auto text = accept_text(std::move(content));
  if (text) return std::move(*text);
  switch (text.error()) {
    case TextError::kTooLong:
      return base::fail(refused(ErrorCode::kTooLarge, "content is longer than 8192 bytes of UTF-8", "content"));
    case TextError::kEmpty:
      return base::fail(refused(ErrorCode::kInvalid, "content is empty", "content"));
    case TextError::kNotUtf8:
      return base::fail(refused(ErrorCode::kInvalid, "content is not UTF-8", "content"));
    case TextError::kControlCharacter:
      break;
  }
  return base::fail(refused(ErrorCode::kInvalid, "content holds a control character other than LF and TAB", "content"));
}

}  // namespace chat
