#pragma once
// What FCM's answers mean (docs/push.md has the table). Pure; the bodies are untrusted bytes.

#include <string_view>

#include "chat/ports/push_provider.hpp"
#include "http_client/poster.hpp"

namespace adapters::fcm {

/// Of messages:send. A 401 that is not about a third party reads as kLaneStopped: the caller first tries a fresh token.
[[nodiscard]] chat::PushResult judge(const http_client::Response& response);
[[nodiscard]] bool asks_for_fresh_token(const http_client::Response& response);

/// Of the token endpoint, when it gave no token.
[[nodiscard]] chat::PushResult judge_token_refusal(const http_client::Response& response);

/// No answer at all.
[[nodiscard]] chat::PushResult judge(http_client::Error error);

}  // namespace adapters::fcm
