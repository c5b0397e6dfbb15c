#pragma once
// What a push service's answers mean (RFC 8030; docs/push.md has the table). Pure; the bodies are untrusted bytes.
//
// Nothing that one endpoint answers may stop the lane, because users choose endpoints: a subscription made with another
// server's key is answered 403 for ever, by a service that works. So an answer about who we are (400, 401, 403) drops
// this push, raises the alert for refused ones, and keeps the address: if the fault is ours, every browser comes back
// once it is mended.

#include "chat/ports/push_provider.hpp"
#include "http_client/poster.hpp"

namespace adapters::webpush {

[[nodiscard]] chat::PushResult judge(const http_client::Response& response);
[[nodiscard]] chat::PushResult judge(http_client::Error error);

}  // namespace adapters::webpush
