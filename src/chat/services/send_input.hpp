#pragma once
// What of a send a client chooses freely: the text and the client id. Both doors, Socket.IO and HTTP, use this check
// before Messaging::send, so that they refuse in the same words.

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "chat/model/failure.hpp"

namespace chat {

/// The text as it is stored (CRLF folded), or the refusal: `too_large`, or `invalid` with the field. `client_id` is
/// nullopt when the client chose none; an empty one is invalid.
[[nodiscard]] base::Result<std::string, Refusal> check_send_input(std::string content,
                                                                  std::optional<std::string_view> client_id);

}  // namespace chat
