#pragma once
// What the page's service worker gets to show (docs/push.md):
//
//   {"title": text, "body": text, "badge": number, "data": {key: text}}       without title and body when data only

#include <string>

#include "chat/ports/push_provider.hpp"

namespace adapters::webpush {

[[nodiscard]] std::string render_message(const chat::PushRequest& request);

}  // namespace adapters::webpush
